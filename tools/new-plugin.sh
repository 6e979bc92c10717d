#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/new-plugin.sh NAME makes the plugin genesys_NAME from tools/skeleton. The
# plugin builds, passes its tests and counts the queues of an account.
# CONTRIBUTING.md has the next steps. The script writes into the tree and commits
# nothing; run ./autogen.sh afterwards.
set -eu
cd "$(dirname "$0")/.."
from=tools/skeleton

fail() { echo "new-plugin: $*" >&2; exit 1; }

[ $# -eq 1 ] || fail 'usage: tools/new-plugin.sh NAME, such as "callbacks"'
name=$1
expr "x$name" : 'x[a-z][a-z0-9]\{1,20\}$' >/dev/null ||
  fail "\"$name\": a letter, then letters and digits, all small, 2 to 21"
for taken in plugins/genesys_$name tests/unit/plugins/genesys_${name}/${name}_test.c \
  tests/golden/${name}_case.c tests/fuzz/${name}_fuzz.c; do
  [ ! -e "$taken" ] || fail "$taken exists already"
done
upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
title=$(echo "$name" | cut -c1 | tr '[:lower:]' '[:upper:]')$(echo "$name" | cut -c2-)

# Copies the skeleton's files and replaces its name in paths and text.
rename() { sed "s/sprout/$name/g; s/Sprout/$title/g; s/SPROUT/$upper/g"; }
made=
for file in $(cd $from && find . -type f | sort); do
  to=$(echo "${file#./}" | rename)
  mkdir -p "$(dirname "$to")"
  rename <"$from/$file" >"$to"
  made="$made $to"
done

# insert FILE WHERE PATTERN LINES: inserts LINES before the first line that
# PATTERN matches, or after the last one.
insert() {
  grep -q "$3" "$1" || fail "$1: no line like $3"
  awk -v where="$2" -v pattern="$3" -v lines="$4" '
    NR == FNR { if ($0 ~ pattern && (where == "after" || !at)) at = NR; next }
    FNR == at && where == "before" { print lines }
    { print }
    FNR == at && where == "after" { print lines }' "$1" "$1" >"$1.new"
  cat "$1.new" >"$1"
  rm -f "$1.new"
}
insert configure.ac after '^GC_PLUGIN' "GC_PLUGIN([genesys_$name])"
insert Makefile.am after '^include plugins/' \
  "include plugins/genesys_$name/local.am"
insert tests/local.am before '^# ---- the suites' \
  "include %D%/golden/genesys_$name/local.am
"
insert probe/option_pages.c after '^#include "plugins/' \
  "#include \"plugins/genesys_$name/options.h\""
insert probe/option_pages.c before '^};' \
  "    {\"genesys_$name\", \"$title\", true, ${name}_rows},"
echo "EXTRA_DIST += %D%/collectd.conf.d/genesys_$name.conf" >>examples/local.am
sh tests/golden/list-cases.sh

if command -v clang-format >/dev/null; then
  clang-format -i probe/option_pages.c \
    $(for file in $made; do case $file in *.[ch]) echo "$file" ;; esac; done)
fi
echo "genesys_$name:"
printf '  %s\n' $made
cat <<END
Now: ./autogen.sh, configure, make,
  make check TESTS='tests/unit/plugins/genesys_${name}/${name}_test tests/fuzz/${name}_fuzz tests/golden/genesys_$name/first.case'
and CONTRIBUTING.md, "A new plugin in six steps".
END

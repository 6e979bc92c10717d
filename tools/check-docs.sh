#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that the tables of the manual equal those of the code (tools/optdoc).
# A table stands between two marks: <!-- options: BLOCK --> and <!-- /options -->
# in plugins/NAME/README.md (BLOCK "-": outside of any block), <!-- metrics -->
# and <!-- /metrics --> in docs/metrics.md. The marks "aggregates", "permissions",
# "bill" and "defaults" (of Metric and GroupBy) work in the same way. --update
# rewrites the tables, and the schema of configurations (tools/schema.py).
set -u
builddir=${top_builddir:-.}
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99
case $builddir in /*) ;; *) builddir=$OLDPWD/$builddir ;; esac
optdoc=$builddir/tools/optdoc
update=0
[ "${1:-}" = --update ] && update=1
[ -x "$optdoc" ] || { echo "check-docs: $optdoc is not built" >&2; exit 99; }
fresh=$(mktemp) || exit 99
trap 'rm -f "$fresh"' EXIT
status=0

# A table that optdoc cannot print is an error, and no file is written.
for table in list metrics aggregates defaults permissions bill; do
  "$optdoc" --$table >/dev/null || exit 1
done

# fill FILE PLUGIN: prints FILE with the tables of the code.
fill() {
  awk -v optdoc="$optdoc" -v plugin="$2" '
    function table(command, line) {
      while ((command | getline line) > 0) print line
      close(command)
    }
    /^<!-- \/(options|metrics|aggregates|defaults|permissions|bill) -->$/ { inside = 0 }
    !inside { print }
    /^<!-- options: [^ ]+ -->$/ { inside = 1; table(optdoc " " plugin " " $3) }
    /^<!-- (metrics|aggregates|defaults|permissions|bill) -->$/ { inside = 1; table(optdoc " --" $2) }
    END { if (inside) print "a table is not closed" }' "$1"
}

check() {
  fill "$1" "$2" >"$fresh"
  cmp -s "$1" "$fresh" && return
  if [ $update -eq 1 ]; then
    cat "$fresh" >"$1"
  else
    diff -u "$1" "$fresh"
    echo "$1: differs from the code; run tools/check-docs.sh --update" >&2
    status=1
  fi
}

for readme in plugins/*/README.md; do
  plugin=${readme#plugins/}
  check "$readme" "${plugin%/README.md}"
done
check docs/metrics.md -
check docs/permissions.md -
check docs/cost.md -
if [ $update -eq 1 ]; then # tests/examples/schema.py checks it
  "$optdoc" --json | "${PYTHON:-python3}" tools/schema.py >"$fresh" && cat "$fresh" >examples/schema/genesys.schema.json
fi

# The tables of options, metrics, aggregates and permissions must have their
# marks in a page.
blocks=$("$optdoc" --list) || exit 99
while read -r plugin block; do
  grep -qxF "<!-- options: $block -->" "plugins/$plugin/README.md" ||
    { echo "plugins/$plugin/README.md: has no table of $block" >&2; status=1; }
done <<END
$blocks
END
for table in metrics aggregates permissions bill; do
  page=docs/metrics.md
  [ $table = permissions ] && page=docs/permissions.md
  [ $table = bill ] && page=docs/cost.md
  grep -qxF "<!-- $table -->" $page ||
    { echo "$page: has no table of $table" >&2; status=1; }
done

# Every permission must be in the role that docs/permissions.md proposes, and in
# the README of a plugin.
for permission in $("$optdoc" --permissions | grep -oE '[a-z]+:[a-zA-Z]+:[a-z]+' | sort -u); do
  case $permission in analytics:realtime:read) continue ;; esac # a scope
  grep -qxF "$permission" docs/permissions.md ||
    { echo "docs/permissions.md: the role lacks $permission" >&2; status=1; }
  grep -qF "$permission" plugins/*/README.md ||
    { echo "plugins/*/README.md: none names $permission" >&2; status=1; }
done

[ $status -eq 0 ] && echo 'check-docs: the tables of the manual equal those of the code'
exit $status

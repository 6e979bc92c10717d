#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that each layer includes only lower layers: base is pure and knows no
# Genesys; genesys uses base; export, health and net use both and not each
# other; analytics uses the API of net; only daemon, plugins/*/plugin.c and the
# agents of the probe include collectd's headers; folders of a plugin and of the
# probe include only those of their row; and that the tests mirror the tree.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99
status=0

# refuse FOLDER-OR-FILE PATTERN REASON [EXCEPT]: refuses each #include below it
# that PATTERN matches, except in files whose path matches EXCEPT (of find).
refuse() {
  found=$(find "$1" -name '*.[ch]' ! -path "${4:-}" -exec \
    grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" {} +)
  if [ -n "$found" ]; then
    printf '%s\n  %s\n' "$found" "$3" >&2
    status=1
  fi
}

collectd='([^">]*/)?(collectd|plugin|configfile|oconfig|utils_[a-z_]*)\.h|liboconfig'
refuse common/base \
  'common/(genesys|export|health|net|analytics|daemon)/|plugins/|curl/|openssl/|sqlite3|hiredis/|time\.h|sys/|unistd\.h|pthread\.h|fcntl\.h|errno\.h' \
  'base is pure and knows no Genesys: no I/O, no clock, no randomness, no threads'
refuse common/genesys \
  'common/(export|health|net|analytics|daemon)/|plugins/|curl/|openssl/|sqlite3|hiredis/|time\.h|sys/|unistd\.h|pthread\.h|fcntl\.h|errno\.h' \
  'genesys is pure: no I/O, no clock, no randomness, no threads'
refuse common/export \
  'common/(health|net|analytics|daemon)/|plugins/|curl/|openssl/|sqlite3|hiredis/|time\.h|sys/|unistd\.h|pthread\.h|fcntl\.h|errno\.h' \
  'export is pure and stands on genesys, beside health and net: names for databases'
refuse common/health \
  'common/(net|analytics|daemon|export)/|plugins/|curl/|openssl/|sqlite3|hiredis/|time\.h|sys/|unistd\.h|fcntl\.h|errno\.h' \
  'health stands on genesys, beside export and net: no I/O, no clock; its lock is held for copies only'
refuse common/net "common/(export|health|analytics|daemon)/|plugins/" 'net stands beside export and health, below analytics and daemon'
refuse common/analytics \
  'common/daemon/|plugins/|curl/|sqlite3|openssl/|common/net/(http|socket)/|common/net/api/auth' \
  'analytics sends its requests through net/api'
refuse common/daemon 'plugins/|curl/|sqlite3|hiredis/|common/net/(http|socket|loop)' \
  'daemon is glue: no network, no plugin of ours'
for folder in common plugins probe; do
  refuse $folder '([^">]*/)?json(_[a-z]+)?\.h|json-c/' \
    'base/json hides json-c' 'common/base/json/*'
done
for folder in common/base common/genesys common/export common/health common/net common/analytics; do
  refuse $folder "$collectd" 'only daemon and plugin.c include collectd'
done
for folder in common plugins; do
  refuse $folder 'probe/' 'only the probe includes its files'
done
# The probe: agent.c is the part inside collectd, host.c starts it, and main.c is wiring.
refuse probe "$collectd" 'only agent.c includes collectd' 'probe/*agent.c'
for f in checks contacts events findings values/format; do
  for end in c h; do
    refuse probe/$f.$end 'common/(net|analytics|daemon)/|plugins/.*/plugin|time\.h|sys/|unistd\.h|fcntl\.h|errno\.h' \
      'the report and its results are pure'
  done
done

for f in checks contacts describe events findings option_pages; do
  for end in c h; do
    refuse probe/$f.$end 'probe/(network|values)/' 'the report stands below network and values'
  done
done

# Forbidden includes of a plugin's file, by its folder.
for f in $(find plugins -name '*.[ch]'); do
  other='curl/|sqlite3|hiredis/'
  case $f in
  plugins/*/plugin.c)
    refuse "$f" "$other|common/net/(http|store)/|common/net/api/auth" 'plugin.c is wiring'
    continue ;;
  */ledger/sqlite_db.c) other='curl/|hiredis/' ;;
  */ledger/redis/*.c) other='curl/|sqlite3' ;;
  esac
  refuse "$f" "$collectd|$other" \
    'only plugin.c includes collectd; common/ hides the libraries'
done

# A plugin includes no file of another plugin; code that two plugins need is in
# common/.
for plugin in plugins/*/; do
  plugin=${plugin%/}
  others=$(ls plugins | grep -vx "${plugin#plugins/}" | tr '\n' '|')
  refuse "$plugin" "plugins/(${others%|})/" 'a plugin includes no file of another one'
done

# Inside a plugin, the probe and analytics, a folder includes its own files and those that
# stand behind it in its row: files, or folders (with a slash), of the same
# plugin. A folder without a row includes no other one.
arrows=$(cat <<'END'
common/analytics/query
common/analytics/series                    query/
common/analytics/decode                    query/ series/
common/analytics/send                      query/ series/ decode/
plugins/genesys_flowmetrics/events
plugins/genesys_flowmetrics/ledger          events/ stats.h
plugins/genesys_flowmetrics/ledger/redis    events/ ledger/
plugins/genesys_flowmetrics/sources         ledger/
plugins/genesys_flowmetrics/sources/sqs     events/ ledger/
plugins/genesys_flowmetrics/flows
plugins/genesys_prometheus/exposition       series/
plugins/genesys_prometheus/http             series/ exposition/
plugins/genesys_realtime/queues             options.h
plugins/genesys_realtime/conversations      queues/
plugins/genesys_realtime/observations       queues/ conversations/event.h options.h deps.h
plugins/genesys_realtime/stream             queues/ conversations/ observations/ options.h deps.h
plugins/genesys_realtime/output             options.h
probe/network                               checks.h
probe/values                                checks.h findings.h host.h
END
)
for folder in $(find plugins/*/ probe/ common/analytics/ -mindepth 1 -type d); do
  case $folder in
  common/*) root=common/analytics ;;
  probe/*) root=probe ;;
  *) root=$(echo "$folder" | cut -d/ -f1,2) ;;
  esac
  permitted="$folder/[^/]+"
  for target in $(echo "$arrows" | awk -v folder="$folder" '$1 == folder { $1 = ""; print }'); do
    case $target in */) target="$target[^/]+" ;; esac
    permitted="$permitted|$root/$target"
  done
  found=$(find "$folder" -maxdepth 1 -name '*.[ch]' -exec \
    grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*\"$root/" {} + |
    grep -vE "\"($permitted)\"")
  if [ -n "$found" ]; then
    printf '%s\n  %s\n' "$found" "$folder: its row in tools/layers.sh does not permit this include" >&2
    status=1
  fi
done

# tests/unit mirrors the tree: X_test.c and X_THEME_test.c test X.c or X.h, and
# X_test.py tests X.py. A test of several files together has the name of what it
# shows (decision 0014). Each one is in a list of tests/local.am, or of the
# local.am that tools/new-plugin.sh makes.
together='lives lost_ends one_writer'
for f in $(cd tests/unit && find . -name '*.[ch]' -o -name '*.py' | sed 's|^\./||'); do
  source=${f%_test.*}
  listed=$f
  case $f in
  *_test.c) listed=${f%.c} ;;
  *_test.py) ;;
  *)
    echo "tests/unit/$f: no test by its name; what tests share is in tests/support" >&2
    status=1
    continue ;;
  esac
  if ! grep -qsE "/unit/$listed( |\$)" tests/local.am tests/golden/*/local.am; then
    echo "tests/unit/$f: not in tests/local.am" >&2
    status=1
  fi
  case " $together " in *" ${source##*/} "*) continue ;; esac
  until [ -e "$source.c" ] || [ -e "$source.h" ] || [ -e "$source.py" ]; do
    case ${source##*/} in
    *_*) source=${source%_*} ;;
    *)
      echo "tests/unit/$f: no file of this name in the tree" >&2
      status=1
      break ;;
    esac
  done
done

# A folder of golden cases has the name of a plugin or of a program, and each
# case is in the list; a corpus has the name of a fuzz target.
for f in tests/golden/*/; do
  f=${f%/}
  name=${f##*/}
  if [ ! -d "plugins/$name" ] && [ ! -d "${name#genesys_}" ]; then
    echo "$f: neither a plugin nor a program has this name" >&2
    status=1
  fi
done
for f in tests/golden/*/*.case; do
  if ! grep -qE "^.$f( |\$)" tests/golden/cases.am; then
    echo "$f: not in tests/golden/cases.am; run tests/golden/list-cases.sh" >&2
    status=1
  fi
done
for f in tests/fuzz/corpus/*; do
  if [ ! -e "tests/fuzz/${f##*/}_fuzz.c" ]; then
    echo "$f: no fuzz target has this name" >&2
    status=1
  fi
done

[ $status -eq 0 ] && echo 'layers: base, genesys, export, health, net, analytics, daemon and plugins keep apart'
exit $status

#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that each layer includes only lower layers: base is pure and knows no
# Genesys; genesys uses base; export, health and net use both and not each
# other; analytics uses the API of net; only daemon, plugins/*/plugin.c and the
# agents of the probe include collectd's headers; and that tests/unit mirrors
# the tree.
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
  refuse $folder 'yajl/|([^">]*/)?json(_[a-z]+)?\.h|json-c/' \
    'base/json hides the JSON libraries' 'common/base/json/*'
done
for folder in common/base common/genesys common/export common/health common/net common/analytics; do
  refuse $folder "$collectd" 'only daemon and plugin.c include collectd'
done
for folder in common plugins; do
  refuse $folder 'probe/' 'only the probe includes its files'
done
# The probe: agent.c is the part inside collectd, host.c starts it, and main.c is wiring.
refuse probe "$collectd" 'only agent.c includes collectd' 'probe/*agent.c'
for f in checks contacts events findings render values/format values/values; do
  for end in c h; do
    refuse probe/$f.$end 'common/(net|analytics|daemon)/|plugins/.*/plugin|time\.h|sys/|unistd\.h|fcntl\.h|errno\.h' \
      'the report and its results are pure'
  done
done

# Forbidden includes of a plugin's file, by its folder.
for f in $(find plugins -name '*.[ch]'); do
  other='curl/|sqlite3|hiredis/'
  case $f in
  plugins/*/plugin.c)
    refuse "$f" "$other|common/net/(http|store)/|common/net/api/auth" 'plugin.c is wiring'
    continue ;;
  */ledger/sqlite_db.c | */ledger/sqlite_copy.c) other='curl/|hiredis/' ;;
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

# tests/unit mirrors the tree: X_test.c and X_THEME_test.c test X.c or X.h. A test
# of several files together has the name of what it shows (decision 0014).
together='lives lost_ends one_writer'
for f in $(cd tests/unit && find common plugins probe -name '*_test.c'); do
  source=${f%_test.c}
  case " $together " in *" ${source##*/} "*) continue ;; esac
  until [ -e "$source.c" ] || [ -e "$source.h" ]; do
    case ${source##*/} in
    *_*) source=${source%_*} ;;
    *)
      echo "tests/unit/$f: no file of this name in the tree" >&2
      status=1
      break ;;
    esac
  done
done

[ $status -eq 0 ] && echo 'layers: base, genesys, export, health, net, analytics, daemon and plugins keep apart'
exit $status

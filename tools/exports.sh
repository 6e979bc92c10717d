#!/bin/sh
# SPDX-License-Identifier: MIT
# A plugin exports module_register and nothing else, the core only gc_ names: a
# visible name that the daemon has too would be replaced by the daemon's.
set -u
libs=${top_builddir:-.}/.libs
status=0
found=0
for f in "$libs"/genesys*.so "$libs"/libgenesys_core-*.so; do
  [ -f "$f" ] || continue
  found=1
  case $f in
  */libgenesys_core-*) allowed='^gc_' ;;
  *) allowed='^module_register$' ;;
  esac
  names=$(nm -D --defined-only "$f" | awk '{ print $NF }' | grep -vE "$allowed")
  if [ -n "$names" ]; then
    echo "$f exports: $names" >&2
    status=1
  fi
done
[ $found = 1 ] || { echo "exports: nothing built in $libs" >&2; exit 1; }
[ $status -eq 0 ] && echo 'exports: as they should be'
exit $status

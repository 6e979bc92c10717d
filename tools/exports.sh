#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that a plugin exports only module_register, and the core only gc_ names:
# of two visible functions of one name, the plugin would get that of collectd.
set -u
libs=${top_builddir:-.}/.libs
status=0
found=0
for f in "$libs"/genesys*.so "$libs"/libgenesys_core-*.so; do
  [ -f "$f" ] || continue
  found=1
  case $f in
  */libgenesys_core-*) allowed='^gc_' ;;
  */genesys_probe.so) allowed='^(module_register|dlopen)$' ;; # see probe/agent.c
  */genesys_probe_network.so) allowed='^probe_network_run$' ;; # see probe/network/network.h
  */genesys_probe_values.so) allowed='^probe_values_watch$' ;; # see probe/values/agent.h
  *) allowed='^module_register$' ;;
  esac
  names=$(nm -D --defined-only "$f" | awk '{ print $NF }' | grep -vE "$allowed")
  if [ -n "$names" ]; then
    echo "$f exports: $names" >&2
    status=1
  fi
done
# The core must export each gc_ function that a plugin needs; otherwise collectd
# cannot load the plugin.
core=$(ls "$libs"/libgenesys_core-*.so 2>/dev/null)
if [ -n "$core" ]; then
  exported=$(mktemp) hidden=$(mktemp)
  trap 'rm -f "$exported" "$hidden"' EXIT
  nm -D --defined-only "$core" | awk '{ print $NF }' | sort >"$exported"
  for archive in "$libs"/libgc_objs.a "$libs"/libgc_daemon.a; do
    nm --defined-only "$archive" 2>/dev/null
  done | awk 'NF == 3 { print $NF }' | sort -u | comm -23 - "$exported" >"$hidden"
  for f in "$libs"/genesys*.so; do
    names=$(nm -D --undefined-only "$f" | awk '{ print $NF }' | sort | comm -12 - "$hidden")
    [ -z "$names" ] || { echo "$f needs names that the core does not export: $names" >&2; status=1; }
  done
fi
[ $found = 1 ] || { echo "exports: nothing built in $libs" >&2; exit 1; }
[ $status -eq 0 ] && echo 'exports: plugins and core export the allowed names only'
exit $status

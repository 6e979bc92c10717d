#!/bin/sh
# SPDX-License-Identifier: MIT
# The architecture in three words, held apart: base is pure, net knows no
# collectd, intervals stands on both, daemon and plugins/*/plugin.c alone see plugin.h.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99
status=0

# refuse FILES-GLOB PATTERN REASON: no #include of these files may match.
refuse() {
  found=$(grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" $1 /dev/null 2>/dev/null)
  if [ -n "$found" ]; then
    printf '%s\n  %s\n' "$found" "$3" >&2
    status=1
  fi
}

collectd='collectd\.h|plugin\.h|configfile\.h|utils_.*\.h|liboconfig|oconfig\.h'
refuse 'common/base/*.[ch]' \
  'common/net/|common/daemon/|plugins/|curl/|openssl/|sqlite3|time\.h|sys/|unistd\.h|pthread\.h|fcntl\.h|errno\.h' \
  'base is pure: no I/O, no clock, no randomness, no threads'
refuse 'common/base/*.[ch]' "$collectd" 'base must run without collectd'
refuse 'common/net/*.[ch]' "common/daemon/|plugins/|$collectd" \
  'net must run without collectd'
refuse 'common/intervals/*.[ch]' \
  "common/daemon/|plugins/|$collectd|curl/|sqlite3|yajl|openssl/|common/net/(http|auth|stream)" \
  'intervals must run without collectd, and asks through net/api'
refuse 'common/base/*.[ch]' 'common/intervals/' 'base knows no intervals'
refuse 'common/net/*.[ch]' 'common/intervals/' 'net knows no intervals'
refuse 'common/daemon/*.[ch]' 'plugins/|curl/|sqlite3|common/net/(http|loop|stream)' \
  'daemon is glue: no network, no plugin of ours'
for f in plugins/*/*.[ch]; do
  case $f in
  */plugin.c) refuse "$f" 'curl/|sqlite3|yajl|hiredis/|common/net/(http|auth|store)\.h' \
    'plugin.c is wiring' ;;
  # The one room that keeps state of its own form.
  */genesys_flowmetrics/seen.c) refuse "$f" "$collectd|curl/|yajl" \
    'seen is SQLite and nothing else' ;;
  */genesys_flowmetrics/ledger_redis*.c |\
  */genesys_flowmetrics/redis_link.c |\
  */genesys_flowmetrics/redis_tls.c)
    refuse "$f" "$collectd|curl/|yajl|sqlite3" 'the store in Redis and nothing else' ;;
  *) refuse "$f" "$collectd|curl/|sqlite3|yajl|hiredis/" \
    'only plugin.c sees collectd; libraries are hidden by common/' ;;
  esac
done

[ $status -eq 0 ] && echo 'layers: base, net, intervals, daemon and plugins keep apart'
exit $status

#!/bin/sh
# SPDX-License-Identifier: MIT
# Prometheus and Alertmanager accept the files in examples/prometheus, the rules
# pass their tests, and each alert has a test that raises it.
set -u
cd "${top_srcdir:-.}/examples/prometheus" || exit 99
command -v promtool >/dev/null && command -v amtool >/dev/null || {
  echo 'prometheus.sh: promtool or amtool is not installed'
  exit 77
}
bad=0
check() {
  "$@" || bad=1
}
check promtool check config prometheus.yml write_prometheus.yml
check promtool check rules genesys.rules.yml genesys.names.yml
check promtool test rules genesys.rules.test.yml genesys.weeks.test.yml genesys.names.test.yml
check amtool check-config alertmanager.yml
receiver() {
  found=$(amtool config routes test --config.file=alertmanager.yml "$2" 2>/dev/null)
  [ "$found" = "$1" ] && return
  echo "prometheus.sh: $2 goes to '$found' instead of '$1'"
  bad=1
}
receiver pager severity=critical
receiver channel severity=warning
receiver channel severity=info
sed -n 's/^ *- alert: //p' genesys.rules.yml | while read -r alert; do
  grep -h -A2 "alertname: $alert\$" ./*.test.yml | grep -q 'exp_alerts:$' ||
    echo "$alert"
done >"${TMPDIR:-/tmp}/untested.$$"
if [ -s "${TMPDIR:-/tmp}/untested.$$" ]; then
  echo 'prometheus.sh: no test raises these alerts:'
  cat "${TMPDIR:-/tmp}/untested.$$"
  bad=1
fi
rm -f "${TMPDIR:-/tmp}/untested.$$"
# An alert lasts for a while before it is sent, or its comment says why not.
awk '/^ *# No for: /{ reason = 1; next } /^ *- alert: /{ if (name && !waits) print name; name = $3; waits = reason; reason = 0 }
  /^ *for: /{ waits = 1 } END { if (name && !waits) print name }' genesys.rules.yml |
  grep . && { echo 'prometheus.sh: these alerts have neither "for" nor a comment "No for: …"'; bad=1; }
exit $bad

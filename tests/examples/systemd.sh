#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/systemd: systemd knows each line of the drop-ins, together and alone; a
# credential has the name that the configuration uses; the README names each file.
set -u
top=$(cd "${top_srcdir:-.}" && pwd) || exit 99
from=$top/examples/systemd
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
bad=0
wrong() {
  echo "systemd.sh: $*"
  bad=1
}

for file in "$from"/*.conf; do
  grep -qF "($(basename "$file"))" "$from/README.md" || wrong "README.md does not name $file"
done

# The credential of each drop-in is the one of the examples.
name=$(sed -n 's/^ *#*ClientSecretCredential "\([^"]*\)".*/\1/p' "$top/examples/collectd.conf.d/genesys.conf")
[ -n "$name" ] || wrong 'genesys.conf names no credential'
for file in genesys-credential.conf genesys-credential-encrypted.conf; do
  grep -qE "^LoadCredential(Encrypted)?=$name:/" "$from/$file" || wrong "$file does not load $name"
  grep -qF "ClientSecretCredential \"$name\"" "$from/$file" || wrong "$file has another name for the option"
done
grep -qF "ClientSecretCredential \"$name\"" "$from/README.md" || wrong 'README.md names another credential'

command -v systemd-analyze >/dev/null || {
  echo 'systemd.sh: systemd-analyze is not installed: the lines are not checked'
  [ $bad -eq 0 ] && exit 77
  exit 1
}
# verified FILE...: systemd reports nothing about a unit with these drop-ins.
verified() {
  rm -rf "$work/unit"
  mkdir -p "$work/unit/agent.service.d"
  printf '[Service]\nExecStart=/bin/true\n' >"$work/unit/agent.service"
  for file in "$@"; do
    cp "$from/$file" "$work/unit/agent.service.d/" || exit 99
  done
  systemd-analyze verify --man=no "$work/unit/agent.service" >"$work/said" 2>&1 || wrong "$* is refused"
  grep -F "$work" "$work/said" && wrong "systemd does not accept a line of $*"
}
verified genesys-credential.conf
verified genesys-credential-encrypted.conf
verified genesys-hardening.conf genesys-credential.conf
exit $bad

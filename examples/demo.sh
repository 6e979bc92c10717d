#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows a contact centre on your terminal: installs missing packages, builds, starts
# the bundled Genesys Cloud simulator, a private collectd with the plugins, and
# Prometheus with rules and wallboard; shows live values and all addresses.
#
#   sudo sh examples/demo.sh
#
# For your own organisation (GENESYS_REGION: AWS name or domain):
#   GENESYS_REGION=eu-west-1 GENESYS_CLIENT_ID=… GENESYS_CLIENT_SECRET=… \
#     sudo -E sh examples/demo.sh
#
# With DEMO_SECONDS=20 the demo ends after 20 s. The demo installs packages, makes
# ./configure if that file is missing, and changes nothing else outside ./build-demo.
# A Prometheus that is not installed is unpacked there, because its package would
# start a server at each boot of the host; without Prometheus the rest of the demo runs.
set -eu
cd "$(dirname "$0")/.."
src=$PWD
sh tools/deps.sh build demo

[ ! -f config.status ] || {
  echo 'demo: configured in the source tree; run "make distclean" there first' >&2
  exit 1
}
[ -x configure ] || { echo 'demo: autogen'; ./autogen.sh >/dev/null 2>&1; }
mkdir -p build-demo
cd build-demo
echo 'demo: building'
{ [ -f Makefile ] || "$src/configure" -q; } >build.log 2>&1 && make -j"$(nproc)" >>build.log 2>&1 || {
  tail -n 30 build.log >&2
  exit 1
}
if ! command -v prometheus >/dev/null && [ ! -x prometheus/usr/bin/prometheus ] &&
  command -v apt-get >/dev/null; then
  rm -f prometheus_*.deb
  { apt-get -q download prometheus && dpkg-deb -x prometheus_*.deb prometheus; } >>build.log 2>&1 ||
    echo 'demo: Prometheus could not be downloaded' >&2
fi
exec python3 "$src/examples/demo.py" "$src" "$PWD"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows a contact centre on your terminal: installs missing packages, builds, starts
# the bundled Genesys Cloud simulator and a private collectd with the plugins,
# shows live values and serves them for Prometheus.
#
#   sudo sh examples/demo.sh
#
# For your own organisation (GENESYS_REGION: AWS name or domain):
#   GENESYS_REGION=eu-west-1 GENESYS_CLIENT_ID=… GENESYS_CLIENT_SECRET=… \
#     sudo -E sh examples/demo.sh
#
# With DEMO_SECONDS=20 it ends after that time. It installs packages, makes
# ./configure where it is missing, and changes nothing else outside ./build-demo.
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
exec python3 "$src/examples/demo.py" "$src" "$PWD"

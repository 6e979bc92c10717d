#!/bin/sh
# SPDX-License-Identifier: MIT
# A contact centre on your terminal: installs what is missing, builds, starts
# the bundled Genesys Cloud simulator and a private collectd with all plugins,
# shows live values and serves them for Prometheus.
#
#   sudo sh examples/demo.sh
#
# Your own organisation instead (GENESYS_REGION: AWS name or domain):
#   GENESYS_REGION=eu-west-1 GENESYS_CLIENT_ID=… GENESYS_CLIENT_SECRET=… \
#     sudo -E sh examples/demo.sh
#
# DEMO_SECONDS=20 ends it by itself. Besides installing packages and making
# ./configure where it is missing, it touches nothing outside ./build-demo.
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
{ [ -f Makefile ] || "$src/configure" -q; } >build.log 2>&1 && make >>build.log 2>&1 || {
  tail -n 30 build.log >&2
  exit 1
}
exec python3 "$src/examples/demo.py" "$src" "$PWD"

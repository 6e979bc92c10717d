#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs golden cases: tests/golden/run-case.sh FILE.case …
# The folder names the plugin, and the plugin names its runner: genesys_realtime
# has tests/golden/realtime_case in the build tree. Analytics queries of all
# plugins have one runner, and observations of flows have their own. UPDATE=1
# writes the output into the files; read the difference before you keep it.
set -u
top_builddir=${top_builddir:-$(dirname "$0")/../..}
status=0

for file; do
  plugin=$(basename "$(dirname "$file")")
  case $plugin/$(basename "$file") in
  genesys_analytics/* | genesys_flowmetrics/aggregates-*) runner=analytics ;;
  genesys_flowmetrics/observations-*) runner=flow_observations ;;
  *) runner=${plugin#genesys_} ;;
  esac
  runner=$top_builddir/tests/golden/${runner}_case
  if [ ! -x "$runner" ]; then
    echo "$file: $runner is not built (make check)" >&2
    exit 99
  fi
  "$runner" "$file" || status=1
done
exit $status

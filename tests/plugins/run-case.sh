#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs golden cases: tests/plugins/run-case.sh FILE.case …
# The folder names the plugin, the plugin its runner: genesys_realtime has
# tests/plugins/realtime_case in the build tree. UPDATE=1 writes what came out
# into the files; read the difference before you keep it.
set -u
top_builddir=${top_builddir:-$(dirname "$0")/../..}
status=0

for file; do
  plugin=$(basename "$(dirname "$file")")
  runner=$top_builddir/tests/plugins/${plugin#genesys_}_case
  if [ ! -x "$runner" ]; then
    echo "$file: $runner is not built (make check)" >&2
    exit 99
  fi
  "$runner" "$file" || status=1
done
exit $status

#!/bin/sh
# SPDX-License-Identifier: MIT
# Rewrites cases.am, the list of golden cases that make check runs.
set -eu
cd "$(dirname "$0")/../.."
{
  echo '# SPDX-License-Identifier: MIT'
  echo '# The list of all .case files; `sh tests/golden/list-cases.sh` rewrites it.'
  printf 'case_tests ='
  for f in tests/golden/*/*.case; do printf ' \\\n\t%s' "$f"; done
  echo
} >tests/golden/cases.am

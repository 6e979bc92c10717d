#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints functions above 40 lines and source files above 300 lines, the aims of
# CONTRIBUTING.md. It never fails.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99
find common plugins probe -name '*.c' | sort | while read -r f; do
  awk -v f="$f" '
    /^[a-zA-Z].*\($/ || /^[a-zA-Z].*\(.*[^;]$/ { head = FNR }
    /^}/ && head { if (FNR - head > 40) printf "%s:%d: function of %d lines\n", f, head, FNR - head; head = 0 }
    END { if (FNR > 300) printf "%s: %d lines\n", f, FNR }' "$f"
done

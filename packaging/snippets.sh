#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/snippets.sh EXAMPLES DEST [FOLDER]: writes the example configurations
# as a package installs them: complete, with "#~ " before each line.
# "sed -i 's/^#~ //' FILE" restores the example, and a second run of it changes
# nothing. FOLDER is the folder of secrets on that system; without it they are in
# /etc/collectd. A snippet may hold a secret, so only its owner and group can read
# it.
set -eu
from=$1 to=$2 folder=${3:-/etc/collectd}
mkdir -p "$to"
for file in "$from"/*.conf; do
  {
    echo "# To enable: sed -i 's/^#~ //' $(basename "$file"), edit, restart collectd."
    sed -e "s|/etc/collectd/|$folder/|g" -e 's/^./#~ &/' "$file"
  } >"$to/$(basename "$file")"
  chmod 0640 "$to/$(basename "$file")"
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/snippets.sh EXAMPLES DEST [FOLDER]: the example configurations as a
# package installs them: complete, and each line behind "#~ ", so that
# "sed -i 's/^#~ //' FILE" makes the example of it again, and a second run changes
# nothing. FOLDER is where secrets lie on that system, instead of /etc/collectd.
# A snippet may hold a secret: only its owner and group can read it.
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

#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/make-release-file.sh FOLDER SUITE ARCH EPOCH: prints the Release file of the
# folder dists/SUITE of an apt repository (Debian's wiki, "RepositoryFormat").
set -eu
cd "$1"
cat <<END
Origin: collectd-genesys
Label: collectd-genesys
Suite: $2
Codename: $2
Architectures: $3
Components: main
Date: $(date -u -R -d "@$4")
Description: collectd plugins for Genesys Cloud contact centres
SHA256:
END
find main -type f | LC_ALL=C sort | while read -r file; do
  printf ' %s %s %s\n' "$(sha256sum "$file" | cut -d' ' -f1)" "$(wc -c <"$file")" "$file"
done

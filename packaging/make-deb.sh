#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/make-deb.sh TARBALL FOLDER: builds Debian packages, source and binary,
# from a tarball of `make dist`, below FOLDER. `make deb` calls it.
# DEB_BUILD_OPTIONS=nocheck leaves out the tests.
set -eu
tarball=$(realpath "$1")
mkdir -p "$2"
cd "$2"
for tool in dpkg-buildpackage dh; do
  command -v "$tool" >/dev/null || {
    echo "make-deb: $tool is missing; sh tools/deps.sh package installs it" >&2
    exit 1
  }
done
version=$(basename "$tarball" | sed 's/^collectd-genesys-\(.*\)\.tar\.xz$/\1/')
source=collectd-genesys-$version
rm -rf "$source"
cp "$tarball" "collectd-genesys_$version.orig.tar.xz"
tar -xf "$tarball"
cp -r "$source/packaging/debian" "$source/debian"
cd "$source"
listed=$(dpkg-parsechangelog -S Version)
[ "${listed%-*}" = "$version" ] || {
  echo "make-deb: packaging/debian/changelog has version $listed, but the tarball has $version: add an entry" >&2
  exit 1
}
dpkg-buildpackage -us -uc -j"$(nproc)"

#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/make-rpm.sh TARBALL FOLDER [RPMBUILD-OPTION…]: source and binary RPM
# of a tarball of `make dist`, built below FOLDER and left in its RPMS and SRPMS.
# `make rpm` calls it.
set -eu
tarball=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
shift 2
command -v rpmbuild >/dev/null || {
  echo "make-rpm: rpmbuild is missing; sh tools/deps.sh package installs it" >&2
  exit 1
}
version=$(basename "$tarball" | sed 's/^collectd-genesys-\(.*\)\.tar\.xz$/\1/')
spec=$folder/SPECS/collectd-genesys.spec
mkdir -p "$folder/SPECS" "$folder/SOURCES"
cp "$tarball" "$folder/SOURCES/"
tar -xOf "$tarball" "collectd-genesys-$version/packaging/rpm/collectd-genesys.spec" >"$spec"
told=$(rpmspec -q --srpm --qf '%{version}' "$spec")
[ "$told" = "$version" ] || {
  echo "make-rpm: packaging/rpm/collectd-genesys.spec is of $told, the tarball of $version" >&2
  exit 1
}
exec rpmbuild -ba --define "_topdir $folder" "$@" "$spec"

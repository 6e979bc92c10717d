#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/make-rpm.sh TARBALL FOLDER [RPMBUILD-OPTION…]: builds source and binary
# RPM from a tarball of `make dist`, in RPMS and SRPMS below FOLDER. `make rpm`
# calls it. RPM_BUILD=-bs builds the source RPM alone.
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
listed=$(rpmspec -q --srpm --qf '%{version}' "$spec")
[ "$listed" = "$version" ] || {
  echo "make-rpm: packaging/rpm/collectd-genesys.spec has version $listed, but the tarball has $version: change the spec" >&2
  exit 1
}
exec rpmbuild "${RPM_BUILD:--ba}" --define "_topdir $folder" "$@" "$spec"

#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/make-release.sh TARBALL FOLDER KEY: makes all files of a release below
# FOLDER from a tarball of `make dist`, in clean chroots, and signs them with the key
# that gpg finds for KEY. `make release RELEASE_KEY=…` calls it. Needs root, since
# mmdebstrap and chroot do. docs/releasing.md has the steps around it.
#
#   MIRROR      of Debian; default: mmdebstrap's
#   RELEASES    default: "bookworm trixie"
set -eu
if [ $# -ne 3 ] || [ -z "$3" ]; then
  echo 'usage: make-release.sh TARBALL FOLDER KEY (make release RELEASE_KEY=…)' >&2
  exit 2
fi
tarball=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
key=$3
releases=${RELEASES:-bookworm trixie}
here=$(realpath "$(dirname "$0")")
name=$(basename "$tarball" .tar.xz)
version=${name#collectd-genesys-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() {
  echo "make-release: $*" >&2
  exit 1
}

for tool in mmdebstrap unshare gpg dpkg-scanpackages python3; do
  command -v "$tool" >/dev/null || fail "$tool is missing; sh tools/deps.sh package installs it"
done
[ "$(id -u)" = 0 ] || fail 'run this as root: it makes chroots'
gpg --batch --list-secret-keys "$key" >/dev/null 2>&1 || fail "gpg has no secret key for $key"
[ -z "$(ls -A "$out")" ] || fail "$out is not empty"

# debian RELEASE FOLDER PACKAGE,…: a fresh minimal Debian.
debian() {
  mmdebstrap --quiet --variant=minbase --include="$3" --skip=cleanup/apt/lists "$1" "$2" ${MIRROR:+"$MIRROR"}
}
# inside FOLDER COMMAND: runs a command in the Debian; its mounts end with it.
inside() {
  unshare --mount --pid --fork --kill-child env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
    DEBIAN_FRONTEND=noninteractive sh -ec '
      mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" sh -ec "$2"' sh "$1" "$2"
}

# The version of a release's package sorts below the plain one, and one pool holds both.
mark_release() {
  case $1 in
  bookworm) echo '~deb12' ;;
  trixie) echo '~deb13' ;;
  *) echo "~$1" ;;
  esac
}

# build_debs RELEASE: two builds in one chroot, in two folders; the packages must be equal.
build_debs() {
  root=$work/$1 mark=$(mark_release "$1")
  debian "$1" "$root" make,xz-utils
  mkdir "$root/src"
  tar -xf "$tarball" -C "$root/src" --strip-components=1
  sed -i "1s/-1)/-1$mark)/" "$root/src/packaging/debian/changelog"
  # The tarball with this entry, so that the source package is whole, too.
  mv "$root/src" "$root/$name"
  tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -C "$root" -cJf "$root/$name.tar.xz" "$name"
  inside "$root" "cd /$name && sh tools/deps.sh build package >/deps.log 2>&1 || { tail /deps.log; exit 1; }"
  for n in 1 2; do
    inside "$root" "DEB_BUILD_OPTIONS=nocheck sh /$name/packaging/make-deb.sh /$name.tar.xz /deb$n >/deb$n.log 2>&1 ||
      { tail -n 40 /deb$n.log; exit 1; }"
  done
  for deb in "$root"/deb1/*.deb; do
    cmp "$deb" "$root/deb2/$(basename "$deb")" || fail "two builds of $(basename "$deb") differ"
  done
  mkdir -p "$out/deb/$1"
  cp "$root"/deb1/*.deb "$root"/deb1/*.dsc "$root"/deb1/*.orig.tar.* "$root"/deb1/*.debian.tar.* "$out/deb/$1/"
  inside "$root" "dpkg-query -W -f '\${Package}\\t\${Version}\\t\${Architecture}\\n'" >"$work/$1.installed"
  say "$1: two equal builds of $(cd "$out/deb/$1" && echo *.deb)"
}

make_srpm() {
  root=$work/$1
  inside "$root" "SOURCE_DATE_EPOCH=$epoch RPM_BUILD=-bs sh /$name/packaging/make-rpm.sh /tarball/$name.tar.xz /srpm --nodeps >/srpm.log 2>&1 || { tail /srpm.log; exit 1; }"
  cp "$root"/srpm/SRPMS/*.src.rpm "$out/"
}

# make_repository: an apt repository of all releases in $out/apt.
make_repository() {
  apt=$out/apt
  for release in $releases; do
    pool=pool/$release packages=dists/$release/main/binary-$arch
    mkdir -p "$apt/$pool" "$apt/$packages"
    cp "$out/deb/$release"/*.deb "$apt/$pool/"
    (cd "$apt" && dpkg-scanpackages --arch "$arch" "$pool" 2>/dev/null >"$packages/Packages")
    gzip -9nk "$apt/$packages/Packages"
    sh "$here/make-release-file.sh" "$apt/dists/$release" "$release" "$arch" "$epoch" >"$work/Release"
    mv "$work/Release" "$apt/dists/$release/Release"
    sign --clearsign -o "$apt/dists/$release/InRelease" "$apt/dists/$release/Release"
    sign --detach-sign --armor -o "$apt/dists/$release/Release.gpg" "$apt/dists/$release/Release"
  done
  gpg --batch --export "$key" >"$apt/collectd-genesys.gpg"
}
sign() { gpg --batch --yes --local-user "$key" "$@"; }

# try_repository RELEASE: a fresh Debian installs from the repository by apt.
try_repository() {
  root=$work/try-$1
  debian "$1" "$root" ca-certificates
  mkdir -p "$root/srv" "$root/etc/apt/keyrings"
  cp -r "$out/apt" "$root/srv/"
  cp "$out/apt/collectd-genesys.gpg" "$root/etc/apt/keyrings/"
  echo "deb [signed-by=/etc/apt/keyrings/collectd-genesys.gpg] file:/srv/apt $1 main" \
    >"$root/etc/apt/sources.list.d/collectd-genesys.list"
  inside "$root" 'apt-get -q update && apt-get -q -y install --no-install-recommends collectd-plugin-genesys &&
    genesys-probe --version' >"$work/try.log" 2>&1 || {
    tail -n 30 "$work/try.log"
    fail "apt in a fresh $1 does not install the package"
  }
  say "$1: apt installs $(tail -n 1 "$work/try.log")"
}

make_image() {
  builder=$(command -v podman || command -v buildah || :)
  if [ -z "$builder" ]; then
    say 'image: left out, neither podman nor buildah is here'
    return
  fi
  mkdir "$work/image"
  tar -xf "$tarball" -C "$work/image" --strip-components=3 "$name/examples/kubernetes"
  cp "$out"/deb/bookworm/collectd-plugin-genesys_*.deb "$work/image/"
  "$builder" build -t "collectd-genesys:$version" "$work/image"
  "$builder" push "collectd-genesys:$version" "oci-archive:$out/collectd-genesys-$version.oci.tar"
}

epoch=$(tar -xOf "$tarball" "$name/packaging/debian/changelog" | sed -n 's/^ -- .*>  //p' | head -n 1)
epoch=$(date -d "$epoch" +%s)
arch=$(dpkg --print-architecture)
cp "$tarball" "$out/"
for release in $releases; do build_debs "$release"; done
last=${releases##* }
mkdir "$work/$last/tarball"
cp "$tarball" "$work/$last/tarball/"
make_srpm "$last"
make_repository
for release in $releases; do try_repository "$release"; done
make_image
python3 "$here/sbom.py" "$version" "$epoch" "$out" $(for r in $releases; do echo "$work/$r.installed"; done) \
  >"$out/collectd-genesys-$version.spdx.json"
(cd "$out" && find . -type f ! -name 'SHA256SUMS*' ! -path './apt/*' | sed 's|^\./||' | LC_ALL=C sort |
  xargs sha256sum >SHA256SUMS)
sign --detach-sign --armor -o "$out/SHA256SUMS.asc" "$out/SHA256SUMS"
say "release $version: $(find "$out" -type f | wc -l) files in $out"

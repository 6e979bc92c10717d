#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/deps.sh SET…: installs the missing packages of the sets, which are build,
# demo, test, package and bench. Uses apt-get on Debian 12 and 13 and Ubuntu 24.04,
# dnf on Fedora; on other systems the names may differ. NAME/OLDER is a package
# whose name depends on the release: the first name that the release has counts.
# NAME/- is left out on Ubuntu, which has Chromium as a snap only.
# Starts no service. Does nothing, and needs no root, when all packages are
# installed. tools/deps.sh --names SET… prints the names that this release has, and
# installs nothing.
set -eu

say() { echo "deps: $*" >&2; }

debian_packages() {
  case $1 in
  build) echo gcc libc6-dev make autoconf automake libtool pkg-config \
    libcurl4-openssl-dev libjson-c-dev libsqlite3-dev libssl-dev \
    libmicrohttpd-dev libgnutls28-dev libhiredis-dev zlib1g-dev collectd-dev python3 xz-utils ;;
  demo) echo collectd-core libmicrohttpd12t64/libmicrohttpd12 libprotobuf-c1 openssl python3 ;;
  test) echo ccache clang libclang-rt-dev/libclang-rt-14-dev clang-format clang-tidy prometheus prometheus-alertmanager graphite-carbon \
    graphite-web \
    mandoc nginx tinyproxy influxdb victoria-metrics redis-server faketime iproute2 procps util-linux git \
    ca-certificates nodejs node-ws kcat librdkafka1 python3-prometheus-client python3-yaml ansible-core \
    chromium-headless-shell/- ;;
  package) echo build-essential debhelper dpkg-dev lintian rpm rpmlint \
    mmdebstrap eatmydata systemd cpio gpg ;;
  # The references of `make bench`, which leaves out the missing ones. Some
  # packages of nodejs contain npm; a second npm would conflict with them.
  bench) echo collectd-core nodejs node-ws redis-server golang-go \
    golang-nhooyr-websocket-dev golang-github-prometheus-client-golang-dev victoria-metrics
    command -v npm >/dev/null || echo npm ;;
  esac
}

fedora_packages() {
  case $1 in
  build) echo gcc make autoconf automake libtool pkgconf-pkg-config \
    libcurl-devel json-c-devel sqlite-devel openssl-devel \
    libmicrohttpd-devel gnutls-devel hiredis-devel zlib-devel collectd python3 xz ;;
  demo) echo collectd collectd-write_prometheus openssl python3 ;;
  test) echo ccache clang compiler-rt clang-tools-extra prometheus python3-carbon \
    mandoc nginx tinyproxy redis libfaketime iproute procps-ng util-linux git nodejs chromium \
    librdkafka python3-pyyaml ansible-core ;;
  package) echo rpm-build rpmlint systemd ;;
  bench) echo collectd nodejs redis
    command -v npm >/dev/null || echo npm ;;
  esac
}

need_root() {
  [ "$(id -u)" = 0 ] && return
  say "missing: $*"
  say "run this again as root (sudo), or install them yourself"
  exit 1
}

apt_installed() {
  case $1 in */-) grep -qx 'ID=ubuntu' /etc/os-release && return ;; esac
  for name in $(echo "$1" | tr / ' '); do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' && return
  done
  return 1
}

# Prints the name that this release has; the last one when apt knows none of them.
apt_name() {
  case $1 in */*) ;; *) echo "$1" && return ;; esac
  for name in $(echo "$1" | tr / ' '); do
    apt-cache policy "$name" 2>/dev/null | grep -q '^  Candidate: [^(]' && break
  done
  [ "$name" = - ] || echo "$name"
}

apt_install() {
  missing=
  for p in "$@"; do
    apt_installed "$p" || missing="$missing $p"
  done
  [ -n "$missing" ] || return 0
  need_root $missing
  # With RUNLEVEL=1 invoke-rc.d starts no service.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  apt-get -q update >/dev/null
  names=
  for p in $missing; do
    names="$names $(apt_name "$p")"
  done
  say "installing$names"
  apt-get -q -y install --no-install-recommends $names >/dev/null
}

dnf_install() {
  missing=
  for p in "$@"; do
    rpm -q "$p" >/dev/null 2>&1 || missing="$missing $p"
  done
  [ -n "$missing" ] || return 0
  need_root $missing
  say "installing$missing"
  dnf -q -y install $missing
}

names_only=
if [ "${1-}" = --names ]; then
  names_only=yes
  shift
fi
all=
for set in "$@"; do
  if command -v apt-get >/dev/null; then
    all="$all $(debian_packages "$set")"
  elif command -v dnf >/dev/null; then
    all="$all $(fedora_packages "$set")"
  else
    say "neither apt-get nor dnf here; README.md lists what is needed"
    exit 1
  fi
done
if [ "$names_only" ]; then
  for p in $all; do
    if command -v apt-get >/dev/null; then apt_name "$p"; else echo "$p"; fi
  done
  exit
fi
if command -v apt-get >/dev/null; then apt_install $all; else dnf_install $all; fi

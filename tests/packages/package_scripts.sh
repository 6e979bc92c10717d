#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs prerm and postrm of the DEB in a folder of their own: they name the files
# that load the plugins, and restart nothing that would not start.
set -u
top=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0
wrong() { echo "FAIL $*" >&2; failed=1; }
mkdir -p "$work/bin" "$work/etc/collectd/collectd.conf.d"
for name in prerm postrm; do
  sed -e "s|/etc/collectd|$work/etc/collectd|g; s|/var/lib|$work/var/lib|g; s|/run/systemd|$work/run|g" \
    -e 's/#SNIPPETS#/genesys.conf/g' \
    "$top/packaging/debian/collectd-plugin-genesys.$name" >"$work/$name"
done
printf '#!/bin/sh\necho "$*" >>%s/calls\n' "$work" >"$work/bin/invoke-rc.d"
printf '#!/bin/sh\ntest ! -e %s/broken\n' "$work" >"$work/bin/collectd"
chmod +x "$work/bin/"*
PATH=$work/bin:$PATH
remove() {
  rm -f "$work/calls"
  { sh "$work/prerm" remove && sh "$work/postrm" remove; } >"$work/out" 2>&1 || wrong "the scripts fail: $(cat "$work/out")"
}
was_restarted() { grep -q restart "$work/calls" 2>/dev/null; }

snippet=$work/etc/collectd/collectd.conf.d/genesys.conf
own=$work/etc/collectd/collectd.conf.d/mine.conf
echo 'LoadPlugin genesys' >"$snippet"
remove
was_restarted || wrong 'collectd is not restarted, although only the snippet loads the plugins'
[ -e "$snippet.removed" ] || wrong 'the snippet is not renamed'
! grep -q 'loads a plugin' "$work/out" || wrong 'the snippet of the package is named'

echo '  LoadPlugin "genesys_realtime"' >"$own"
remove
! was_restarted || wrong 'collectd is restarted, although it would not start'
grep -q "$own loads a plugin" "$work/out" || wrong 'prerm does not name the file'

rm "$own"
: >"$work/broken"
remove
! was_restarted || wrong 'collectd is restarted, although collectd -t fails'
[ $failed -eq 0 ] && echo 'package_scripts: a removal leaves a collectd that starts'
exit $failed

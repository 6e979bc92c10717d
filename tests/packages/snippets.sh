#!/bin/sh
# SPDX-License-Identifier: MIT
# Are the packages' snippets inactive, readable by their owner and group only, and
# equal to the examples once enabled, however often?
set -eu
top=${top_srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sh "$top/packaging/snippets.sh" "$top/examples/collectd.conf.d" "$folder"
bad=0
say() {
  echo "snippets: $1"
  bad=1
}
for file in "$folder"/*.conf; do
  name=$(basename "$file")
  grep -q '^[^#]' "$file" && say "$name has an active line"
  [ "$(stat -c %a "$file")" = 640 ] || say "$name has mode $(stat -c %a "$file")"
  sed -i 's/^#~ //' "$file"
  sed 1d "$file" | cmp -s - "$top/examples/collectd.conf.d/$name" ||
    say "$name is not the example once it is enabled"
  cp "$file" "$folder/once"
  sed -i 's/^#~ //' "$file"
  cmp -s "$file" "$folder/once" || say "$name breaks when it is enabled twice"
done
exit $bad

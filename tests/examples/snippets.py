#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does genesys-probe accept each piece of a collectd.conf in the documents and in examples/collectd.conf.d?"""
from __future__ import annotations

import re
from pathlib import Path

import probed
from lib import process, report
from lib.report import check

PAGES = ("README.md", "docs/*.md", "plugins/*/README.md", "examples/**/README.md")
FILES = ("examples/collectd.conf.d/*.conf",)
PLUGIN_OF = {"Queues": "genesys_realtime", "Query": "genesys_analytics", "Attributes": "genesys_flowmetrics",
             "Flows": "genesys_flowmetrics", "Node": "genesys_influxdb"}
ACCOUNT = '<Plugin genesys>\n<Account "%s">\nRegion "eu-west-1"\nClientId "an-id"\nClientSecretFile "/nowhere"\n</Account>\n</Plugin>\n'
PIECES_MIN = 20


def pieces() -> list[tuple[str, str]]:
    found = []
    for pattern in PAGES:
        for page in sorted(probed.TOP.glob(pattern)):
            found += [("%s, block %d" % (page.relative_to(probed.TOP), number), text)
                      for number, text in enumerate(probed.blocks(page, "apache"), 1)]
    for pattern in FILES:
        found += [(str(path.relative_to(probed.TOP)), path.read_text(encoding="utf-8")) for path in sorted(probed.TOP.glob(pattern))]
    return found


def whole(text: str) -> str:
    """A configuration with the piece: its plugins are loaded, its blocks are inside of their plugin, and its account exists."""
    text = re.sub(r"^\s*Include .*$", "", text, flags=re.M)
    outer = re.search(r"^\s*<(\w+)", text, re.M)
    if outer and outer[1] in PLUGIN_OF:
        text = "<Plugin %s>\n%s</Plugin>\n" % (PLUGIN_OF[outer[1]], text)
    for name in sorted(set(re.findall(r'^\s*Account "([^"]+)"', text, re.M)) - set(re.findall(r'<Account "([^"]+)"', text))):
        text = ACCOUNT % name + text
    loaded = re.findall(r"^\s*LoadPlugin (genesys\w*)\n", text, re.M) + re.findall(r"<Plugin (genesys\w*)>", text)
    return "".join("LoadPlugin %s\n" % name for name in sorted(set(loaded))) + re.sub(r"^\s*LoadPlugin genesys\w*\n", "", text, flags=re.M)


def built(text: str, plugins: Path) -> bool:
    """True if this build has the plugins that the text loads."""
    return all((plugins / (name + ".so")).exists() for name in re.findall(r"^LoadPlugin (genesys\w*)", text, re.M))


def every_piece_is_accepted() -> None:
    plugins, found = probed.plugins(), pieces()
    check("the pieces are found", len(found) >= PIECES_MIN, [name for name, _ in found])
    for name, text in found:
        text = whole(text)
        if "LoadPlugin genesys" in text and built(text, plugins):
            words = probed.refusal(probed.write_main(process.folder("piece"), plugins, text))
            check(name, words == "" or "failed: 0" in words or "no hiredis" in words, words)


if __name__ == "__main__":
    report.main([every_piece_is_accepted], probed.NEEDED)

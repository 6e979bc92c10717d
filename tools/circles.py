#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that no two source files, headers or folders need each other, directly or
through others.

usage: circles.py           fails and prints each circle
       circles.py --calls   prints each edge: FILE FILE FUNCTION

A source file needs another file if its object refers to a function or a variable
that the other file defines; the objects are those of the build folder. A header
or a folder needs the headers that it includes, and their folders. The files
directly in a folder may use its subfolders, and the subfolders may use them:
these files are the wiring above the subfolders and also their shared part.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ.get("top_builddir", "."))
SOURCE = Path(os.environ.get("top_srcdir", Path(__file__).parent.parent))
INCLUDE = re.compile(r'^#\s*include "((?:common|plugins|probe)/[^"]+)"', re.M)
Graph = dict[str, dict[str, str]]
LIBRARY = re.compile(r"^lib\w+_la-")


def objects() -> dict[str, Path]:
    """Returns {source file without its suffix: object}."""
    found: dict[str, Path] = {}
    for top in ("common", "plugins", "probe"):
        for path in sorted((BUILD / top).rglob(".libs/*.o")):
            name = LIBRARY.sub("", re.sub(r"^genesys\w*_la-", "", path.stem))
            found[str(path.parent.parent.relative_to(BUILD) / name)] = path
    return found


def symbols(path: Path) -> tuple[set[str], set[str]]:
    """Returns the names that an object defines, and the names that it refers to."""
    listing = subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout
    defined, needed = set(), set()
    for line in listing.splitlines():
        kind, name = line.split()[-2:]
        if kind in "TDBRV":
            defined.add(name)
        elif kind == "U":
            needed.add(name)
    return defined, needed


def calls(found: dict[str, Path]) -> Graph:
    """Returns {file: {file that it needs: a name that it uses}}."""
    read = {name: symbols(path) for name, path in found.items()}
    home = {symbol: name for name, (defined, _) in read.items() for symbol in defined
            if symbol != "module_register"}
    return {name: {home[s]: s for s in sorted(needed) if s in home and home[s] != name}
            for name, (_, needed) in read.items()}


def includes(pattern: str) -> list[tuple[str, str]]:
    """Returns (file, header that it includes) for all files whose name matches."""
    return [(str(path.relative_to(SOURCE)), header)
            for top in ("common", "plugins") for path in sorted((SOURCE / top).rglob(pattern))
            for header in INCLUDE.findall(path.read_text(encoding="utf-8"))]


def headers() -> Graph:
    graph: Graph = {}
    for name, header in includes("*.h"):
        graph.setdefault(name, {})[header] = header
        graph.setdefault(header, {})
    return graph


def folders() -> Graph:
    """Returns {folder: {folder beside it that it needs: the file that includes it}}."""
    graph: Graph = {}
    for name, header in includes("*.[ch]"):
        one, other = Path(name).parent, Path(header).parent
        graph.setdefault(str(one), {})
        graph.setdefault(str(other), {})
        if one != other and one not in other.parents and other not in one.parents:
            graph[str(one)][str(other)] = "%s includes %s" % (name, header)
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Returns the strongly connected parts of two files or more (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    parts: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                parts.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return parts


def report(graph: Graph, what: str) -> bool:
    """Prints the circles of a graph; False if there are none."""
    found = circles(graph)
    for part in found:
        print("these %s need each other:" % what, file=sys.stderr)
        for name in part:
            for other in sorted(set(graph[name]) & set(part)):
                print("  %s -> %s (%s)" % (name, other, graph[name][other]), file=sys.stderr)
    return bool(found)


def main() -> int:
    files = calls(objects())
    if len(files) < 50:
        print("circles: only %d objects below %s; build first" % (len(files), BUILD), file=sys.stderr)
        return 99
    if sys.argv[1:] == ["--calls"]:
        for name, needs in files.items():
            for other, symbol in needs.items():
                print(name, other, symbol)
        return 0
    graphs = {"files": files, "headers": headers(), "folders": folders()}
    if any([report(graph, what) for what, graph in graphs.items()]):
        return 1
    print("circles: none among " + ", ".join("%d %s" % (len(g), what) for what, g in graphs.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

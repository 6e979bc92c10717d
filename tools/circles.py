#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No two source files need each other, directly or over others.

usage: circles.py           fails and prints each circle
       circles.py --calls   prints each edge: FILE FILE FUNCTION

A file needs another one if its object refers to a function or a variable that
the other one defines; the objects are those of the build folder.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ.get("top_builddir", "."))
LIBRARY = re.compile(r"^lib\w+_la-")


def objects() -> dict[str, Path]:
    """{source file without its suffix: object}"""
    found: dict[str, Path] = {}
    for top in ("common", "plugins"):
        for path in sorted((BUILD / top).rglob(".libs/*.o")):
            name = LIBRARY.sub("", re.sub(r"^genesys\w*_la-", "", path.stem))
            found[str(path.parent.parent.relative_to(BUILD) / name)] = path
    return found


def symbols(path: Path) -> tuple[set[str], set[str]]:
    """The names that an object defines, and the names that it refers to."""
    listing = subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout
    defined, needed = set(), set()
    for line in listing.splitlines():
        kind, name = line.split()[-2:]
        if kind in "TDBRV":
            defined.add(name)
        elif kind == "U":
            needed.add(name)
    return defined, needed


def edges(found: dict[str, Path]) -> dict[str, dict[str, str]]:
    """{file: {file that it needs: one name}}"""
    read = {name: symbols(path) for name, path in found.items()}
    home = {symbol: name for name, (defined, _) in read.items() for symbol in defined
            if symbol != "module_register"}
    return {name: {home[s]: s for s in sorted(needed) if s in home and home[s] != name}
            for name, (_, needed) in read.items()}


def circles(graph: dict[str, dict[str, str]]) -> list[list[str]]:
    """The strongly connected parts of two files or more (Tarjan)."""
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


def main() -> int:
    graph = edges(objects())
    if len(graph) < 50:
        print("circles: only %d objects below %s; build first" % (len(graph), BUILD), file=sys.stderr)
        return 99
    if sys.argv[1:] == ["--calls"]:
        for name, needs in graph.items():
            for other, symbol in needs.items():
                print(name, other, symbol)
        return 0
    found = circles(graph)
    for part in found:
        print("these files need each other:", file=sys.stderr)
        for name in part:
            for other in sorted(set(graph[name]) & set(part)):
                print("  %s.c -> %s.c (%s)" % (name, other, graph[name][other]), file=sys.stderr)
    if not found:
        print("circles: none among %d files" % len(graph))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints figures of the shape of the code in common, plugins and probe.

usage: figures.py [FOLDER]   FOLDER: a source tree; default: this one
       figures.py --list     also prints the sources and functions that the aims of
                             CONTRIBUTING.md are about

None of the figures is a gate. A client of a source or a function is another file that
includes the source's header or names the function; the tests are no clients.
"""
from __future__ import annotations

import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Iterator

TOPS = ("common", "plugins", "probe")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
WORD = re.compile(r"\b[A-Za-z_]\w*\b")
HEAD = re.compile(r"^(?!typedef)[A-Za-z_][^;={}]*\([^;]*$")
CALLED = re.compile(r"(\w+)\s*\(")


def blank(match: re.Match[str]) -> str:
    """Returns the line breaks of a comment or a string, so that line numbers stay."""
    return "\n" * match.group().count("\n") or " "


def functions(lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yields (name, first line, number of lines) of each function that is defined."""
    head = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("}"):
            if head:
                name = CALLED.search(" ".join(lines[head - 1:number]))
                yield (name.group(1) if name else "?"), head, number - head
            head = 0
        elif HEAD.match(line):
            head = number
        elif line.endswith(";") and not line[:1].isspace():
            head = 0


def declared(text: str) -> set[str]:
    """Returns the functions that a header declares: no definitions, no macros, no types."""
    text = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    depth, flat = 0, []
    for char in text:
        depth += (char == "{") - (char == "}")
        flat.append(char if not depth and char != "}" else ";" if char == "}" else "")
    found = set()
    for statement in "".join(flat).split(";"):
        statement = re.sub(r"__attribute__\s*\(\(.*?\)\)(?=\s|$)|GC_(?:PRINTF|NONNULL)\w*\([^)]*\)", "",
                           statement.strip(), flags=re.S)
        if statement.startswith(("typedef", "static", "#")) or "(" not in statement:
            continue
        name = CALLED.search(statement)
        if name and not statement.startswith(name.group(1)):
            found.add(name.group(1))
    return found


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "none"


def main() -> None:
    folders = [argument for argument in sys.argv[1:] if argument != "--list"]
    root = Path(folders[0]) if folders else Path(__file__).resolve().parent.parent
    paths = sorted(str(p.relative_to(root)) for top in TOPS for p in (root / top).rglob("*.[ch]"))
    raw = {p: (root / p).read_text(encoding="utf-8") for p in paths}
    code = {p: NOISE.sub(blank, text) for p, text in raw.items()}
    length = {p: text.count("\n") for p, text in raw.items()}
    sources = [p for p in paths if p.endswith(".c")]
    headers = [p for p in paths if p.endswith(".h")]

    includers: dict[str, set[str]] = defaultdict(set)
    for p in paths:
        for target in INCLUDE.findall(raw[p]):
            includers[target].add(p)
    with_one = [p for p in sources if len(includers[p[:-2] + ".h"] - {p}) == 1]

    users: dict[str, set[str]] = defaultdict(set)
    for p, text in code.items():
        for word in set(WORD.findall(text)):
            users[word].add(p)
    defined: dict[str, str] = {}
    sizes = []
    for p in sources:
        for name, line, size in functions(code[p].split("\n")):
            defined.setdefault(name, p)
            sizes.append((size, f"{p}:{line} {name}"))
    sizes.sort(reverse=True)
    exported = {name: p for p in headers for name in declared(code[p]) if name in defined}
    clients = {name: len(users[name] - {p, defined[name]}) for name, p in exported.items()}
    only = sorted(name for name, n in clients.items() if n == 1)
    asserts = sum(len(re.findall(r"^(?!\s*#).*\bGC_ASSERT\s*\(", text, re.M)) for text in code.values())
    tops = ", ".join(f"{top} {sum(n for p, n in length.items() if p.startswith(top + '/')):,}" for top in TOPS)

    print(f"lines of .c and .h: {sum(length.values()):,} ({tops}; headers {sum(length[p] for p in headers):,})")
    print(f"files: {len(paths)} ({len(sources)} .c, {len(headers)} .h)")
    print(f"sources with one client file: {share(len(with_one), len(sources))}")
    print(f"exported functions with one client file: {share(len(only), len(exported))}")
    print(f"median length of a .c file: {statistics.median(length[p] for p in sources):.0f} lines")
    print(f"functions: {len(sizes):,}, median {statistics.median(n for n, _ in sizes):.0f} lines; "
          f"above 40 lines: {sum(n > 40 for n, _ in sizes)}, above 60: {sum(n > 60 for n, _ in sizes)}")
    print(f"GC_ASSERT: {asserts}")
    print("largest files: " + ", ".join(f"{p} {length[p]}" for p in sorted(paths, key=lambda p: -length[p])[:5]))
    if "--list" in sys.argv:
        print("\nsources with one client file:", *with_one, sep="\n  ")
        print("\nexported functions with one client file:", *only, sep="\n  ")
        print("\nfunctions above 40 lines:", *(f"{where}: {n}" for n, where in sizes if n > 40), sep="\n  ")


if __name__ == "__main__":
    main()

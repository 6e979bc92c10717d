#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the links within the documents and the commands that they show: each
named file must exist, each make target must have a rule, ./configure must know
each option, a table row with functions and a file must name the right file, and
the tests in a column "test" must exist. Rows of more than 300 characters are named. Each alert of examples/prometheus must have
a section in docs/operations.md, which its runbook_url names, and each section about
an alert must have its alert. common/README.md must have each header of common/ that
files of other folders include.

usage: links.py
"""
from __future__ import annotations

import os
import re
import sys
from pathlib import Path

TOP = Path(os.environ.get("top_srcdir", Path(__file__).resolve().parents[1])).resolve()
DOCUMENTS = ("*.md", "docs/**/*.md", "plugins/*/README.md", "common/README.md",
             "tests/*.md", "tests/*/README.md", "examples/**/README.md")
# Targets that automake makes.
TARGETS = {"all", "check", "clean", "deb", "dist", "distcheck", "distclean", "install", "rpm", "uninstall"}

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```", re.M)
OURS = re.compile(r"(?<![\w./-])(?:\./|\.\./)?((?:examples|tests|tools|docs|packaging|man)/[\w./-]*\w|autogen\.sh)")
MAKE = re.compile(r"\bmake ((?:[\w-]+(?:\.json)?(?:=\S+)?[ ]?)+)")
ON_CALL = "docs/operations.md"
CORE = "common/README.md"
CONFIGURE = re.compile(r"--((?:enable|disable|with)-[a-z-]+)")


def documents() -> list[Path]:
    return sorted({path for pattern in DOCUMENTS for path in TOP.glob(pattern)
                   if not path.relative_to(TOP).parts[0].startswith("build")})


def outside_of_blocks(text: str) -> str:
    return "".join(FENCE.split(text)[::2])


def anchors(text: str) -> set[str]:
    """Returns the anchors of a page's headings in rendered Markdown."""
    found: set[str] = set()
    for line in outside_of_blocks(text).splitlines():
        if line.startswith("#"):
            title = re.sub(r"[^\w\s-]", "", line.lstrip("#").strip().lower())
            found.add(re.sub(r"\s", "-", title))
    return found


def broken_links(path: Path, text: str):
    for target in LINK.findall(re.sub(r"`[^`]*`", "", outside_of_blocks(text))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists():
            yield "a link to %s" % target
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
            yield "a link to %s, which has no such heading" % target


def commands(text: str):
    """Returns the lines of ```sh blocks, and the text between back-ticks."""
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
    # Lines about collectd's own tree are not checked.
    return [line for line in blocks.splitlines() if "collectd-5." not in line] + re.findall(r"`([^`\n]+)`", outside_of_blocks(text))


def rules() -> set[str]:
    text = "\n".join(p.read_text(encoding="utf-8") for p in [TOP / "Makefile.am", *TOP.glob("*/local.am"),
                                                             *TOP.glob("*/*/local.am")])
    names = set(TARGETS)
    for line in re.findall(r"^([\w%$(){}/. -]+):(?!=)", text, re.M):
        names.update(line.split())
    return names


def options() -> str:
    text = "\n".join(p.read_text(encoding="utf-8") for p in [TOP / "configure.ac", *TOP.glob("m4/gc_*.m4")])
    return text.replace("_", "-")


def broken_commands(text: str, known: set[str], configure: str):
    for command in commands(text):
        for name in OURS.findall(command):
            if not re.search(r"[A-Z*…]|_x$|\.log$", name) and not (TOP / name).exists() and not is_built(name):
                yield "a command that names %s" % name
        for targets in MAKE.findall(command):
            for target in targets.split():
                if "=" not in target and target not in known and "/" not in target:
                    yield "make %s" % target
        if "configure" in command:
            for option in CONFIGURE.findall(command):
                if not knows(configure, option):
                    yield "./configure --%s" % option


def is_built(name: str) -> bool:
    """True if the name is a program of the tree, whose source exists."""
    return (TOP / (name + ".c")).exists()


def knows(configure: str, option: str) -> bool:
    kind, _, name = option.partition("-")
    if name.startswith("genesys"):
        return name in configure
    macro = "AC-ARG-WITH" if kind == "with" else "AC-ARG-ENABLE"
    return re.search(r"%s\(\[%s\]" % (macro, re.escape(name)), configure) is not None


def broken_functions(text: str):
    for cells in re.findall(r"^\| (`.+?) \| `((?:common|plugins)/[\w/]+\.c)` \|", text, re.M):
        path = TOP / cells[1]
        source = path.read_text(encoding="utf-8") if path.exists() else ""
        for name in re.findall(r"`(\w+)`", cells[0]):
            if not re.search(r"^\w[^;\n]*\b%s\(" % name, source, re.M):
                yield "a function %s in %s" % (name, cells[1])


def test_column(text: str):
    """Yields the first and last cell of each row where the last column is "test"."""
    is_test = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            is_test = False
        elif cells[-1] == "test":
            is_test = True
        elif is_test and not line.startswith("|---"):
            yield cells[0], cells[-1]


def test_files(name: str) -> list[Path]:
    """Returns the files of a test by its name in the documents, such as `api/auth_failure_test`."""
    if name.startswith("e2e/"):
        return list(TOP.glob("tests/%s.py" % name))
    if name.endswith(".case"):
        return list(TOP.glob("tests/golden/*/%s" % name))
    folder = "fuzz" if name.endswith("_fuzz") else "unit/**"
    return list(TOP.glob("tests/%s/%s.c" % (folder, name)))


def broken_tests(text: str):
    for row, cell in test_column(text):
        names = [name for name in re.findall(r"`([^`]+)`", cell) if not name.startswith("make ")]
        files: list[Path] = []
        if not names and cell != "–":
            yield "a test for \"%s\"" % row
        for name in names:
            if "/" in name or re.search(r"_(test|fuzz)$|\.case$", name):
                found = test_files(name)
                files += found
                if len(found) != 1:
                    yield "a unique test %s of \"%s\"" % (name, row)
        sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
        for name in names:
            if re.fullmatch(r"\w+", name) and not re.search(r"_(test|fuzz)$", name) \
                    and not re.search(r"\b%s\(" % name, sources):
                yield "a test %s in the files of \"%s\"" % (name, row)


def alerts() -> dict[str, str]:
    """Returns each alert of the rules and its runbook_url; "" where it has none."""
    found: dict[str, str] = {}
    for path in TOP.glob("examples/prometheus/*.yml"):
        if not path.name.endswith(".test.yml"):
            for text in re.split(r"^ *- (?=alert:|record:)", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
                name, url = (re.search(r"^ *%s: (\S+)$" % key, text, re.M) for key in ("alert", "runbook_url"))
                if name:
                    found[name[1]] = url[1] if url else ""
    return found


def broken_runbooks(text: str):
    """Yields the alerts whose runbook_url has no section in the page, and the sections that have no alert."""
    rules, sections = alerts(), re.findall(r"^### (Genesys\w+)$", text, re.M)
    for name, url in rules.items():
        if name not in sections or url != "%s#%s" % (ON_CALL, name.lower()):
            yield "a section of %s for the alert %s, or its runbook_url" % (ON_CALL, name)
    for name in sections:
        if name not in rules:
            yield "the alert of the section %s" % name


def public_headers() -> set[str]:
    """Returns the paths below common/ of headers that other folders include."""
    found: set[str] = set()
    for top in ("common", "plugins", "probe"):
        for path in (TOP / top).rglob("*.[ch]"):
            for name in re.findall(r'^#include "common/([^"]+)"', path.read_text(encoding="utf-8"), re.M):
                if path.parent != (TOP / "common" / name).parent:
                    found.add(name)
    return found


def broken_headers(text: str):
    """Yields the headers that the table of the core names and that do not exist, and public ones that it lacks."""
    named = set(re.findall(r"`([\w/]+\.(?:h|def))`", text))
    for name in sorted(named):
        if not (TOP / "common" / name).exists():
            yield "a header common/%s" % name
    for name in sorted(public_headers() - named):
        yield "a row of common/%s, which other folders include," % name


def not_installed():
    """Yields the links of installed documents that lead to files which are not installed. The package
    also has all examples."""
    listed = re.search(r"^nobase_dist_doc_DATA = ((?:.*\\\n)*.*)", (TOP / "Makefile.am").read_text(encoding="utf-8"), re.M)
    installed = set(listed[1].replace("\\\n", " ").split()) if listed else set()
    for name in sorted(installed):
        if not name.endswith(".md"):
            continue
        text = re.sub(r"`[^`]*`", "", outside_of_blocks((TOP / name).read_text(encoding="utf-8")))
        for target in LINK.findall(text):
            place = ((TOP / name).parent / target.partition("#")[0]).resolve()
            if re.match(r"[a-z]+:|#", target):
                continue
            path = str(place.relative_to(TOP))
            if path not in installed and not path.startswith("examples"):
                yield "%s: %s, to which it links, is not installed" % (name, path)


ROW_MAX = 300


def long_rows(text: str):
    """Yields the rows of tables that a reader cannot take in; those that a program prints are left out."""
    printed = False
    for line in text.splitlines():
        if line.startswith("<!-- "):
            printed = not line.startswith("<!-- /")
        if line.startswith("|") and len(line) > ROW_MAX and not printed:
            yield line


def main() -> int:
    pages = documents()
    if len(pages) < 8:
        print("links: only %d documents below %s" % (len(pages), TOP), file=sys.stderr)
        return 99
    known, configure, broken = rules(), options(), 0
    for path in pages:
        text = path.read_text(encoding="utf-8")
        for what in [*broken_links(path, text), *broken_commands(text, known, configure),
                     *broken_functions(text), *broken_tests(text),
                     *(broken_runbooks(text) if path == TOP / ON_CALL else []),
                     *(broken_headers(text) if path == TOP / CORE else [])]:
            print("%s: %s does not exist" % (path.relative_to(TOP), what), file=sys.stderr)
            broken += 1
    for path in pages:
        for row in long_rows(path.read_text(encoding="utf-8")):
            print("%s: a row of %d characters, which is long: %s" % (path.relative_to(TOP), len(row), row[:60]))
    for what in not_installed():
        print(what, file=sys.stderr)
        broken += 1
    if broken == 0:
        print("links: all targets of %d documents exist" % len(pages))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

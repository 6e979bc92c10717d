#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that docs/troubleshooting.md has every ERROR, WARNING and debug line of the code
that an operator can meet at run time.

usage: messages.py           compares the two; prints missing messages in a form
                             for pasting
       messages.py --list    prints FILE:LINE and text of all messages

A message is a string of the sources with four words or more that is not part of
a debug line; shorter ones are parts of other lines. An error of the configuration (GC_ERR_CONFIG, or a string of CONFIG_FILES)
explains itself, as do the reason (a string of REASON_FILES) or the remedy at the end of another
line, and a lack of memory; what genesys-probe alone prints is no line of
the log: the document may lack them. "…" stands for the text that printf inserts. "…",
blanks and punctuation at the ends are not compared. In the document messages are the lines
of ```text blocks; debug lines are the first column of their table, in which a word
of capitals, such as STATE, stands for the text that printf inserts.
"""
from __future__ import annotations

import os
import re
import sys
from pathlib import Path

TOP = Path(os.environ.get("top_srcdir", Path(__file__).resolve().parents[1]))
DOCUMENT = "docs/troubleshooting.md"
SOURCES = ("common/**/*.[ch]", "plugins/**/*.[ch]")

# Strings that no operator sees: texts of the manual about options
# and metrics (they end with a full stop, which a message never has), lists of words ...
MANUAL_FILES = {"common/export/rule.c", "common/analytics/query/tables.c", "tools/options_manual.c"}
MANUAL_ROWS = re.compile(r"GC_OPT_\w+|static_assert|_Static_assert|gc_debug")
# ... errors of the configuration, and the files that read it ...
CONFIG = "GC_ERR_CONFIG"
CONFIG_FILES = re.compile(r"common/daemon/(listen_)?option\w*\.c|common/base/(url|timestamp|glob)\.c"
                          r"|common/net/redis/url\.c|probe/values/agent\.c|.*/(\w+_)?options\.c|plugins/genesys/health\.c"
                          r"|plugins/genesys_flowmetrics/events/attribute_name\.c")
# ... the reason or the remedy at the end of a line, which explains itself, too ...
REASON_FILES = re.compile(r"common/base/(json|websocket)/.*|common/net/redis/link\.c|common/net/spool/.*"
                          r"|common/net/socket/handshake\.c"
                          r"|plugins/genesys_flowmetrics/sources/sqs/aws_answer\.c")
REMEDY = re.compile(r"(check|give it|set|see|look for|create|activate|make it|the role needs|the trust policy)\b")
# ... a lack of memory ...
MEMORY = re.compile(r"\b(out of|no) memory\b|: out of memory")
# ... lines below WARNING, which the document may have ...
QUIET = {"GC_LOG_INFO", "GC_LOG_NOTICE"}
# ... and words of a protocol.
PROTOCOL = re.compile(
    r"(ATTACH|DETACH|CREATE|INSERT|UPDATE|DELETE|SELECT|BEGIN|PRAGMA|ALTER|DROP|REPLACE) "
    r"|(Accept|Authorization|Content-Type|Content-Encoding|User-Agent|Upgrade|X-[\w-]+): ?"
    r"|scope [a-z]+:|GET | HTTP/1\.1|local [a-z]+|ERR [a-zA-Z]+|Basic realm="
    r"|[A-Z]+ (\w+ 1 )?KEY\b|SCRIPT LOAD |POST\\n/|(\\n)?host:%s")
# Words of libcurl, AWS and InfluxDB that the code looks for, values of HTTP
# headers and of an option, and the decoders' names of models.
NOT_OURS = {"subject name", "wrong version number", "handshake failure", "certificate required",
            "HTTP version", "text/plain; version=0.0.4; charset=utf-8",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            'Basic realm="metrics", charset="UTF-8"', "GET, HEAD", "Accept, Accept-Encoding",
            "partial write", "Expire date", "unable to parse", "field type conflict",
            'field type conflict: input field "', '" on measurement "', '" is type', "already exists as type", "beyond retention", "invalid field", "missing tag",
            "missing fields", "bad timestamp", "time outside range", "max key length",
            "is now earlier than", "is still later than", "refused lines",
            "contacts by medium, agents; with a time", "contacts by medium",
            "go on", "names of", "list of", "flow observations"}
# Notes of genesys-probe about a block.
OF_PROBE = re.compile(r"cumulative series \(Counters\) show|its counters come from events|it polls nothing"
                      r"|of the queues that it selects are left to earlier blocks, which|the stream is not opened")

TOKEN = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\])*'
                       | [A-Za-z_]\w* | \d\w* | \\\n | \s+ | .""", re.S | re.X)
CONVERSION = re.compile(r"%[-+ #0]*[0-9*]*(?:\.[0-9*]*)?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]")
DEBUG_ROW = re.compile(r"^\| `debug: ([^`]+)` \|", re.M)
DEBUG_WORD = re.compile(r"\b(?:N|(?!HTTP\b)[A-Z]{2,})\b")
ESCAPES = {"n": " ", "t": " ", "r": " ", '"': '"', "\\": "\\"}


def tokens(source: str):
    """Yields (text, position) of each token except blanks and comments."""
    for match in TOKEN.finditer(source):
        text = match.group()
        if not (text.isspace() or text.startswith(("/*", "//", "\\"))):
            yield text, match.start()


def literals(source: str):
    """Yields (position, function whose argument it is, arguments before it, text) of
    each string; adjacent strings are one."""
    stack, run, start, before = [], None, 0, ""
    for text, position in [*tokens(source), ("", len(source))]:
        if text.startswith('"') or (run is not None and text.startswith("PRI")):
            if run is None:
                run, start = "", position
            run += text[1:-1] if text.startswith('"') else "d"
            before = text
            continue
        if run is not None:
            yield start, *(stack[-1] if stack else ("", [])), run
            run = None
        if text == "(":
            stack.append((before, []))
        elif text == ")" and stack:
            stack.pop()
        elif stack:
            stack[-1][1].append(text)
        before = text


def trimmed(text: str) -> str:
    """Returns the text without the ends that are not compared."""
    text = re.sub(r"…(\s*…)+", "…", " ".join(text.split()))
    return text.strip(" ;:,…")


def plain(literal: str) -> str:
    """Returns a string of the sources as the document writes it."""
    text = CONVERSION.sub("…", literal.replace("%%", "\0")).replace("\0", "%")
    return trimmed(re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[0]), text))


def is_message(function: str, arguments: list[str], raw: str) -> bool:
    text = plain(raw)
    words = re.findall(r"[A-Za-z]{2,}", text)
    return (len(words) >= 4 and " " in text and not text.endswith(".")
            and not MANUAL_ROWS.fullmatch(function) and not QUIET.intersection(arguments)
            and not PROTOCOL.match(text) and not PROTOCOL.match(raw) and text not in NOT_OURS)


def messages_of_sources() -> tuple[dict[str, str], set[str]]:
    """Returns {message of run time: the first place that has it}, and every string."""
    found: dict[str, str] = {}
    strings: set[str] = set()
    for pattern in SOURCES:
        for path in sorted(TOP.glob(pattern)):
            if str(path.relative_to(TOP)) in MANUAL_FILES:
                continue
            source = path.read_text(encoding="utf-8")
            for position, function, arguments, raw in literals(source):
                strings.add(plain(raw))
                is_plain = (CONFIG in arguments or MEMORY.search(raw) or OF_PROBE.match(plain(raw))
                            or REMEDY.match(plain(raw)) or REASON_FILES.fullmatch(str(path.relative_to(TOP)))
                            or CONFIG_FILES.fullmatch(str(path.relative_to(TOP))))
                if not is_plain and is_message(function, arguments, raw):
                    place = "%s:%d" % (path.relative_to(TOP), source.count("\n", 0, position) + 1)
                    found.setdefault(plain(raw), place)
    return found, strings


def debug_lines_of_sources() -> set[str]:
    """Returns the formats of the debug lines."""
    return {plain(raw) for pattern in SOURCES for path in sorted(TOP.glob(pattern))
            for _, function, before, raw in literals(path.read_text(encoding="utf-8"))
            if function == "gc_debug" and not before}


def debug_lines_of_document() -> set[str]:
    """Returns the debug lines of the document's table."""
    text = (TOP / DOCUMENT).read_text(encoding="utf-8")
    return {trimmed(DEBUG_WORD.sub("…", row)) for row in DEBUG_ROW.findall(text)}


def messages_of_document() -> set[str]:
    """Returns the lines of the document's text blocks."""
    lines, inside = set(), False
    for line in (TOP / DOCUMENT).read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == "```text"
        elif inside:
            lines.add(trimmed(line))
    return lines


def main() -> int:
    code, strings = messages_of_sources()
    if len(code) < 100:
        print("messages: only %d messages found in the sources of %s" % (len(code), TOP), file=sys.stderr)
        return 99
    if sys.argv[1:] == ["--list"]:
        for text, place in code.items():
            print("%s\t%s" % (place, text))
        return 0
    manual = messages_of_document()
    missing = {text: place for text, place in code.items() if text not in manual}
    stale = sorted(manual - strings)
    for text, place in missing.items():
        print("missing, from %s:\n```text\n%s\n```" % (place, text))
    for text in stale:
        print("not in the code: %s" % text)
    lines, rows = debug_lines_of_sources(), debug_lines_of_document()
    for text in sorted(lines - rows):
        print("no row for the debug line: %s" % text)
    for text in sorted(rows - lines):
        print("no debug line for the row: %s" % text)
    if missing or stale or lines != rows:
        print("%s: %d messages are missing, %d are not in the code; %d debug lines differ"
              % (DOCUMENT, len(missing), len(stale), len(lines ^ rows)), file=sys.stderr)
        return 1
    print("messages: %s has all %d, and %d debug lines" % (DOCUMENT, len(code), len(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the text of a terminal: text on stdin, SVG on stdout.

    DEMO_SECONDS=60 sh examples/demo.sh | tail -n 13 | python3 tools/screen.py >docs/demo.svg
"""
from __future__ import annotations

import sys
import unicodedata
from xml.sax.saxutils import escape

CELL, LINE, MARGIN, SIZE = 8.0, 20, 16, 13.3
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line: str):
    """Yields (column, columns, text) of each word, so that a font of another width
    moves no word. Wide characters are yielded one by one."""
    column, start, text = 0, 0, ""
    for c in line + " ":
        if text and (c == " " or width(c) == 2 or width(text[-1]) == 2):
            yield start, column - start, text
            text = ""
        if c != " ":
            if not text:
                start = column
            text += c
        column += width(c)


def main() -> int:
    lines = sys.stdin.read().rstrip("\n").split("\n")
    columns = max(sum(width(c) for c in line) for line in lines)
    across, down = 2 * MARGIN + columns * CELL, 2 * MARGIN + len(lines) * LINE
    print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">'
          % (across, down, across, down))
    print("<title>What the demo shows</title>")
    print('<rect width="100%" height="100%" rx="8" fill="#1b1f24"/>')
    print('<g font-family="%s" font-size="%s" fill="#d7dde4">' % (escape(FONT, {'"': "&quot;"}), SIZE))
    for row, line in enumerate(lines):
        y = MARGIN + row * LINE + LINE * 0.7
        style = ' fill="#7ee787"' if row == 0 else ' fill="#8b98a5"' if line.startswith("queue ") else ""
        for start, taken, text in runs(line):
            print('<text x="%g" y="%g" textLength="%g" lengthAdjust="spacingAndGlyphs"%s>%s</text>'
                  % (MARGIN + start * CELL, y, taken * CELL, style, escape(text)))
    print("</g>\n</svg>")
    return 0


if __name__ == "__main__":
    sys.exit(main())

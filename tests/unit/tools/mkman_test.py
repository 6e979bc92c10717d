#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/mkman.py turns Markdown into a valid manual page."""
from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(os.environ.get("top_srcdir") or Path(__file__).resolve().parents[2])
sys.dont_write_bytecode = True
_spec = importlib.util.spec_from_file_location("mkman", TOP / "tools" / "mkman.py")
assert _spec and _spec.loader
mkman = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(mkman)

OPTION = {"plugin": "genesys_x", "block": "Queues", "named": True, "name": "Window", "type": "integer", "unit": "s", "default": None,
          "min": 1, "max": 86400, "words": [], "repeatable": False, "required": False, "secret": False,
          "meaning": "How long; `0` is none.", "example": "Window 60"}
METRIC = {"name": "queue_depth", "unit": "contacts", "meaning": "Contacts waiting."}
FACTS = {"options": [OPTION, {**OPTION, "plugin": "genesys", "block": "-"}], "metrics": [METRIC, METRIC]}
README = "# genesys_x\n\n<!-- brief: tries - it -->\n\nIntro.\n\n## Example\n\n```apache\na\n```\n\n## Options\n\n" \
         "<!-- options: Queues -->\n| old | table |\n<!-- /options -->\n"


def roff(markdown: str) -> list[str]:
    return mkman.tidy(mkman.Page("genesys_x", FACTS).roff(mkman.blocks_of(markdown)))


def page(readme: str = README) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "README.md"
        path.write_text(readme, encoding="utf-8")
        return mkman.render(str(path), None, FACTS, {"version": "1"})


class Mkman(unittest.TestCase):
    def test_markdown_becomes_roff(self) -> None:
        for markdown, want in (
                ("Plain text.", [".PP", "Plain text."]),
                (".profile and 'quotes'", [".PP", "\\&.profile and 'quotes'"]),
                ("A `--word` a-b \\ c", [".PP", "A \\fB\\-\\-word\\fR a-b \\e c"]),
                ("**strong** and *soft*, 2 * 3 * 4", [".PP", "\\fBstrong\\fR and \\fIsoft\\fR, 2 * 3 * 4"]),
                ("Wait… – é", [".PP", "Wait\\[u2026] \\[u2013] \\[u00E9]"]),
                ("One. Two.\nThree.", [".PP", "One.", "Two.", "Three."]),
                ("see [it](../genesys/README.md) or collectd.conf(5)",
                 [".PP", "see \\fBcollectd\\-genesys\\fR(5) or \\fBcollectd.conf\\fR(5)"]),
                ("[docs](../../docs/cost.md)", [".PP", "docs"]),
                ("## How it's \"done\"\n\nText.", [".SH HOW IT'S \\(dqDONE\\(dq", "Text."]),
                ("### Two \"is\" — `x`", [".SS Two \\(dqis\\(dq \\[u2014] x"]),
                ("    ls -l\n    .x", [".PP", ".RS 4", ".nf", "ls \\-l", "\\&.x", ".fi", ".RE"]),
                ("| A | B |\n|---|---|\n| `x` | one \\| two |", [".PP", "\\fIA\\fR: B", ".TP", "\\fBx\\fR", "one | two"]),
                ("| | |\n|---|---|\n| x | y |", [".TP", "x", "y"]),
                ("- a\n  b\n- c", [".IP \\(bu 4", "a b", ".IP \\(bu 4", "c"]),
                ("1. a:\n\n   ```sh\n   x\n   ```\n2. b", [".IP 1. 4", "a:", ".PP", ".RS 4", ".nf", "x", ".fi", ".RE",
                                                          ".IP 2. 4", "b"]),
                ("<!-- a note -->\nText.", [".PP", "Text."]),
                ("<!-- types -->", [".TP", "\\fBqueue_depth\\fR  (contacts)", "Contacts waiting."])):
            with self.subTest(markdown):
                self.assertEqual(roff(markdown), want)

    def test_an_option_tells_everything_of_its_row(self) -> None:
        text = page()
        for want in ("\\fBWindow\\fR\n", "How long; \\fB0\\fR is none.\n", "Type: integer.\n", "Unit: s.\n", "Default: none.\n",
                     "Accepted: 1 to 86400.\n", "Example: \\fBWindow 60\\fR\n"):
            self.assertIn(want, text)
        self.assertNotIn("old", text)

    def test_the_example_goes_to_the_end(self) -> None:
        titles = [line[4:] for line in page().splitlines() if line.startswith(".SH ")]
        self.assertEqual(titles, ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"])

    def test_two_runs_make_the_same_page_with_the_given_date(self) -> None:
        os.environ["SOURCE_DATE_EPOCH"] = "1767000000"
        self.assertEqual(page(), page())
        self.assertIn(" 2025-12-29 ", page())

    def test_an_incomplete_readme_is_refused(self) -> None:
        for readme in (README.replace("<!-- brief: tries - it -->", ""), README.replace("<!-- options: Queues -->\n", ""),
                       README + "\n```\nno end\n", README.replace("<!-- /options -->", "")):
            with self.subTest(readme), self.assertRaises(mkman.Broken):
                page(readme)


if __name__ == "__main__":
    unittest.main()

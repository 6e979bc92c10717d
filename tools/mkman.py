#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a manual page, man(7), from a plugin's README and the rows of its options:

    optdoc --json | mkman.py [--set NAME=VALUE]... [--common FILE] README

The README has the prose (a small part of Markdown, see blocks_of). The rows have
each option with type, unit, default, range and an example, and replace the
README's tables of options. All types of values replace the mark <!-- types -->.
All other comments except this one are skipped:

    <!-- brief: the present state of queues -->

Sections keep their order, except that "Example" is the last, as in all manuals.
"""
import argparse
import json
import os
import re
import sys
import textwrap
import time
import unicodedata

WIDTH = 78


class Broken(Exception):
    """Raised for a part of the README that this program does not know."""


# ---- Markdown to blocks -------------------------------------------------

def cells_of(line):
    line = line.strip().strip("|").replace("\\|", "\0")
    return [cell.strip().replace("\0", "|") for cell in line.split("|")]


def item_of(line):
    match = re.match(r"([-*]|\d+\.) +", line)
    return (match.group(1), len(match.group(0))) if match else None


def take_list(lines, at):
    """Returns the items of a list, each as the lines of its blocks."""
    items, numbered = [], item_of(lines[at])[0] not in "-*"
    while at < len(lines) and item_of(lines[at]):
        indent = item_of(lines[at])[1]
        item = [lines[at][indent:]]
        at += 1
        while at < len(lines) and (lines[at].startswith(" " * indent) or
                                   (not lines[at].strip() and
                                    at + 1 < len(lines) and
                                    lines[at + 1].startswith(" " * indent))):
            item.append(lines[at][indent:])
            at += 1
        items.append(item)
    return ("numbers" if numbered else "points", items), at


def is_text(line):
    return bool(line.strip()) and not re.match(
        r"#+ |```|\||<!--|    |[-*] |\d+\. ", line)


def take_until(lines, at, end):
    """Returns the lines before the first line equal to `end`, and the index after that line."""
    begin = at
    while lines[at] != end:
        at += 1
        if at == len(lines):
            raise Broken("no %r after line %d" % (end, begin))
    return lines[begin:at], at + 1


def take_block(lines, at):
    line = lines[at]
    heading = re.match(r"(#+) (.*)", line)
    marker = re.match(r"<!-- (\w+)(?:: (.*))? -->$", line)
    if heading:
        return ("heading", len(heading.group(1)), heading.group(2)), at + 1
    if marker and marker.group(1) == "options":
        _, at = take_until(lines, at, "<!-- /options -->")
        return ("options", marker.group(2)), at
    if marker:
        return (marker.group(1), marker.group(2)), at + 1
    if line.startswith("<!--"):
        while "-->" not in lines[at]:
            at += 1
        return ("comment", None), at + 1
    if line.startswith("```"):
        code, at = take_until(lines, at + 1, "```")
        return ("code", code), at
    if item_of(line):
        return take_list(lines, at)
    begin = at
    for kind, belongs in (("table", lambda l: l.startswith("|")),
                          ("code", lambda l: l.startswith("    ")),
                          ("text", is_text)):
        while at < len(lines) and belongs(lines[at]):
            at += 1
        if at > begin:
            piece = lines[begin:at]
            if kind == "code":
                piece = [l[4:] for l in piece]
            return (kind, piece), at
    raise Broken("unknown Markdown: %r" % line)


def blocks_of(text):
    lines, at, blocks = text.split("\n"), 0, []
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = take_block(lines, at)
        blocks.append(block)
    return blocks


# ---- text to roff -------------------------------------------------------

def escape(text, literal=False):
    """Returns the text without any meaning to roff. `literal`: text for copying, in
    which a hyphen is a minus and quotes stay straight."""
    marks = {"\\": "\\e"}
    if literal:
        marks.update({"-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha",
                      "~": "\\(ti"})
    out = []
    for char in text:
        if char in marks:
            out.append(marks[char])
        elif ord(char) < 128:
            out.append(char)
        else:
            out.append("".join("\\[u%04X]" % ord(c) for c in
                               unicodedata.normalize("NFC", char)))
    return "".join(out)


def link_of(text, url):
    """Returns the text of a link: the manual page for another plugin's README, the
    label with a web address, otherwise the label."""
    readme = re.match(r"(?:\.\./)*(?:plugins/)?(genesys\w*)/README\.md", url)
    if readme:
        return "\\fB%s\\fR(5)" % escape(page_of(readme.group(1)), literal=True)
    if url.startswith("http"):
        return "%s (%s)" % (inline(text), escape(url, literal=True))
    return inline(text)


INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?!\w)"
                    r"|\[([^\]]+)\]\(([^)]+)\)"
                    r"|\b((?:collectd|types|sqlite)[\w.-]*)\(([1-8])\)")


def inline(text):
    out, at = [], 0
    for match in INLINE.finditer(text):
        out.append(escape(text[at:match.start()]))
        code, strong, emph, label, url, page, section = match.groups()
        if code:
            out.append("\\fB%s\\fR" % escape(code, literal=True))
        elif strong:
            out.append("\\fB%s\\fR" % escape(strong))
        elif emph:
            out.append("\\fI%s\\fR" % escape(emph))
        elif url:
            out.append(link_of(label, url))
        else:
            out.append("\\fB%s\\fR(%s)" % (escape(page, literal=True), section))
        at = match.end()
    out.append(escape(text[at:]))
    return "".join(out)


def guard(line):
    """Escapes a line of text that begins like a request."""
    return "\\&" + line if line[:1] in (".", "'") else line


def filled(text):
    """Returns lines of running text; each sentence begins a line, as roff requires."""
    text = " ".join(text.split())
    lines = []
    for sentence in re.split(r"(?<=[a-z0-9)`\"]\.) (?=[A-Z`*])", text):
        lines += textwrap.wrap(inline(sentence), WIDTH, break_long_words=False,
                               break_on_hyphens=False)
    return [guard(line) for line in lines]


# ---- blocks to roff -----------------------------------------------------

def page_of(plugin):
    return "collectd-" + plugin


def code(lines):
    return [".RS 4", ".nf"] + [guard(escape(l, literal=True)) or "\\&"
                               for l in lines] + [".fi", ".RE"]


def row_of_table(row):
    """Makes an entry whose text is the last cell, under the other cells."""
    tag = "  ".join(inline(cell) for cell in row[:-1] if cell)
    body = filled(row[-1]) or ["\\&"]
    return [".TP", guard(tag or "\\&")] + body


def table(lines):
    head, rows = cells_of(lines[0]), [cells_of(l) for l in lines[2:]]
    out = []
    if any(head):
        title = ", ".join(cell for cell in head[:-1] if cell)
        out += [".PP", "\\fI%s\\fR: %s" % (inline(title), inline(head[-1]))]
    for row in rows:
        out += row_of_table(row)
    return out


def accepted(row):
    if row["min"] is not None:
        return "%.15g to %.15g" % (row["min"], row["max"])
    words = ["true", "false"] if row["type"] == "boolean" else row["words"]
    return ", ".join("`%s`" % word for word in words)


def option(row):
    facts = ["Type: %s%s%s" % ("secret " if row["secret"] else "", row["type"],
                               ", repeatable" if row["repeatable"] else "")]
    if row["unit"]:
        facts.append("Unit: %s" % row["unit"])
    if row["required"]:
        facts.append("Required")
    elif row["default"] is None:
        facts.append("Default: none")
    else:
        facts.append("Default: `%s`" % row["default"])
    if accepted(row):
        facts.append("Accepted: %s" % accepted(row))
    return ([".TP", "\\fB%s\\fR" % escape(row["name"], literal=True)] +
            filled(row["meaning"]) + [".br"] + filled(". ".join(facts) + ".") +
            [".br", "Example: \\fB%s\\fR" % escape(row["example"],
                                                   literal=True)])


class Page:
    """A manual page; `facts` is the output of optdoc --json."""

    def __init__(self, plugin, facts):
        self.plugin, self.metrics, self.blocks = plugin, facts["metrics"], {}
        for row in facts["options"]:
            if row["plugin"] == plugin:
                self.blocks.setdefault(row["block"], []).append(row)
        self.brief, self.begun = None, False

    def options(self, block):
        out = ['.\\" options: %s' % block]
        for row in self.blocks[block]:
            out += option(row)
        return out + ['.\\" /options']

    def all_types(self):
        out = []
        for row in {row["name"]: row for row in self.metrics}.values():
            out += row_of_table(["`%s`" % row["name"], "(%s)" % row["unit"],
                                 row["meaning"]])
        return out

    def items(self, kind, items):
        out = []
        for number, lines in enumerate(items, 1):
            mark = "\\(bu" if kind == "points" else "%d." % number
            body = self.roff(blocks_of("\n".join(lines)))
            if body[:1] == [".PP"]:
                body = body[1:]
            out += [".IP %s 4" % mark] + body
        return out + [".PP"]

    def block(self, block):
        kind = block[0]
        if kind == "heading":
            name = re.sub(r"[`*]", "", block[2])
            name = name.upper() if block[1] == 2 else name
            return [(".SH " if block[1] == 2 else ".SS ") +
                    escape(name).replace('"', "\\(dq")]
        if kind == "text":
            return [".PP"] + filled(" ".join(block[1]))
        if kind == "code":
            return [".PP"] + code(block[1])
        if kind == "table":
            return table(block[1])
        if kind == "options":
            return self.options(block[1])
        if kind == "types":
            return self.all_types()
        if kind in ("points", "numbers"):
            return self.items(kind, block[1])
        return []  # a comment

    def roff(self, blocks):
        return [line for block in blocks for line in self.block(block)]

    def synopsis(self):
        out = ["LoadPlugin " + self.plugin, "", "<Plugin %s>" % self.plugin]
        for name, rows in self.blocks.items():
            indent = "  " if name == "-" else "    "
            if name != "-":
                out.append("  <%s%s>" % (name, ' "NAME"' if rows[0]["named"] else ""))
            needed = [r for r in rows if r["required"]]
            out += [indent + r["example"] for r in needed]
            if len(needed) < len(rows):
                out.append(indent + "...")
            if name != "-":
                out.append("  </%s>" % name)
        return code(out + ["</Plugin>"])


def sections_of(blocks):
    """Returns the text before the first section, and the sections in order."""
    intro, sections = [], []
    for block in blocks:
        if block[0] == "heading" and block[1] == 1:
            continue
        if block[0] == "heading" and block[1] == 2:
            sections.append((block[2], [block]))
        elif sections:
            sections[-1][1].append(block)
        else:
            intro.append(block)
    return intro, sections


def tidy(lines):
    """Removes paragraph requests where they are not allowed: after a section's
    title, before another request that breaks, at the end."""
    out = []
    for line in lines:
        breaks = line == ".PP" or re.match(r"\.(SH|SS|TP|IP)\b", line)
        while breaks and out and out[-1] == ".PP":
            out.pop()
        if line == ".PP" and out and re.match(r"\.(SH|SS) ", out[-1]):
            continue
        out.append(line)
    while out and out[-1] == ".PP":
        out.pop()
    return out


def date_of(path):
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    seconds = int(epoch) if epoch else os.stat(path).st_mtime
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def render(readme, common, facts, settings):
    with open(readme, encoding="utf-8") as file:
        blocks = blocks_of(file.read())
    plugin = next(b[2] for b in blocks if b[0] == "heading")
    page, name = Page(plugin, facts), page_of(plugin)
    brief = [b[1] for b in blocks if b[0] == "brief"]
    if len(brief) != 1:
        raise Broken("one <!-- brief: ... --> is wanted, there are %d" %
                     len(brief))
    for missing in set(page.blocks) - {b[1] for b in blocks
                                       if b[0] == "options"}:
        raise Broken("no <!-- options: %s -->" % missing)
    intro, sections = sections_of(blocks)
    examples = [s for s in sections if s[0] == "Example"]
    sections = [s for s in sections if s[0] != "Example"]
    if common:
        with open(common, encoding="utf-8") as file:
            text = re.sub(r"@(\w+)@", lambda m: settings[m.group(1)],
                          file.read())
        sections += sections_of(blocks_of(text))[1]
    pages = sorted({page_of(row["plugin"]) for row in facts["options"]} - {name})
    see = ["collectd(1)", "collectd.conf(5)"] + ["%s(5)" % p for p in pages] + [
        "types.db(5)"]

    out = ['.\\" SPDX-License-Identifier: MIT',
           '.\\" Made by tools/mkman.py from %s; edit that file.' %
           ("plugins/%s/README.md" % plugin),
           ".TH %s 5 %s \"collectd\\-genesys %s\" \"Plugins of collectd\"" % (
               escape(name.upper(), literal=True), date_of(readme),
               settings["version"]),
           ".ad l", ".nh", ".SH NAME",
           escape(name, literal=True) + " \\-"] + filled(brief[0]) + [
           ".SH SYNOPSIS"] + page.synopsis()
    out += [".SH DESCRIPTION"] + page.roff(intro)
    for _, section in sections:
        out += page.roff(section)
    for _, section in examples:
        out += [".SH EXAMPLES"] + page.roff(section[1:])
    out += [".SH SEE ALSO"] + filled(", ".join(see))
    return "\n".join(tidy(out)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("readme")
    parser.add_argument("--common")
    parser.add_argument("--set", action="append", default=[],
                        metavar="NAME=VALUE")
    args = parser.parse_args()
    settings = dict(s.split("=", 1) for s in args.set)
    try:
        sys.stdout.write(render(args.readme, args.common, json.load(sys.stdin),
                                settings))
    except Broken as why:
        sys.exit("mkman: %s: %s" % (args.readme, why))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that four places name the same options: the code's rows
(tools/optdoc --json), the READMEs (plugins/NAME/README.md), the manual pages
(man/*.5, made by make) and the example configurations (examples/collectd.conf.d,
with or without a "#" before the option). mandoc must report nothing about the
pages.

An option is (plugin, block, name); the block is "-" outside of any block."""
import json
import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("top_srcdir", ".")
BUILD = os.environ.get("top_builddir", ".")
BLOCK = re.compile(r"<(\w+)(?: \"[^\"]*\")?>$")
OPTION = re.compile(r"([A-Z]\w*)\s+(?:\"|[\d.]+(?:\s|$)|true|false)")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def of_code(facts):
    return {(o["plugin"], o["block"], o["name"]) for o in facts["options"]}


def of_marked(plugin, text, begin, end, entry):
    """Returns the options between the lines `begin` (which names the block) and `end`."""
    found, block = set(), None
    for line in text.split("\n"):
        if re.match(begin, line):
            block = re.match(begin, line).group(1)
        elif line == end:
            block = None
        elif block and re.match(entry, line):
            found.add((plugin, block, re.match(entry, line).group(1)))
    return found


def of_readme(plugin, text):
    return of_marked(plugin, text, r"<!-- options: (\S+) -->$",
                     "<!-- /options -->", r"\| `(\w+)` \|")


def of_page(plugin, text):
    return of_marked(plugin, text, r'\.\\" options: (\S+)$',
                     '.\\" /options', r"\\fB(\w+)\\fR$")


def of_example(plugin, text):
    found, block = set(), "-"
    for line in text.split("\n"):
        line = line.lstrip(" \t#")
        if line.startswith("</"):
            block = "-"
        elif BLOCK.match(line) and BLOCK.match(line).group(1) != "Plugin":
            block = BLOCK.match(line).group(1)
        elif OPTION.match(line):
            found.add((plugin, block, OPTION.match(line).group(1)))
    return found


def differences(places):
    """Returns a line for each option that one place has and another lacks."""
    return ["%s: <%s> %s is in %s and not in %s" % (
                option[0], option[1], option[2],
                ", ".join(n for n in places if option in places[n]),
                ", ".join(n for n in places if option not in places[n]))
            for option in sorted(set().union(*places.values()))
            if not all(option in options for options in places.values())]


def finds_what_is_missing(places):
    """Returns the changes that differences() misses: an option removed from a place, or added."""
    failures = []
    for name, options in places.items():
        victim, stranger = sorted(options)[-1], ("genesys", "-", "Stranger")
        for changed, lost in ((options - {victim}, victim),
                              (options | {stranger}, stranger)):
            found = differences(dict(places, **{name: changed}))
            if not any(lost[2] in line for line in found):
                failures.append("a change of %s stays unseen: %s" %
                                (name, lost))
    return failures


def entries_are_whole(plugin, page, facts):
    """Returns the entries that lack a type, unit, default, range or example."""
    missing = []
    text = page.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
    text = re.sub(r"\\f[BIR]", "", " ".join(text.split("\n")))
    at, block = 0, None
    for o in facts["options"]:
        if o["plugin"] != plugin:
            continue
        if o["block"] != block:
            block = o["block"]
            at = text.index('options: %s ' % block)
        found = text.find(".TP %s " % o["name"], at)
        if found < 0:  # differences() reports it
            continue
        at = found
        entry = text[at:text.find("Example: ", at) + 400]
        wanted = [o["type"], "Example: " + o["example"],
                  "Required" if o["required"] else
                  "Default: " + (o["default"] or "none")]
        wanted += ["Unit: " + o["unit"]] if o["unit"] else []
        wanted += ["Accepted: " + ", ".join(o["words"])] if o["words"] else []
        wanted += (["Accepted: %.15g to %.15g" % (o["min"], o["max"])]
                   if o["max"] is not None else [])
        missing += ["%s: %s: the page does not say %r" % (
            plugin, o["name"], w) for w in wanted if w not in entry]
    return missing


def lint(paths):
    if not shutil.which("mandoc"):
        print("check-man: no mandoc here: the pages' form is not checked")
        return []
    run = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"] + paths,
                         capture_output=True, text=True)
    return (run.stdout + run.stderr).splitlines() or (
        ["mandoc ended with %d" % run.returncode] if run.returncode else [])


def main():
    facts = json.loads(subprocess.run(
        [os.path.join(BUILD, "tools", "optdoc"), "--json"], check=True,
        capture_output=True, text=True).stdout)
    plugins = sorted({o["plugin"] for o in facts["options"]})
    # A plugin that configure left out has no page.
    paged = [p for p in plugins if os.path.exists(
        os.path.join(BUILD, p + ".la"))]
    page_path = {p: os.path.join(BUILD, "man", "collectd-%s.5" % p)
                 for p in paged}
    places = {"code": of_code(facts), "README": set(), "manual": set(),
              "example": set()}
    wrong = []
    for p in plugins:
        places["README"] |= of_readme(p, read(TOP, "plugins", p, "README.md"))
        places["example"] |= of_example(p, read(
            TOP, "examples", "collectd.conf.d", p + ".conf"))
        if p in paged:
            page = read(page_path[p])
            places["manual"] |= of_page(p, page)
            wrong += entries_are_whole(p, page, facts)
        else:
            places["manual"] |= {o for o in places["code"] if o[0] == p}
    wrong += differences(places)
    wrong += finds_what_is_missing(places) if not wrong else []
    wrong += lint(sorted(page_path.values()))
    for line in wrong:
        print("check-man: " + line)
    if not wrong:
        print("check-man: %d options are in code, READMEs, manuals and "
              "examples" % len(places["code"]))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

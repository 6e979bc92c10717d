#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does tools/new-plugin.sh create a plugin that builds, passes its tests and runs in a real collectd?

Runs the script, autogen.sh, configure and make for that plugin and its documents in a copy of the tree.
"""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, block
from lib.genesys import TOP, Simulator
from lib.report import Skip, check, same

NAME = "sample"
UNIT_TEST = "tests/unit/plugins/genesys_%s/%s_test" % (NAME, NAME)
SMALL = {"queues": 7, "agents": 8, "plain_names": True, "frozen": True}
# Files of a build in the tree, or of distcheck below it.
LEFT_OVERS = (".git", "_build", "_inst", "build", "build-[!a]*", "autom4te.cache", "__pycache__", ".libs", ".deps",
              ".dirstamp", "*.o", "*.lo", "*.la", "*.a", "*.log", "*.trs", "*.5", "options.json", "genesys.db", "config.status",
              "gc_config.h", "Makefile", "libtool", "stamp-h1", "collectd-genesys-*")


def left_overs(folder: str, names: list[str]) -> set[str]:
    found = set(shutil.ignore_patterns(*LEFT_OVERS)(folder, names))
    for path in (Path(folder) / name for name in names if name not in found and "." not in name):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    found.add(path.name)
    return found


def copied() -> Path:
    tree = process.folder("new") / "tree"
    shutil.copytree(TOP, tree, symlinks=True, ignore=left_overs)
    for path in [tree, *tree.rglob("*")]:  # distcheck's is read-only
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)
    return tree


def run(words: list[str], within_s: float = 1800) -> "subprocess.CompletedProcess[bytes]":
    return process.run(words, within_s=within_s)


def went(what: str, words: list[str], folder: Path, **env: str) -> str:
    """Runs a command in a folder; returns its output."""
    assigned = ["%s=%s" % pair for pair in env.items()]
    done = run(["env", "-C", str(folder), *assigned, *words])
    said = done.stdout.decode(errors="replace")
    check(what, done.returncode == 0, said[-3000:])
    if done.returncode != 0:
        raise Skip("the checks after: " + what)
    return said


def a_new_plugin_builds_passes_its_tests_and_runs() -> None:
    missing = [one for one in ("autoreconf", "libtoolize", "make") if not process.program(one)]
    if missing:
        raise Skip("no " + ", ".join(missing))
    tree = copied()
    build = tree.parent / "build"
    build.mkdir()
    env = {"top_srcdir": str(tree), "top_builddir": str(build), "PYTHON": os.environ.get("PYTHON") or "python3"}
    jobs = "-j%d" % (os.cpu_count() or 1)

    went("the script succeeds", ["sh", "tools/new-plugin.sh", NAME], tree)
    again = run(["sh", str(tree / "tools" / "new-plugin.sh"), NAME])
    check("the script refuses a second run", again.returncode == 1 and b"exists already" in again.stdout, again.stdout)
    went("autogen.sh succeeds", ["./autogen.sh"], tree)
    said = went("configure --help succeeds", [str(tree / "configure"), "--help"], build)
    check("configure can leave the new plugin out", "--disable-genesys-" + NAME in said)
    went("configure succeeds", [str(tree / "configure"), "-q", "CFLAGS=-O0", "PYTHON=" + env["PYTHON"]], build)
    said = went("make succeeds", ["make", "-s", jobs, "genesys.la", "genesys_%s.la" % NAME, UNIT_TEST,
                         "tests/fuzz/%s_fuzz" % NAME, "tests/golden/%s_case" % NAME,
                         "man/collectd-genesys_%s.5" % NAME], build)
    same("make prints no warning about the new plugin", [line for line in said.splitlines() if "warning:" in line and NAME in line], [])
    went("the plugin's unit test passes", [UNIT_TEST], build, **env)
    went("the plugin's fuzz target passes", ["tests/fuzz/%s_fuzz" % NAME], build, **env)
    went("the plugin's golden case passes", ["sh", str(tree / "tests/golden/run-case.sh"),
                      str(tree / ("tests/golden/genesys_%s/first.case" % NAME))], build, **env)
    went("the plugin's documents match the code", ["sh", str(tree / "tools/check-docs.sh")], build, **env)
    went("tools/layers.sh passes", ["sh", str(tree / "tools/layers.sh")], build, **env)
    went("tools/banned.sh passes", ["sh", str(tree / "tools/banned.sh")], build, **env)
    page = (build / "man" / ("collectd-genesys_%s.5" % NAME)).read_text(encoding="utf-8")
    check("the manual has the plugin's options", "\\fBRequestInterval\\fR" in page and "Example: \\fBRequestInterval 30\\fR" in page)

    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), ours=("genesys", "genesys_" + NAME), build=build, more="<Plugin genesys_%s>\n%s</Plugin>\n"
                      % (NAME, block(NAME.title(), "all", {"Account": "prod", "RequestInterval": 1})))
    daemon.lives_until(lambda: daemon.latest(NAME + "-all", "queues", "listed") == SMALL["queues"], 30, "the number of queues")
    daemon.lives_until(lambda: daemon.latest(NAME + "-all", "source_up", "queues") == 1, 30, "source_up is 1")
    _, status = daemon.stop()
    same("collectd ends with status 0", status, 0)


if __name__ == "__main__":
    report.main([a_new_plugin_builds_passes_its_tests_and_runs], {"collectd": DAEMON})

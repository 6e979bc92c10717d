#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The newest stable Debian: does the tree build there without a warning and pass its core tests; does its package install,
measure and leave no trace?"""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import making
from installed import Host
from lib import process, report
from lib.genesys import Simulator
from lib.report import Skip, check, note, same
from making import done, need
from packages import measures, verdicts

RELEASE = "trixie"
BUILD_S = 3000.0  # on a host that is busy with the end-to-end tests
TREE = "/usr/src/collectd-genesys"  # in the new Debian
# The package follows the policy of Debian 12; three bytes of machine code may read as a misspelt word.
NOT_OURS = re.compile(r"out-of-date-standards-version|spelling-error-in-binary \w{3} with ")
# The build needs /proc and /dev; the mounts end with the command.
MOUNTED = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" sh -ec "$2"'


def run(root: Path, script: str) -> str:
    """The output of a script in the Debian below `root`."""
    return done(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNTED, "sh", str(root),
                 "cd %s\n%s" % (TREE, script)], within_s=BUILD_S, DEBIAN_FRONTEND="noninteractive",
                PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8", HOME="/root", TMPDIR="/tmp", TMP="/tmp",
                CC="gcc")


def counts(log: str) -> dict[str, int]:
    """automake's "# PASS: 3" lines."""
    rows = [line[2:].split(":") for line in log.splitlines() if line.startswith("# ") and line.count(":") == 1]
    return {name: int(number) for name, number in rows if number.strip().isdigit()}


def builder() -> Path:
    """A minimal Debian with the source tree and the packages that tools/deps.sh installs for it."""
    root = making.debian_of(RELEASE, ["make"])
    unpacked = process.folder("tree")
    done(["tar", "-xf", str(making.tarball()), "-C", str(unpacked)])
    shutil.copytree(next(unpacked.glob("collectd-genesys-*")), root / TREE.lstrip("/"), symlinks=True)
    run(root, "sh tools/deps.sh build demo test package")
    same("a second call installs nothing", run(root, "sh tools/deps.sh build demo test package").strip(), "")
    return root


def from_the_build_to_the_purge() -> None:
    need("mmdebstrap", "chroot", "unshare")
    if os.geteuid() != 0:
        raise Skip("a Debian of its own needs root")
    root = builder()
    jobs = "-j%d" % (os.cpu_count() or 2)
    run(root, "mkdir b && cd b && ../configure -q --enable-werror PYTHON=/usr/bin/python3 && make -s %s all && "
              "make -s %s check-programs" % (jobs, jobs))
    log = run(root, "cd b && make -k %s check-core || :" % jobs)
    found = counts(log)
    note("%d of %d core tests" % (found.get("PASS", 0), found.get("TOTAL", 0)))
    check("the core tests pass", found.get("PASS", 0) > 200 and found.get("FAIL") == found.get("ERROR") == 0,
          [line for line in log.splitlines() if line.startswith(("FAIL:", "ERROR:"))])
    run(root, "cd b && DEB_BUILD_OPTIONS=nocheck make -s %s deb" % jobs)
    said = run(root, "cd b && lintian -EvIL +pedantic --allow-root deb/*.changes")
    same("lintian", [line for line in verdicts(said) if not NOT_OURS.search(line)], [])

    package = making.deb(root / TREE.lstrip("/") / "b" / "deb")
    sim = Simulator(frozen=True, queues=12, agents=20, plain_names=True, rate_limit=0)
    host = Host(making.debian_of(RELEASE, ["collectd"]))
    host.configure_collectd()
    host.install(package)
    host.enable("genesys", "genesys_realtime", "genesys_analytics")
    host.use(sim)
    measures(host, sim).stop()
    host.run("dpkg", "--purge", "collectd-plugin-genesys")
    same("status of the package in dpkg", host.status(), "")


if __name__ == "__main__":
    report.main([from_the_build_to_the_purge])

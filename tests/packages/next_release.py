#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the package build in the newest stable Debian without a warning, pass the core tests, install, measure and leave no
trace?"""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import making
from installed import Host
from lib import process, report
from lib.genesys import Simulator
from lib.process import Program
from lib.report import Skip, check, note, same
from making import done, need
from packages import measures, lint_findings

RELEASE = "trixie"
INSTALLED = ("build", "demo", "package")  # sets of tools/deps.sh
LOOKED_UP = "test"  # the set that the end-to-end tests need; it has compilers, databases and a browser
BUILD_S = 3000.0  # on a host that is busy with the end-to-end tests
TREE = "/usr/src/collectd-genesys"  # in the new Debian
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


def builder(root: Path) -> None:
    """Puts the source tree into a minimal Debian, and the packages that tools/deps.sh installs for it."""
    unpacked = process.folder("tree")
    done(["tar", "-xf", str(making.tarball()), "-C", str(unpacked)])
    shutil.copytree(next(unpacked.glob("collectd-genesys-*")), root / TREE.lstrip("/"), symlinks=True)
    install = "sh tools/deps.sh " + " ".join(INSTALLED)
    run(root, install)
    same("a second call installs nothing", run(root, install).strip(), "")
    plan = run(root, "apt-get -q -s install --no-install-recommends $(sh tools/deps.sh --names %s)" % LOOKED_UP)
    check("apt finds the packages of the tests", plan.count("\nInst ") > 20, plan[-2000:])


def package_of(root: Path) -> Path:
    """The package, after its tests and the check by lintian; all use one build."""
    shutil.copy(making.tarball(), root / TREE.lstrip("/"))
    log = run(root, "VERBOSE=1 sh packaging/make-deb.sh %s deb 2>&1 || :" % making.tarball().name)
    same("warnings of the compiler", [line for line in log.splitlines() if re.search(r":\d+:\d+: warning: ", line)], [])
    found = counts(log)
    note("%d of %d core tests" % (found.get("PASS", 0), found.get("TOTAL", 0)))
    if not check("the core tests pass", found.get("PASS", 0) > 200 and found.get("FAIL") == found.get("ERROR") == 0,
                 [line for line in log.splitlines() if line.startswith(("FAIL:", "ERROR:"))]):
        at = log.find("test-suite.log")
        raise RuntimeError("no package: %s" % (log[at:at + 4000] if at >= 0 else log[-4000:]))
    said = run(root, "lintian -EvIL +pedantic --allow-root deb/*.changes")
    same("lintian", lint_findings(said), [])
    return making.deb(root / TREE.lstrip("/") / "deb")


def the_next_release_builds_runs_and_purges_the_package() -> None:
    need("mmdebstrap", "chroot", "unshare")
    if os.geteuid() != 0:
        raise Skip("a Debian of its own needs root")
    mount = Program(["unshare", "--mount", "true"])
    if mount.wait(60.0) != 0:
        raise Skip("nothing can be mounted here, as in a chroot: " + mount.text.strip())
    root = making.debian_of(RELEASE, ["make"])
    other = making.copy_of(root)
    builder(root)
    package = package_of(root)
    sim = Simulator(frozen=True, queues=12, agents=20, plain_names=True, rate_limit=0)
    host = Host(other)
    host.run("apt-get", "-q", "-y", "install", "--no-install-recommends", "collectd")
    host.configure_collectd()
    host.install(package)
    host.enable("genesys", "genesys_realtime", "genesys_analytics")
    host.use(sim)
    measures(host, sim).stop()
    host.run("dpkg", "--purge", "collectd-plugin-genesys")
    same("status of the package in dpkg", host.status(), "")


if __name__ == "__main__":
    report.main([the_next_release_builds_runs_and_purges_the_package])

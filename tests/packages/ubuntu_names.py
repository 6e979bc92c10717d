#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does Ubuntu have each package that tools/deps.sh names?"""
from __future__ import annotations

import re

import making
from lib import process, report
from lib.genesys import TOP
from lib.report import check, same
from making import done, need

ARCHIVE, RELEASE = "http://archive.ubuntu.com/ubuntu", "noble"
SETS = ("build", "demo", "test", "package", "bench")  # of tools/deps.sh


def ubuntu() -> dict[str, str]:
    """The environment in which apt knows Ubuntu's packages and nothing of this machine's."""
    where = process.folder("ubuntu")
    for name in ("lists/partial", "cache/archives/partial"):
        (where / name).mkdir(parents=True)
    (where / "status").touch()
    (where / "sources.list").write_text("".join("deb [arch=amd64 trusted=yes] %s %s main universe\n" % (ARCHIVE, suite)
                                                for suite in (RELEASE, RELEASE + "-updates")))
    conf = where / "apt.conf"
    conf.write_text('APT::Architecture "amd64";\nAPT::Architectures { "amd64"; };\nAPT::Sandbox::User "root";\n'
                    'Acquire::Languages "none";\nAcquire::Retries "3";\nAPT::Update::Error-Mode "any";\n'
                    'Dir::State "%(dir)s";\nDir::State::lists "%(dir)s/lists";\nDir::State::status "%(dir)s/status";\n'
                    'Dir::Cache "%(dir)s/cache";\nDir::Etc::SourceList "%(dir)s/sources.list";\n'
                    'Dir::Etc::SourceParts "/dev/null";\nDir::Etc::Preferences "/dev/null";\n'
                    'Dir::Etc::PreferencesParts "/dev/null";\n' % {"dir": where})
    env = {"APT_CONFIG": str(conf)}
    making.reached(["apt-get", "-q", "update"], **env)
    return env


def ubuntu_has_each_name() -> None:
    need("apt-get", "apt-cache")
    env = ubuntu()
    names = done(["sh", str(TOP / "tools" / "deps.sh"), "--names", *SETS], **env).split()
    check("names", len(names) > 50, names)
    known = done(["apt-cache", "policy", *names], **env)
    without = [row.split(":")[0] for row in re.split(r"\n(?=\S)", known) if not re.search(r"Candidate: [^(]", row)]
    same("names without a candidate in %s" % RELEASE, without, [])
    same("names without an entry", [name for name in names if "\n%s:\n" % name not in "\n" + known], [])


if __name__ == "__main__":
    report.main([ubuntu_has_each_name])

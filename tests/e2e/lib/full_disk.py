# SPDX-License-Identifier: MIT
"""A full disk on demand: full_disk.c, preloaded."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import process
from .report import Skip

HERE = Path(__file__).resolve().parent


@dataclass
class Disk:
    shim: Path
    flag: Path
    env: dict[str, str]

    def fill(self) -> None:
        self.flag.touch()

    def empty(self) -> None:
        self.flag.unlink()


def full_disk(below: Path) -> Disk:
    """A disk that fills up for the files below this folder; `shim` and `env` are for the `preload` and `env` of a daemon."""
    compiler = process.program("gcc", "cc", "clang")
    if not compiler:
        raise Skip("no C compiler for lib/full_disk.c")
    made = process.folder("full") / "full_disk.so"
    done = process.run([compiler, "-shared", "-fPIC", "-o", str(made), str(HERE / "full_disk.c"), "-ldl"])
    if done.returncode != 0:
        raise Skip("lib/full_disk.c: " + done.stdout.decode(errors="replace"))
    flag = made.parent / "is-full"
    return Disk(made, flag, {"FULL_DISK_BELOW": str(below), "FULL_DISK_WHEN": str(flag)})

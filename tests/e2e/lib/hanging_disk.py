# SPDX-License-Identifier: MIT
"""A disk that hangs on demand: hanging_disk.c, preloaded."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import process
from .report import Skip

HERE = Path(__file__).resolve().parent


@dataclass
class Disk:
    below: Path
    shim: Path
    flag: Path
    env: dict[str, str]

    def hang(self) -> None:
        self.flag.touch()

    def answer(self) -> None:
        self.flag.unlink()


def hanging_disk(name: str) -> Disk:
    """A folder whose files hang; `shim` and `env` are for the `preload` and `env` of a daemon."""
    compiler = process.program("gcc", "cc", "clang")
    if not compiler:
        raise Skip("no C compiler for lib/hanging_disk.c")
    made = process.folder("hanging") / "hanging_disk.so"
    done = process.run([compiler, "-shared", "-fPIC", "-o", str(made), str(HERE / "hanging_disk.c"), "-ldl"])
    if done.returncode != 0:
        raise Skip("lib/hanging_disk.c: " + done.stdout.decode(errors="replace"))
    below, flag = process.folder(name), made.parent / "hangs"
    return Disk(below, made, flag, {"HANGING_BELOW": str(below), "HANGING_WHEN": str(flag)})

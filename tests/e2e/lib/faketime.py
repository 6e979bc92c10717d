# SPDX-License-Identifier: MIT
"""libfaketime: a clock of collectd that runs faster than real time."""
from __future__ import annotations

import atexit
import contextlib
from pathlib import Path
from typing import Any, Optional

from .collectd import build_folder

FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64")
FAKETIME = next((path for folder in FOLDERS for path in [Path(folder) / "faketime" / "libfaketimeMT.so.1"] if path.exists()), None)
SHARED_MEMORY = Path("/dev/shm")
LONG_TIMEOUTS = {"RequestsPerMinute": 10000, "Timeout": 600, "ConnectTimeout": 300}  # a busy machine is slow for such a clock


def options(start: str, rate: float, before: tuple[Path, ...] = (), env: Optional[dict[str, str]] = None) -> dict[str, Any]:
    """Arguments of Collectd: its clock begins at `start` and runs `rate` times as fast as real time.

    `before`: libraries to preload before libfaketime. A thread that collectd leaves behind at its exit would crash
    in libfaketime; quick_exit.so prevents this.
    """
    quick_exit = build_folder() / "tests" / "support" / ".libs" / "quick_exit.so"
    return {"preload": ":".join(str(path) for path in (quick_exit, *before, FAKETIME)),
            "env": {"FAKETIME": "%s x%g" % (start, rate), "TZ": "UTC", **(env or {})}}


@atexit.register
def _tidy() -> None:
    """Removes the shared memory of processes that have ended."""
    for pattern in ("faketime_shm_*", "sem.faketime_sem_*"):
        for path in SHARED_MEMORY.glob(pattern):
            if not Path("/proc/" + path.name.rpartition("_")[2]).exists():
                with contextlib.suppress(OSError):  # another test was faster, or another user owns it
                    path.unlink()

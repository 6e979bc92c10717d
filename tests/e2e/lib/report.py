# SPDX-License-Identifier: MIT
"""Checks as lines `ok NAME` and `FAIL NAME: why`; the exit status is 1 after a failure."""
from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from typing import Any, Callable, Optional

from . import process

SKIPPED = 77  # automake's exit status of a skipped test
SOON_S = 10.0  # within this time a value that is measured each second is in the csv file
PARALLEL = 4  # scenarios at a time; most of their time is waiting

_lock = threading.Lock()
_here = threading.local()
_counts = {"ok": 0, "FAIL": 0}


class Skip(Exception):
    """Raised with the reason why a scenario cannot run here."""


def say(text: str) -> None:
    with _lock:
        print(text, flush=True)


def note(text: str) -> None:
    """Prints a figure or a remark; not a check."""
    say("# %s: %s" % (getattr(_here, "scenario", "test"), text))


def check(name: str, good: Any, why: Any = "") -> bool:
    full = "%s: %s" % (getattr(_here, "scenario", "test"), name)
    with _lock:
        _counts["ok" if good else "FAIL"] += 1
        print("ok %s" % full if good else "FAIL %s: %s" % (full, why), flush=True)
    return bool(good)


def same(name: str, got: Any, wanted: Any) -> bool:
    return check(name, got == wanted, "got %r, wanted %r" % (got, wanted))


def check_soon(name: str, condition: Callable[[], Any], why: Callable[[], Any] = str, within_s: float = SOON_S) -> bool:
    """Waits until the condition is true; `why` is read after a failure."""
    try:
        process.wait_until(condition, within_s, name)
    except process.Late as late:
        return check(name, False, "%s %s" % (late, why()))
    return check(name, True)


def same_soon(name: str, read: Callable[[], Any], wanted: Any, within_s: float = SOON_S) -> bool:
    """Waits until `read` returns the wanted value; shows the value that ended the wait."""
    got: Any = None

    def is_equal() -> bool:
        nonlocal got
        got = read()
        return got == wanted
    try:
        process.wait_until(is_equal, within_s, name)
    except process.Late:
        pass
    return same(name, got, wanted)


def has_line(name: str, text: str, *parts: str) -> bool:
    """Checks that one line of the text holds all the parts."""
    hit = any(all(part in line for part in parts) for line in text.splitlines())
    return check(name, hit, "no line with %s in:\n%s" % (" … ".join(repr(p) for p in parts), _tail(text)))


def _tail(text: str, most: int = 12) -> str:
    return "\n".join("    | " + line for line in text.splitlines()[-most:])


def _one(scenario: Callable[[], None], skipped: list[str]) -> None:
    _here.scenario = scenario.__name__
    began = time.monotonic()
    try:
        scenario()
    except Skip as why:
        skipped.append(scenario.__name__)
        say("SKIP %s: %s" % (scenario.__name__, why))
    except Exception as error:  # an exception fails its scenario; the others continue
        check("runs to its end", False, "%s\n%s" % (error, traceback.format_exc()))
    note("%.1f s" % (time.monotonic() - began))


def main(scenarios: list[Callable[[], None]], need: Optional[dict[str, Optional[str]]] = None) -> None:
    """Runs the scenarios (or those that the command line names) and exits."""
    if os.environ.get("GC_E2E") == "no":  # make distcheck: no end-to-end tests of the tarball
        say("SKIP: GC_E2E=no")
        sys.exit(SKIPPED)
    for what, found in (need or {}).items():
        if not found:
            say("SKIP: %s is not installed" % what)
            sys.exit(SKIPPED)
    wanted = sys.argv[1:]
    unknown = set(wanted) - {s.__name__ for s in scenarios}
    if unknown:
        sys.exit("no scenario %s; there are: %s" % (", ".join(unknown), " ".join(s.__name__ for s in scenarios)))
    chosen = [s for s in scenarios if not wanted or s.__name__ in wanted]

    skipped: list[str] = []
    room = threading.Semaphore(int(os.environ.get("GC_E2E_PARALLEL", PARALLEL)))

    def in_turn(scenario: Callable[[], None]) -> None:
        with room:
            _one(scenario, skipped)

    threads = [threading.Thread(target=in_turn, args=(s,), daemon=True) for s in chosen]
    for thread in threads:
        thread.start()
    process.serve_main_thread(lambda: not any(thread.is_alive() for thread in threads))
    process.end_all()
    say("# %d ok, %d failed, %d skipped" % (_counts["ok"], _counts["FAIL"], len(skipped)))
    if _counts["FAIL"]:
        sys.exit(1)
    sys.exit(SKIPPED if len(skipped) == len(chosen) else 0)

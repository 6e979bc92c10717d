# SPDX-License-Identifier: MIT
"""Programs under test: none outlives the test, whatever ends it.

Each program leads a session of its own and dies with the test (PDEATHSIG); at
the test's end its whole group is killed. The kernel ties PDEATHSIG to the
thread that forked, hence all forks are done by the main thread: scenarios that
run in other threads ask it to.
"""
from __future__ import annotations

import atexit
import ctypes
import os
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

T = TypeVar("T")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_tick = threading.Event()  # never set; its wait() is a pause between two looks
_started: list["Program"] = []
_folders: list[Path] = []
_requests: "queue.Queue[Callable[[], None]]" = queue.Queue()


class Late(AssertionError):
    """A condition did not come true in time."""


def wait_until(condition: Callable[[], T], within_s: float, what: str = "", every_s: float = 0.03) -> T:
    """The first true value of the condition."""
    end = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Late("not within %g s: %s" % (within_s, what or getattr(condition, "__name__", "condition")))
        _tick.wait(every_s)


def watch_for(seconds: float) -> None:
    """Lets the world go on; for what must NOT happen in a span, or must happen all through it."""
    _tick.wait(seconds)


def on_main_thread(call: Callable[[], T]) -> T:
    if threading.current_thread() is threading.main_thread():
        return call()
    outcome: dict[str, Any] = {}
    done = threading.Event()

    def run() -> None:
        try:
            outcome["value"] = call()
        except BaseException as error:  # belongs to the thread that asked
            outcome["error"] = error
        done.set()

    _requests.put(run)
    done.wait()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def serve_main_thread(until: Callable[[], bool]) -> None:
    """The main thread's work while scenarios run in others."""
    while not until():
        try:
            _requests.get(timeout=0.05)()
        except queue.Empty:
            pass


def _bind_to_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A running program; `lines` grow as it prints (stdout and stderr together)."""

    def __init__(self, words: list[str], env: Optional[dict[str, str]] = None,
                 cwd: Optional[Path] = None) -> None:
        self.words = [str(word) for word in words]
        self.lines: list[tuple[float, str]] = []  # (monotonic, text)
        self.began = time.monotonic()
        self.process: subprocess.Popen[str] = on_main_thread(lambda: self._start(env, cwd))
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _start(self, env: Optional[dict[str, str]], cwd: Optional[Path]) -> "subprocess.Popen[str]":
        made = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="backslashreplace", env=env, cwd=cwd, start_new_session=True, preexec_fn=_bind_to_parent)
        _started.append(self)
        return made

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.rstrip("\n")))

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in list(self.lines))

    def matching(self, *parts: str) -> list[str]:
        """The lines that hold all the parts."""
        return [line for _, line in list(self.lines) if all(part in line for part in parts)]

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait(self, within_s: float) -> int:
        """The exit status, once all that was printed has been read."""
        wait_until(lambda: not self.is_running(), within_s, "end of " + self.words[0], 0.005)
        self._reader.join(2.0)
        return self.process.returncode

    def end(self) -> None:
        """No matter how it is; nothing of its group stays."""
        if self.process.returncode is not None and not self._group_lives():
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()

    def _group_lives(self) -> bool:
        try:
            os.killpg(self.pid, 0)
            return True
        except (ProcessLookupError, PermissionError):
            return False


def run(words: list[str], within_s: float = 20.0, env: Optional[dict[str, str]] = None,
        stdin: Optional[bytes] = None) -> "subprocess.CompletedProcess[bytes]":
    """A short command, to its end."""
    return on_main_thread(lambda: subprocess.run(
        words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=within_s, env=env,
        start_new_session=True, check=False, preexec_fn=_bind_to_parent))


def folder(name: str) -> Path:
    """A private one that goes with the test (kept when KEEP is in the environment)."""
    made = Path(tempfile.mkdtemp(prefix="gc-e2e-%s-" % name))
    _folders.append(made)
    return made


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port: int) -> bool:
    """Whether somebody listens on it, without knocking."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(":%04X" % port) and row[3] == "0A" for row in rows)


def program(*names: str) -> Optional[str]:
    """Where a program is, the system folders of root included."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin:/usr/bin"
    return next((found for found in (shutil.which(name, path=path) for name in names) if found), None)


def end_all() -> None:
    for one in _started:
        one.end()
    _started.clear()
    while _folders:
        made = _folders.pop()
        if "KEEP" in os.environ:
            print("# kept: %s" % made, flush=True)
        else:
            shutil.rmtree(made, ignore_errors=True)


def _on_signal(number: int, _frame: Any) -> None:
    end_all()
    os._exit(128 + number)


atexit.register(end_all)
for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(_number, _on_signal)

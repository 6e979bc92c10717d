# SPDX-License-Identifier: MIT
"""Programs under test, ports and waits. No program outlives the test, however the test ends.

Each program leads its own session and ends with the test (PDEATHSIG); at the
end of the test its whole process group is killed. The kernel ties PDEATHSIG to
the thread that forked, so the main thread does all forks; scenarios in other
threads hand their forks to it.
"""
from __future__ import annotations

import atexit
import ctypes
import http.client
import os
import queue
import random
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
DEADLINE_FACTOR = 3  # a busy machine may take this many times the time that a scenario names
PORTS = range(10_000, 30_000)
NOT_YET = (OSError, http.client.HTTPException)  # the answering program has not started yet, or restarts
_never = threading.Event()  # never set; its wait() is a pause
_started: list["Program"] = []
_folders: list[Path] = []
_forks: "queue.Queue[Callable[[], None]]" = queue.Queue()
_reservations: list[socket.socket] = []  # of ports; held until the process ends


class Late(AssertionError):
    """A condition did not come true in time."""


def wait_until(condition: Callable[[], T], within_s: float, what: str = "", every_s: float = 0.03) -> T:
    """Returns the first true value of the condition; raises Late after DEADLINE_FACTOR times `within_s`.

    A condition that raises one of NOT_YET is not true yet; Late shows the exception if the last call raised one.
    """
    within_s *= DEADLINE_FACTOR
    end = time.monotonic() + within_s
    while True:
        last: Optional[BaseException] = None
        try:
            value = condition()
            if value:
                return value
        except NOT_YET as error:
            last = error
        if time.monotonic() >= end:
            name = what or getattr(condition, "__name__", "condition")
            raise Late("not within %g s: %s%s" % (within_s, name, "; %r" % last if last else "")) from last
        _never.wait(every_s)


def wait_for_none(differences: Callable[[], list[str]], within_s: float, what: str = "", every_s: float = 0.1) -> list[str]:
    """Waits until there is no difference; returns the last list, the one that ended the wait."""
    last = ["%s: could not be read" % (what or "values")]

    def none_left() -> bool:
        nonlocal last
        try:
            last = differences()
        except NOT_YET as error:
            last = ["%s: %r" % (what or "values", error)]
        return not last
    try:
        wait_until(none_left, within_s, what, every_s)
    except Late:
        pass
    return last


def watch_for(seconds: float) -> None:
    """Pauses; for a condition that must hold, or must not occur, during the whole span."""
    _never.wait(seconds)


def on_main_thread(call: Callable[[], T]) -> T:
    if threading.current_thread() is threading.main_thread():
        return call()
    outcome: dict[str, Any] = {}
    done = threading.Event()

    def run() -> None:
        try:
            outcome["value"] = call()
        except BaseException as error:  # raised in the thread that called
            outcome["error"] = error
        done.set()

    _forks.put(run)
    done.wait()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def serve_main_thread(until: Callable[[], bool]) -> None:
    """Does the forks of the other threads' scenarios, until the condition is true."""
    while not until():
        try:
            _forks.get(timeout=0.05)()
        except queue.Empty:
            pass


def _bind_to_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A running program; `lines` grows as the program prints (stdout and stderr together)."""

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
        """Returns the exit status, after all output has been read."""
        wait_until(lambda: not self.is_running(), within_s, "end of " + self.words[0], 0.005)
        self._reader.join(2.0)
        return self.process.returncode

    def end(self) -> None:
        """Kills the program and its whole process group."""
        if self.process.returncode is not None and not self._group_exists():
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()

    def _group_exists(self) -> bool:
        try:
            os.killpg(self.pid, 0)
            return True
        except (ProcessLookupError, PermissionError):
            return False


def run(words: list[str], within_s: float = 20.0, env: Optional[dict[str, str]] = None,
        stdin: Optional[bytes] = None) -> "subprocess.CompletedProcess[bytes]":
    """Runs a short command to its end."""
    return on_main_thread(lambda: subprocess.run(
        words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=within_s, env=env,
        start_new_session=True, check=False, preexec_fn=_bind_to_parent))


def folder(name: str) -> Path:
    """A private folder, removed at the end of the test (kept when KEEP is in the environment)."""
    made = Path(tempfile.mkdtemp(prefix="gc-e2e-%s-" % name))
    _folders.append(made)
    return made


def _ports_of_connections() -> range:
    """The ports from which the kernel chooses those of outgoing connections."""
    first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return range(int(first), int(last) + 1)


def _is_bindable(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as one:
            try:
                one.bind(("", port))
            except OSError:
                return False
    return True


def _reserve_port(port: int) -> bool:
    """An abstract Unix socket keeps the other test processes off the port, also while its server is stopped."""
    one = socket.socket(socket.AF_UNIX)
    try:
        one.bind("\0collectd-genesys-test-port-%d" % port)
    except OSError:
        one.close()
        return False
    _reservations.append(one)
    return True


def free_port() -> int:
    """A port that stays free for this test: no outgoing connection can get it, and no other test process chooses it."""
    taken = _ports_of_connections()
    ports = [port for port in PORTS if port not in taken] or [port for port in range(1024, 65536) if port not in taken]
    ports = ports or list(PORTS)  # every port may belong to an outgoing connection
    random.SystemRandom().shuffle(ports)
    for port in ports:
        if _reserve_port(port) and _is_bindable(port):
            return port
    raise RuntimeError("no free port")


def listens(port: int) -> bool:
    """True if a socket listens on the port; read from /proc, without connecting."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(":%04X" % port) and row[3] == "0A" for row in rows)


def program(*names: str) -> Optional[str]:
    """The path of a program, searched in PATH and in the system folders of root."""
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

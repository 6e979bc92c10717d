# SPDX-License-Identifier: MIT
"""A private collectd with the plugins of this project: its configuration, process and csv files."""
from __future__ import annotations

import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

from . import process
from .genesys import TOP, Simulator
from .process import Program, wait_until

DAEMON = process.program("collectd")
OURS = ("genesys", "genesys_realtime")
ANALYTICS = "genesys_analytics"
FLOWS = "genesys_flowmetrics"
STOP_MAX_S = 2.0
Options = dict[str, Any]
T = TypeVar("T")
_ENDED = object()


def build_folder() -> Path:
    return Path(os.environ.get("top_builddir") or TOP).resolve()


def built(name: str) -> Optional[str]:
    """The path of a plugin of this project, if this build has it."""
    path = build_folder() / ".libs" / (name + ".so")
    return str(path) if path.exists() else None


def system_plugins() -> Path:
    """The folder of collectd's own plugins on Debian, Fedora and others."""
    found = [Path(place) for place in ("/usr/lib/collectd", "/usr/lib64/collectd", "/usr/local/lib/collectd")
             if (Path(place) / "csv.so").exists()]
    if not found:
        raise RuntimeError("no collectd plugins found; is collectd-core installed?")
    return found[0]


def quote(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"')


def block(kind: str, name: Optional[str], options: Options, inside: str = "") -> str:
    """A block; a value None leaves the option out, a list repeats it."""
    lines = ["<%s%s>" % (kind, "" if name is None else " " + quote(name))]
    for key, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                lines.append("  %s %s" % (key, quote(one)))
    return "\n".join([*lines, inside.rstrip("\n"), "</%s>\n" % kind.split()[0]])


def only_to_csv(*instances: str) -> str:
    """A filter chain that passes only the values of these plugin instances (regular expressions) to csv, which opens a file for
    each value. It needs match_regex."""
    match = block("Match", "regex", {"PluginInstance": "^(%s)$" % "|".join(instances)})
    rules = block("Rule", None, {}, match + block("Target", "write", {"Plugin": "csv"}))
    return 'PostCacheChain "PostCache"\n' + block("Chain", "PostCache", {}, rules + block(
        "Target", "write", {"Plugin": "genesys_write_tracker"}))


def account(sim: Simulator, name: str = "prod", **changes: Any) -> str:
    """A working Account with changed options (None: left out)."""
    options: Options = {"BaseURL": sim.https, "ClientId": sim.client_id,
                        "ClientSecretFile": sim.client_secret_file, "CACert": sim.ca}
    options.update(changes)
    return block("Account", name, options)


def queues(name: str = "all", **changes: Any) -> str:
    options: Options = {"Account": "prod", "ObservationInterval": 1}
    options.update(changes)
    return block("Queues", name, options)


def polled(name: str = "all", **changes: Any) -> str:
    """A Queues block without a stream: a stream would add log lines and requests of its own."""
    return queues(name, Stream="none", **changes)


def query(name: str = "queues", **changes: Any) -> str:
    """A Query of genesys_analytics."""
    return block("Query", name, {"Account": "prod", **changes})


class Collectd:
    """`collectd -f` with the given blocks; `more` is further configuration text, such as that of write_* plugins.

    `flows` are blocks of genesys_flowmetrics; genesys_realtime is not loaded when there are only such blocks. `ours` names
    other plugins of this project than the usual two; their configuration is in `more`.
    """

    def __init__(self, accounts: str, blocks: str = "", *, queries: str = "", more: str = "", load: tuple[str, ...] = (),
                 base: Optional[Path] = None, build: Optional[Path] = None, level: str = "info",
                 interval: float = 1, env: Optional[dict[str, str]] = None, words: tuple[str, ...] = ("-f",),
                 wrapper: tuple[str, ...] = (), preload: str = "", state_dir: Optional[Path] = None,
                 flows: str = "", ours: tuple[str, ...] = OURS, hostname: str = "agent") -> None:
        self.base = base or process.folder("collectd")
        self.csv = self.base / "csv"
        self.build = build or build_folder()
        first = ours[:1] if flows and not blocks and not queries else ours
        self.ours = first + ((ANALYTICS,) if queries else ()) + ((FLOWS,) if flows else ())
        if queries:
            more += "<Plugin %s>\n%s</Plugin>\n" % (ANALYTICS, queries)
        self._copy_plugins(("logfile", "csv", *load))
        self.config = self.base / "collectd.conf"
        text = "Hostname %s\n" % quote(hostname)
        text += self._configuration(accounts, blocks, more, load, level, interval, state_dir)
        self.config.write_text(text + ("<Plugin %s>\n%s</Plugin>\n" % (FLOWS, flows) if flows else ""))
        self.config.chmod(0o600)
        full = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
                "LD_LIBRARY_PATH": str(self.build / ".libs"), **(env or {})}
        if preload:
            full["LD_PRELOAD"] = preload
        self.is_accelerated = " x" in full.get("FAKETIME", "")
        if DAEMON is None:
            raise RuntimeError("collectd is not installed")
        self.command, self.env = [*wrapper, DAEMON, *words, "-C", str(self.config)], full
        self.program = Program(self.command, env=full)

    def _copy_plugins(self, theirs: tuple[str, ...]) -> None:
        """Copies: collectd loads regular files only."""
        where = self.base / "plugins"
        where.mkdir(exist_ok=True)
        for name in theirs:
            shutil.copy(system_plugins() / (name + ".so"), where)
        for name in self.ours:
            shutil.copy(self.build / ".libs" / (name + ".so"), where)

    def _configuration(self, accounts: str, blocks: str, more: str, load: tuple[str, ...], level: str,
                       interval: float, state_dir: Optional[Path]) -> str:
        loads = "".join("LoadPlugin %s\n" % name for name in ("csv", *load, *self.ours))
        state = "StateDir %s\n" % quote(str(state_dir)) if state_dir else ""
        return ("BaseDir %s\nPIDFile %s\nPluginDir %s\nInterval %g\n"
                "LoadPlugin logfile\n<Plugin logfile>\nLogLevel %s\nFile stdout\nTimestamp false\n"
                "PrintSeverity true\n</Plugin>\n%s<Plugin csv>\nDataDir %s\nStoreRates false\n</Plugin>\n"
                "%s<Plugin genesys>\n%s%s</Plugin>\n%s"
                % (quote(self.base), quote(self.base / "pid"), quote(self.base / "plugins"), interval, level,
                   loads, quote(self.csv), more, state, accounts,
                   "<Plugin genesys_realtime>\n%s</Plugin>\n" % blocks if "genesys_realtime" in self.ours else ""))

    # ---- log ------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.program.text

    def complaints(self) -> list[str]:
        """Warnings and errors of the plugins of this project, without the lines that a busy host causes: collectd's own line
        about a slow reading, and lines about a slow disk or write queue (hangs.py looks for them). With an accelerated clock lines about a
        Date are left out too, because an answer that is a second late has a Date of half a minute ago."""
        return [line for line in self.program.matching("genesys")
                if re.match(r"(\[[^]]*\] )*\[(warning|error)\]", line) and "plugin_read_thread" not in line
                and "no answer of the file system" not in line and "write queue: " not in line
                and "VisibilityTimeout 5 is short" not in line  # lib/flows.py sets it
                and not (self.is_accelerated and re.search("Date is|the Date of the answers is|this host's clock is", line))]

    def says(self, *parts: str, within_s: float = 10.0) -> str:
        """Waits for a line that holds all the parts."""
        return self.lives_until(lambda: self.program.matching(*parts), within_s, "a line with %r" % (parts,))[0]

    def lives_until(self, condition: Callable[[], T], within_s: float, what: str) -> T:
        """The same as wait_until, but fails at once, with collectd's output, when collectd has ended."""
        def true_or_ended() -> Any:
            ended = not self.program.is_running()
            try:
                return condition() or (_ENDED if ended else None)
            except process.NOT_YET:
                if ended:
                    return _ENDED
                raise
        try:
            found = wait_until(true_or_ended, within_s, what)
        except process.Late as late:
            raise process.Late("%s; output of collectd:\n%s" % (late, self.text)) from None
        if found is _ENDED:
            self.program.wait(1)
            raise process.Late("collectd ended with %s before %s; its output:\n%s"
                               % (self.program.process.returncode, what, self.text))
        return found

    # ---- values ----------------------------------------------------------

    def readings(self, instance: str, kind: str, qualifier: str = "", host: str = "agent") -> list[tuple[float, float]]:
        """(epoch, value) of one series, from csv."""
        stem = kind + ("-" + qualifier if qualifier else "")
        return read_csv_series(self.csv / host / ("genesys-" + instance), stem)

    def latest(self, instance: str, kind: str, qualifier: str = "", host: str = "agent") -> Optional[float]:
        found = self.readings(instance, kind, qualifier, host)
        return found[-1][1] if found else None

    def snapshot(self, host: str = "agent") -> dict[str, tuple[float, float]]:
        """The newest (epoch, value) of each series: "INSTANCE/TYPE-QUALIFIER" -> …"""
        made: dict[str, tuple[float, float]] = {}
        top = self.csv / host
        for path in top.glob("genesys-*/*") if top.is_dir() else []:
            rows = _rows(path)
            if rows:
                made["%s/%s" % (path.parent.name[len("genesys-"):], path.name[:-11])] = rows[-1]
        return made

    def is_up(self, name: str = "all", host: str = "agent") -> bool:
        return self.latest("queues-" + name, "source_up", "observations", host) == 1

    def wait_up(self, *names: str, within_s: float = 15.0, host: str = "agent") -> None:
        self.lives_until(lambda: all(self.is_up(name, host) for name in names or ("all",)), within_s,
                         "values of %s" % (names or "all",))

    # ---- process --------------------------------------------------------------------

    def stop(self) -> tuple[float, int]:
        """Sends SIGTERM; returns (seconds until the end, exit status)."""
        began = time.monotonic()
        os.kill(self.program.pid, signal.SIGTERM)
        status = self.program.wait(15)
        return time.monotonic() - began, status

    def restart(self) -> None:
        """Stops collectd cleanly and starts it with the same files; the log begins again."""
        self.stop()
        self.program = Program(self.command, env=self.env)

    def threads(self) -> list[str]:
        """The names of collectd's threads."""
        made = []
        for task in Path("/proc/%d/task" % self.program.pid).glob("*/comm"):
            try:
                made.append(task.read_text().strip())
            except OSError:
                pass
        return made

    def memory_kb(self, field: str = "VmHWM") -> int:
        status = Path("/proc/%d/status" % self.program.pid).read_text()
        return int(re.search(r"%s:\s+(\d+) kB" % field, status).group(1))

    def leaks(self, *secrets: str) -> list[str]:
        """The places, except the configuration, where a secret is visible from outside."""
        found = []
        proc = Path("/proc/%d" % self.program.pid)
        places = [("log", self.text.encode())]
        places += [(str(path), path.read_bytes()) for path in (proc / "cmdline", proc / "environ") if path.exists()]
        for path in self.base.rglob("*"):
            if path.is_file() and path != self.config and path.suffix != ".so" and path.name != "secret":
                places.append((str(path), path.read_bytes()))
                places.append((str(path), str(path.relative_to(self.base)).encode()))
        for where, content in places:
            found += ["%s in %s" % (s[:6] + "…", where) for s in secrets if s.encode() in content]
        return found


def read_csv_table(folder: Path, stem: str) -> list[tuple[float, ...]]:
    """The same as read_csv_series for a type with several data sources: (epoch, value, value …)."""
    rows: list[tuple[float, ...]] = []
    day = re.compile(re.escape(stem) + r"-\d{4}-\d\d-\d\d\Z")
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if day.match(path.name):
            rows += [tuple(map(float, line.split(","))) for line in path.read_text().splitlines()[1:] if line.count(",")]
    return rows


def _rows(path: Path) -> list[tuple[float, float]]:
    rows = []
    for line in path.read_text(errors="replace").splitlines()[1:]:
        parts = line.split(",")
        if len(parts) == 2 and parts[1]:
            rows.append((float(parts[0]), float(parts[1])))
    return rows


def read_csv_series(folder: Path, stem: str) -> list[tuple[float, float]]:
    """All days of one series; csv names its files STEM-YYYY-MM-DD."""
    rows: list[tuple[float, float]] = []
    day = re.compile(re.escape(stem) + r"-\d{4}-\d\d-\d\d\Z")
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if day.match(path.name):
            rows += _rows(path)
    return rows

# SPDX-License-Identifier: MIT
"""Shared by all benchmarks: programs that print a line of JSON, references that may be missing, and the table at the
end."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Optional

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "e2e"))
from lib import collectd, process  # noqa: E402

BUILT = collectd.build_folder() / "tests" / "bench"
MADE = BUILT / "made"  # packages and output of the references; `make clean` removes it
TIMEOUT_S = 600
GO_PATH = Path("/usr/share/gocode")  # where Debian puts the sources of Go's packages
NODE_PATH = Path("/usr/share/nodejs")  # and the modules of Node
Result = dict[str, Any]


class LeftOut(Exception):
    """Raised with the reason why a figure cannot be measured here."""


class Wrong(Exception):
    """Raised when a measured program has not done its work."""


def thousands(per_s: float) -> str:
    return "%.2f M" % (per_s / 1e6) if per_s >= 1e6 else "%.0f k" % (per_s / 1e3) if per_s >= 1e4 else \
        "%.1f k" % (per_s / 1e3)


@dataclass
class Speed:
    """Units in a second of the wall clock, which depends on the host's other load, and in a second of CPU time."""
    wall: float
    cpu: float

    def __str__(self) -> str:
        return "%s/s (%s)" % (thousands(self.wall), thousands(self.cpu))

    def reaches(self, aim: float) -> str:
        """The entry of the last column."""
        return "yes" if self.wall >= aim else "by CPU time" if self.cpu >= aim else "NO"


@dataclass
class Row:
    """One line of the table; `row` is the row of README.md that has the work. Ratios above 1 mean that ours is better."""
    row: str
    work: str
    ours: str
    reference: str = ""
    ratio: Optional[float] = None
    cpu_ratio: Optional[float] = None
    aim: str = "reported"
    met: str = ""

    def cells(self) -> tuple[str, ...]:
        ratios = ("" if ratio is None else "%.1f" % ratio for ratio in (self.ratio, self.cpu_ratio))
        return (self.row, self.work, self.ours, self.reference, *ratios, self.aim, self.met)


def met(is_met: bool) -> str:
    return "yes" if is_met else "NO"


def beside(row: str, work: str, mine: Speed, name: str, other: Speed, aim: str = "reported", met_aim: str = "") -> Row:
    return Row(row, work, str(mine), ("%s %s" % (name, other)).strip(), mine.wall / other.wall, mine.cpu / other.cpu,
               aim, met_aim)


def show_table(rows: list[Row]) -> None:
    head = ("row", "work", "ours", "reference", "ratio", "CPU", "aim", "met")
    lines = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for number, line in enumerate(lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print("Speeds are by the wall clock, and in parentheses by CPU time; so are the ratios ours : reference.")


def say(text: str) -> None:
    print(text, flush=True)


# ---- programs ----

def ours(name: str) -> str:
    path = BUILT / name
    if not path.exists():
        raise LeftOut("%s is not built: `make bench` does it" % path)
    return str(path)


def need_collectd(plugin: str) -> None:
    if collectd.DAEMON is None or not Path(collectd.DAEMON).exists() or collectd.built(plugin) is None:
        raise LeftOut("no collectd, or %s is not built" % plugin)


def output_of(words: list[str], env: Optional[dict[str, str]] = None) -> str:
    """Returns the record that a program prints; its stderr is ours."""
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S,
                          env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise Wrong("%s ends with %d" % (Path(words[0]).name, done.returncode))
    return done.stdout


def result_of(words: list[str], env: Optional[dict[str, str]] = None) -> Result:
    return json.loads(output_of(words, env))


def shown_by(words: list[str], env: Optional[dict[str, str]] = None) -> list[str]:
    """Returns the lines of a program and shows them while it runs."""
    lines = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}) as program:
        assert program.stdout is not None
        for line in program.stdout:
            lines.append(line.rstrip("\n"))
            say(lines[-1])
    if program.returncode != 0:
        raise Wrong("%s ends with %d" % (Path(words[0]).name, program.returncode))
    return lines


@contextmanager
def serving(words: list[str]) -> Iterator[str]:
    """Starts a server that ends with its standard input; yields the first line that it prints."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        yield server.stdout.readline()
        server.stdin.close()


# ---- references ----

def node() -> str:
    found = process.program("node", "nodejs")
    if found is None:
        raise LeftOut("no node")
    return found


def node_modules(*packages: str) -> dict[str, str]:
    """Returns the environment in which Node finds each `package@version`. The first run installs packages below the build folder,
    except those of the distribution."""
    missing = [p for p in packages if not (NODE_PATH / p.partition("@")[0]).is_dir()]
    place = MADE / "node"
    wanted = [p for p in missing if not (place / "node_modules" / p.partition("@")[0]).is_dir()]
    if wanted:
        npm = process.program("npm")
        if npm is None:
            raise LeftOut("no npm for %s" % ", ".join(wanted))
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), *missing],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S)
        if done.returncode != 0:
            raise LeftOut("npm does not install %s: %s" % (", ".join(wanted), done.stderr.strip()[-200:]))
    return {"NODE_PATH": "%s:%s" % (place / "node_modules", NODE_PATH)}


def go_program(name: str, *packages: str) -> str:
    """Compiles NAME.go below the build folder with the distribution's packages."""
    go = process.program("go")
    if go is None:
        raise LeftOut("no go")
    for package in packages:
        if not (GO_PATH / "src" / package).is_dir():
            raise LeftOut("no Go package %s in %s" % (package, GO_PATH))
    program = MADE / (name + "_go")
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOFLAGS": "", "GOCACHE": str(MADE / "go-cache")}
    done = subprocess.run([go, "build", "-o", str(program), str(HERE / (name + ".go"))], env=env, timeout=TIMEOUT_S,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise LeftOut("go does not build %s.go: %s" % (name, done.stderr.strip()[-200:]))
    return str(program)


def fresh_folder(name: str) -> Path:
    made = MADE / name
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    return made

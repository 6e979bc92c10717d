# SPDX-License-Identifier: MIT
"""Fixtures of the package tests: packages, their second builds, a Debian for installations.

Each is made once; several are made at a time.
"""
from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from pathlib import Path
from typing import Callable, Generic, Optional, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from lib import process  # noqa: E402
from lib.collectd import build_folder  # noqa: E402
from lib.genesys import TOP  # noqa: E402
from lib.process import Program  # noqa: E402
from lib.report import Skip, note  # noqa: E402

T = TypeVar("T")
UNREACHABLE = re.compile(r"^.*(Could not resolve|Could not connect|Unable to connect|Temporary failure|Connection (?:timed out|failed"
                         r"|refused)|Network is unreachable|No route to host).*$", re.M)
BUILD_S = 900.0  # a build takes a minute; the host may be busy with other tests
OLD = "0.0.1"
# A parent make passes its options to child processes in these variables.
CLEAN = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DEB_BUILD_OPTIONS")}


def need(*programs: str) -> None:
    missing = [name for name in programs if process.program(name) is None]
    if missing:
        raise Skip("not installed: %s; sh tools/deps.sh package" % ", ".join(missing))


def done(words: list[str], cwd: Optional[Path] = None, within_s: float = BUILD_S, **env: str) -> str:
    """A command's output; the command must succeed."""
    ran = Program(words, env={**CLEAN, **env}, cwd=cwd)
    status = ran.wait(within_s)
    if status != 0:
        raise RuntimeError("%s: status %d\n%s" % (" ".join(words), status, "\n".join(ran.text.splitlines()[-40:])))
    return ran.text


def reached(words: list[str], **env: str) -> str:
    """The output of a command that reads from an archive of packages; without the archive the test is skipped."""
    try:
        return done(words, **env)
    except RuntimeError as error:
        found = UNREACHABLE.search(str(error))
        if found is None:
            raise
        raise Skip("no archive of packages: " + found.group(0).strip()) from error


class Once(Generic[T]):
    """The first caller begins the work; the other callers wait for the same outcome."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._value: Optional[T] = None
        self._error: Optional[BaseException] = None

    def begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            self._value = self._make()
        except BaseException as error:  # raised in the callers
            self._error = error

    def __call__(self) -> T:
        self.begin()
        assert self._thread is not None
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


def _tarball() -> Path:
    done(["make", "-s", "-C", str(build_folder()), "dist"])
    made = sorted(build_folder().glob("collectd-genesys-*.tar.xz"))[-1]
    return Path(shutil.copy(made, process.folder("dist")))


def source_tree() -> Path:
    """collectd's headers, in the layout of a configured source tree of collectd."""
    tree = process.folder("collectd-source")
    shutil.copytree("/usr/include/collectd/core", tree / "src")
    shutil.copytree("/usr/include/collectd/liboconfig", tree / "src" / "liboconfig")
    return tree


def _packages() -> tuple[Path, Path, str]:
    """make deb rpm; returns (folder of the DEB, folder of the RPM, output)."""
    tarball()
    for name in ("deb", "rpm"):
        shutil.rmtree(build_folder() / name, ignore_errors=True)
    options = {"DEB_BUILD_OPTIONS": "nocheck"} if os.environ.get("GC_CHECKED") else {}
    said = done(["make", "-j2", "-C", str(build_folder()), "deb", "rpm", "RPM_FLAGS=--nodeps --nocheck",
                 "collectdincludedir=%s" % source_tree()], TZ="Pacific/Kiritimati", LC_ALL="C.UTF-8", **options)
    return build_folder() / "deb", build_folder() / "rpm", said


def _again() -> Path:
    """The Debian packages built again: in another folder, on another day, with another umask."""
    where = process.folder("once-more-and-with-a-longer-name") / "below"
    script = TOP / "packaging" / "make-deb.sh"
    done(["sh", "-c", "umask 077 && exec sh %s %s %s" % (script, tarball(), where)],
         DEB_BUILD_OPTIONS="nocheck", TZ="Pacific/Pago_Pago", LC_ALL="C", HOME="/nonexistent")
    return where


def _old() -> Path:
    """An older version of the same tree, with a snippet that has changed since."""
    where = process.folder("old")
    done(["tar", "-xf", str(tarball())], cwd=where)
    tree = next(where.glob("collectd-genesys-*"))
    now = tree.name.split("-")[-1]
    change(tree / "configure.ac", r"\[%s\]" % re.escape(now), "[%s]" % OLD)
    change(tree / "packaging/debian/changelog", re.escape("(%s-1)" % now), "(%s-1)" % OLD)
    change(tree / "examples/collectd.conf.d/genesys_flowmetrics.conf", r"\A", "# The old text.\n")
    tree.rename(tree.with_name("collectd-genesys-" + OLD))
    old = "collectd-genesys-%s.tar.xz" % OLD
    done(["tar", "-cJf", old, "collectd-genesys-" + OLD], cwd=where)
    done(["sh", str(TOP / "packaging" / "make-deb.sh"), old, "made"], cwd=where, DEB_BUILD_OPTIONS="nocheck noopt")
    return deb(where / "made")


tarball = Once(_tarball)
packages = Once(_packages)
again = Once(_again)
old = Once(_old)


def deb(folder: Path) -> Path:
    return next(folder.glob("collectd-plugin-genesys_*.deb"))


def change(path: Path, pattern: str, to: str, count: int = 1) -> None:
    """Replaces as sed does; a pattern without a match is an error."""
    text, hits = re.subn(pattern, to, path.read_text(), count=count, flags=re.M)
    if not hits:
        raise RuntimeError("%s: no %r" % (path, pattern))
    path.write_text(text)


# ---- a Debian -------------------------------------------------------------------

def this_release() -> str:
    """The release whose packages this machine builds."""
    found = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.M)
    return found.group(1) if found else "bookworm"


def _sources(release: str) -> list[str]:
    """This machine's own apt sources with their keys, for the release."""
    fields = "$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    text, here = done(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"]), this_release()
    rows = [line.split("|") for line in text.splitlines() if line.startswith("Debian|" + here)]
    return sorted({"deb %s %s %s" % (uri, suite.replace(here, release), component) for _, _, uri, suite, component in rows})


def _sources_of_this_machine(release: str) -> list[str]:
    found = _sources(release)
    if not found:
        reached(["apt-get", "-q", "update"])
        found = _sources(release)
    if not found:
        raise Skip("apt of this machine knows no Debian")
    return found


def debian_of(release: str, packages: list[str]) -> Path:
    """A fresh minimal Debian with these packages."""
    options = process.folder("apt") / "apt.conf"
    settings = done(["apt-config", "dump"]).splitlines()
    options.write_text("".join(line + "\n" for line in settings if re.match(r"Acquire::(https?|Check)\b", line))
                       + 'Acquire::Languages "none";\nAcquire::Retries "3";\n')
    root = process.folder("debian")
    (options.with_name("sources")).write_text("\n".join(_sources_of_this_machine(release)) + "\n")
    # No file of this Debian needs to survive a crash of the machine.
    fast = ["eatmydata"] if process.program("eatmydata") else []
    reached([*fast, "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase", "--skip=cleanup/apt/lists",
             "--include=" + ",".join(packages), "--aptopt=%s" % options, "--dpkgopt=force-unsafe-io", release, str(root),
             str(options.with_name("sources"))])
    note("Debian %s made" % (root / "etc/debian_version").read_text().strip())
    return root


def copy_of(root: Path) -> Path:
    """A copy of the Debian."""
    made = process.folder("debian")
    done(["cp", "-a", "%s/." % root, str(made)])
    return made


def _debian() -> Path:
    """This machine's release with the distribution's collectd, which brings a configuration."""
    return debian_of(this_release(), ["collectd"])


debian = Once(_debian)

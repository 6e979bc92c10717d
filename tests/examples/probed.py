# SPDX-License-Identifier: MIT
"""A folder with a collectd.conf that genesys-probe can check with the plugins of this build."""
from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from lib import process  # noqa: E402
from lib.collectd import DAEMON, build_folder, quote, system_plugins  # noqa: E402
from lib.genesys import TOP  # noqa: E402
from lib.process import Program  # noqa: E402

PROBE = build_folder() / "probe" / "genesys-probe"
PLUGINS = ("genesys", "genesys_realtime", "genesys_analytics", "genesys_flowmetrics", "genesys_prometheus", "genesys_influxdb")
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
               "LD_LIBRARY_PATH": str(build_folder() / ".libs"), "GENESYS_PROBE_LIBRARY": str(build_folder() / ".libs")}
NEEDED = {"collectd": DAEMON, "genesys-probe": str(PROBE) if PROBE.exists() else None}
WITHIN_S = 600.0  # a deadline for a busy host; a play takes five seconds


def plugins() -> Path:
    """A folder with copies of the plugins, since collectd loads regular files only."""
    made = process.folder("plugins")
    for name in PLUGINS:
        built = build_folder() / ".libs" / (name + ".so")
        if built.exists():
            shutil.copy(built, made)
    return made


def write_main(folder: Path, where: Path, text: str) -> Path:
    """A collectd.conf in the folder, with these plugins and this text."""
    path = folder / "collectd.conf"
    path.write_text("BaseDir %s\nPIDFile %s\nPluginDir %s\n%s" % (
        quote(folder / "state"), quote(folder / "pid"), quote(where), text), encoding="utf-8")
    return path


def command(config: Path) -> list[str]:
    return [str(PROBE), "--config-only", "-C", str(config)]


def refusal(config: Path) -> str:
    """Returns the output of genesys-probe for a file with a mistake or a warning; "" for a good one."""
    ran = Program(command(config), env=ENVIRONMENT)
    return "" if ran.wait(WITHIN_S) == 0 else ran.text


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    parts = page.read_text(encoding="utf-8").split("```")
    return [part[len(language) + 1:] for part in parts[1::2] if part.startswith(language + "\n")]


__all__ = ["DAEMON", "ENVIRONMENT", "NEEDED", "PROBE", "TOP", "WITHIN_S", "blocks", "command", "plugins", "refusal",
           "system_plugins", "write_main"]

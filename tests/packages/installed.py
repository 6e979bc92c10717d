# SPDX-License-Identifier: MIT
"""A Debian in which a test does the steps of an operator, and the collectd that runs there from installed files."""
from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any, Optional

from making import change, done
from lib.collectd import Collectd
from lib.genesys import Simulator
from lib.process import Program

PACKAGE = "collectd-plugin-genesys"
CREDENTIALS = "run/credentials/collectd.service"


class Host:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.snippets = root / "etc/collectd/collectd.conf.d"
        self.state = root / "var/lib/collectd/genesys"
        self.examples = root / "usr/share/doc" / PACKAGE / "examples"

    def run(self, *words: str) -> str:
        return done(["chroot", str(self.root), *words], within_s=300, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1",
                    PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8")

    def install(self, package: Path) -> str:
        shutil.copy(package, self.root / "tmp")
        try:
            return self.run("apt-get", "-q", "-y", "install", "/tmp/" + package.name)
        finally:
            (self.root / "tmp" / package.name).unlink()

    def status(self) -> str:
        """dpkg's status of the package; empty: dpkg does not know it."""
        shown = self.run("sh", "-c", "dpkg-query -W -f '${Status} ${Version}' %s 2>/dev/null || :" % PACKAGE)
        return shown.strip()

    def configure_collectd(self) -> None:
        """Enables csv in the distribution's collectd.conf, without the plugins whose libraries only Recommends would install."""
        conf = self.root / "etc/collectd/collectd.conf"
        change(conf, r'^#Hostname.*', 'Hostname "agent"')
        change(conf, r"^#LoadPlugin csv", "LoadPlugin csv")
        change(conf, r"^LoadPlugin (syslog|rrdtool|processes)", r"#\g<0>", count=3)

    def enable(self, *names: str) -> None:
        self.run("sed", "-i", "s/^#~ //", *["/etc/collectd/collectd.conf.d/%s.conf" % name for name in names])

    def use(self, sim: Simulator) -> None:
        """Fills in genesys.conf as an operator does."""
        conf = self.snippets / "genesys.conf"
        shutil.copy(sim.ca, self.root / "etc/ssl/certs/sim.pem")
        change(conf, r'^( *)Region .*', r'\1BaseURL "%s"' % sim.https)
        change(conf, r'^( *ClientId) .*', r'\1 "%s"' % sim.client_id)
        change(conf, r'^( *)#CACert .*', r'\1CACert "/etc/ssl/certs/sim.pem"')
        secret = self.root / "etc/collectd/genesys.secret"
        shutil.copy(sim.client_secret_file, secret)
        secret.chmod(0o600)

    def load_credential(self, name: str, source: str) -> str:
        """Copies the file as systemd does for LoadCredential=NAME:SOURCE; returns the value of CREDENTIALS_DIRECTORY."""
        folder = self.root / CREDENTIALS
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.root / source.lstrip("/"), folder / name)
        (folder / name).chmod(0o400)
        folder.chmod(0o500)
        return "/" + CREDENTIALS

    def rows(self, table: str, columns: str) -> dict[Any, tuple[Any, ...]]:
        """The rows of a table of state.db, by the first column."""
        file = sqlite3.connect(self.state / "state.db")
        try:
            return {row[0]: row[1:] for row in file.execute("SELECT %s FROM %s" % (columns, table))}
        finally:
            file.close()

    def change_state(self, sql: str) -> int:
        file = sqlite3.connect(self.state / "state.db", isolation_level=None)
        try:
            return file.execute(sql).rowcount
        finally:
            file.close()

    def traces(self) -> list[str]:
        """Files and folders with our name, without those that csv has written."""
        found = self.run("find", "/", "-xdev", "(", "-path", "/var/lib/collectd/agent", "-o", "-path", "/proc", ")",
                         "-prune", "-o", "-name", "*genesys*", "-print")
        return found.split()


class Agent(Collectd):
    """The host's own collectd with the host's own configuration."""

    def __init__(self, host: Host, conf: str = "/etc/collectd/collectd.conf",
                 env: Optional[dict[str, str]] = None) -> None:
        self.base = host.root / "var/lib/collectd"
        self.csv = self.base
        self.config = host.root / conf.lstrip("/")
        self.program = Program(["chroot", str(host.root), "/usr/sbin/collectd", "-f", "-C", conf],
                               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **(env or {})})

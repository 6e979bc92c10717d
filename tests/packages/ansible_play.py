# SPDX-License-Identifier: MIT
"""The play of examples/ansible, with the package, with systemd as it runs on a host, and with a simulator of the platform."""
from __future__ import annotations

import json
import os
import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import making
from installed import Host
from making import done, need
from lib import process, report
from lib.genesys import TOP, Simulator, direct
from lib.process import Program, wait_until
from lib.report import Skip, check, note, same

PLAY_S = 300.0
BOOT_S = 60.0
CGROUPS = Path("/sys/fs/cgroup")
# In a container systemd needs folders of its own for /proc, /sys, /run, /dev and one of the cgroups.
BOOT = r"""
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
if [ -d /sys/fs/cgroup/systemd ]; then
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
else
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
fi
mount --make-rshared / # as on a host: systemd leaves this to the container
exec chroot "$root" env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console
"""


class Machine:
    """A Debian whose first process is systemd; it shares the network of this host."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cgroup = (CGROUPS / "systemd" if (CGROUPS / "systemd").is_dir() else CGROUPS) / root.name
        try:
            self.cgroup.mkdir()
        except OSError as error:
            raise Skip("no cgroup of its own for systemd: %s" % error) from error
        join = 'echo $$ >"%s/cgroup.procs" && exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup sh -ec "$1" sh "$2"'
        self.program = Program(["sh", "-c", join % self.cgroup, "sh", BOOT, str(root)])
        try:
            wait_until(self._is_running, BOOT_S, "systemd runs", 0.25)
        except process.Late as error:
            last = self.program.text.splitlines()[-3:]
            self.stop()
            raise Skip("systemd does not start in a container of this machine: %s" % last) from error

    def _first_process(self) -> str:
        pid = self.program.pid
        return Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().strip()

    def _words(self, *words: str) -> list[str]:
        return ["nsenter", "--target", self._first_process(), "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", *words]

    def _is_running(self) -> bool:
        if not self._first_process():
            return False
        ran = Program(self._words("systemctl", "is-system-running"))
        ran.wait(10)
        return ran.text.strip() in ("running", "degraded")

    def run(self, *words: str, within_s: float = 60.0) -> Program:
        ran = Program(self._words(*words))
        ran.wait(within_s)
        return ran

    def shows(self, name: str) -> str:
        """A property of the service."""
        return self.run("systemctl", "show", "--value", "--property", name, "collectd").text.strip()

    def stop(self) -> None:
        self.program.end()
        wait_until(self._remove_cgroup, 20, "the cgroup is gone")

    def _remove_cgroup(self) -> bool:
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                return False
        return True


class Play:
    """The role for one agent, which is the machine itself."""

    def __init__(self, machine: Machine, sim: Simulator, package: Path) -> None:
        self.machine, self.sim = machine, sim
        self.health, self.metrics = process.free_port(), process.free_port()
        below = machine.root / "opt"
        for name in ("ansible", "schema", "systemd"):
            shutil.copytree(TOP / "examples" / name, below / name)
        shutil.copy(package, below / "genesys.deb")
        shutil.copy(sim.ca, machine.root / "etc/ssl/certs/sim.pem")
        self.use(sim.client_secret)

    def use(self, secret: str, **changes: Any) -> None:
        """Writes the inventory."""
        variables = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3",
                     "genesys_agent_deb": "/opt/genesys.deb", "genesys_agent_clients": {"agent": {"id": self.sim.client_id, "secret": secret}},
                     "genesys_agent_account_options": {"BaseURL": '"%s"' % self.sim.https, "CACert": '"/etc/ssl/certs/sim.pem"'},
                     "genesys_agent_health_port": self.health, "genesys_agent_prometheus_port": self.metrics, **changes}
        file = self.machine.root / "opt/inventory.json"
        file.write_text(json.dumps({"genesys_agents": {"hosts": {"agent": {}}, "vars": variables}}))
        file.chmod(0o600)

    def run(self) -> tuple[int, str]:
        ran = self.machine.run("ansible-playbook", "-i", "/opt/inventory.json", "--diff", "/opt/ansible/site.yml", within_s=PLAY_S)
        same("the output has no secret", self.sim.client_secret in ran.text, False)
        return ran.process.returncode, ran.text

    def asks(self, port: int, path: str) -> str:
        with direct.open(urllib.request.Request("http://127.0.0.1:%d%s" % (port, path)), timeout=10) as answer:
            return answer.read().decode()


def changed(said: str) -> int:
    found = re.search(r"changed=(\d+)", said)
    return int(found.group(1)) if found else -1


def the_first_run(play: Play) -> None:
    status, said = play.run()
    if not check("the play installs, configures, restarts and waits for the first values", status == 0, said[-3000:]):
        raise RuntimeError(play.machine.run("journalctl", "--no-pager", "-n", "60", "-u", "collectd").text)
    machine = play.machine
    same("collectd", (machine.shows("ActiveState"), machine.run("systemctl", "is-enabled", "collectd").text.strip()),
         ("active", "enabled"))
    pid = machine.shows("MainPID")
    same("hardening", (machine.shows("NoNewPrivileges"), machine.shows("ProtectSystem")), ("yes", "strict"))
    secret = machine.run("cat", "/proc/%s/root/run/credentials/collectd.service/genesys-secret" % pid).text.strip()
    same("systemd passes the secret", secret == play.sim.client_secret, True)
    same("/health", json.loads(play.asks(play.health, "/health"))["errors"], [])
    check("/metrics has values of queues", 'genesys_queue_agents{' in play.asks(play.metrics, "/metrics"))


def further_runs(play: Play) -> None:
    machine, pid = play.machine, play.machine.shows("MainPID")
    status, said = play.run()
    same("status, changes and process of a second run", (status, changed(said), machine.shows("MainPID")), (0, 0, pid))
    play.use(play.sim.client_secret, genesys_agent_queues_options={"Windwo": 60})
    status, said = play.run()
    same("a mistake ends the play, and collectd runs on", (status, machine.shows("MainPID")), (2, pid))
    check("the output names the unknown option", "unknown options: " in said and "Windwo" in said, said[-2000:])
    play.use(play.sim.client_secret, genesys_agent_queues_options={"Window": 60}, genesys_agent_systemd_credential=False)
    status, said = play.run()
    check("a correction is followed by a restart", status == 0 and machine.shows("MainPID") != pid, said[-2000:])
    check("the drop-in of the credential is gone", "genesys-credential" not in machine.shows("DropInPaths"))
    same("/health", json.loads(play.asks(play.health, "/health"))["errors"], [])


def the_ansible_role_runs_with_systemd() -> None:
    need("mmdebstrap", "unshare", "nsenter", "dpkg-buildpackage", "dh")
    if os.geteuid() != 0:
        raise Skip("a Debian of its own needs root")
    making.packages.begin()
    root = making.debian_of(making.this_release(), ["collectd", "systemd-sysv", "dbus", "ansible-core", "python3-apt"])
    Host(root).configure_collectd()
    machine = Machine(root)
    try:
        note(machine.run("systemctl", "--version").text.splitlines()[0])
        play = Play(machine, Simulator(frozen=True, queues=4, agents=8, plain_names=True, rate_limit=0),
                    making.deb(making.packages()[0]))
        the_first_run(play)
        further_runs(play)
    finally:
        machine.stop()


if __name__ == "__main__":
    report.main([the_ansible_role_runs_with_systemd])

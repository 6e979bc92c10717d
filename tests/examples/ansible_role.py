#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the role of examples/ansible configure agents that genesys-probe accepts, change nothing in a second run, and stop
before the restart when the configuration has a mistake?

Two agents are folders of this host.
"""
from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import probed
import schema
from lib import process, report
from lib.process import Program
from lib.report import check, has_line, same

try:
    import yaml
except ImportError as error:
    print("SKIP: %s" % error)
    sys.exit(report.SKIPPED)

FOLDER = probed.TOP / "examples" / "ansible"
PLAYBOOK = process.program("ansible-playbook")
INVENTORY = process.program("ansible-inventory")
SECRETS = {"one": "tell-tale-1", "two": "tell-tale-2"}


def ansible(words: list[str], home: Path) -> Program:
    ran = Program(words, env={**probed.ENVIRONMENT, "HOME": str(home), "ANSIBLE_LOCAL_TEMP": str(home / "local"),
                              "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1",
                              "ANSIBLE_REMOTE_TEMP": str(home / "remote")}, cwd=FOLDER)
    ran.wait(probed.WITHIN_S)
    return ran


class Fleet:
    """Two agents that share the queues of one account."""

    def __init__(self) -> None:
        self.home = process.folder("fleet")
        where = probed.plugins()
        hosts: dict[str, Any] = {}
        for name in SECRETS:
            folder = self.home / name
            (folder / "parts").mkdir(parents=True)
            main = probed.write_main(folder, where, 'Include "%s/parts/*.conf"\n' % folder)
            hosts[name] = {"genesys_agent_conf_folder": str(folder / "parts"), "genesys_agent_secret_file": str(folder / "secret"),
                           "genesys_agent_unit_folder": str(folder / "unit"), "genesys_agent_probe": " ".join(probed.command(main))}
        owner = {"genesys_agent_owner": str(os.getuid()), "genesys_agent_group": str(os.getgid())}
        clients = {name: {"id": "id-of-" + name, "secret": secret} for name, secret in SECRETS.items()}
        self.inventory = self.home / "inventory.json"
        self.inventory.write_text(json.dumps({"genesys_agents": {"children": {"shared": {"hosts": hosts}}, "vars": {
            "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "ansible_become": False,
            "genesys_agent_service": "", "genesys_agent_shard_group": "shared", "genesys_agent_serial": "100%",
            "genesys_agent_clients": clients, **yaml.safe_load(probed.blocks(FOLDER / "README.md", "yaml")[0]),
            "genesys_agent_queues": ["VIP \"Gold\"*", "!*test*"], **owner}}}))

    def play(self, hosts: str = "all", **changes: Any) -> Program:
        """The play with diffs, so that a secret in them would be seen."""
        return ansible([str(PLAYBOOK), "-i", str(self.inventory), "--limit", hosts, "--diff", "site.yml", "-e", json.dumps(changes)],
                       self.home)

    def text(self, name: str, file: str) -> str:
        return (self.home / name / file).read_text(encoding="utf-8")


def recap(text: str) -> dict[str, dict[str, int]]:
    """The sums that Ansible prints for each host."""
    found = {}
    for name, rest in re.findall(r"^(\w+) +: (ok=.*)$", text, re.M):
        found[name] = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", rest)}
    return found


def a_second_run_changes_nothing_and_a_mistake_ends_the_play() -> None:
    fleet = Fleet()
    first = fleet.play()
    check("the first run works", first.process.returncode == 0, first.text)
    check("the probe has run", "Check the configuration" in first.text, first.text)
    for number, name in enumerate(SECRETS, 1):
        has_line("share of " + name, fleet.text(name, "parts/genesys_realtime.conf"), 'Shard "%d/2"' % number)
        has_line("a name with quotes", fleet.text(name, "parts/genesys_realtime.conf"), 'Queue "VIP \\"Gold\\"*"')
        has_line("an option of the README", fleet.text(name, "parts/genesys_realtime.conf"), "Window 60")
        has_line("client of " + name, fleet.text(name, "parts/genesys.conf"), 'ClientId "id-of-%s"' % name)
        same("secret of " + name, fleet.text(name, "secret"), SECRETS[name] + "\n")
        same("mode of the secret", (fleet.home / name / "secret").stat().st_mode & 0o777, 0o640)
        same("mode of the configuration", (fleet.home / name / "parts/genesys.conf").stat().st_mode & 0o777, 0o640)
        has_line("credential", fleet.text(name, "unit/genesys-credential.conf"),
                 "LoadCredential=genesys-secret:%s/secret" % (fleet.home / name))
        same("hardening", fleet.text(name, "unit/genesys-hardening.conf"),
             (probed.TOP / "examples/systemd/genesys-hardening.conf").read_text(encoding="utf-8"))
    again = fleet.play()
    same("changes of the second run", {name: sums["changed"] for name, sums in recap(again.text).items()}, {"one": 0, "two": 0})
    check("no restart without a change", "Check the configuration" not in again.text, again.text)
    files = ("genesys.conf", "genesys_realtime.conf", "genesys_prometheus.conf")
    same("faults by the schema", schema.of("".join(fleet.text("one", "parts/" + name) for name in files)), [])
    unknown = fleet.play("one", genesys_agent_queues_options={"window": 60, "Windwo": 60}, genesys_agent_prometheus_options={})
    check("an unknown option ends the play", unknown.process.returncode == 2, unknown.text)
    has_line("it is named", unknown.text, "genesys_agent_queues_options has unknown options: Windwo")
    same("changes before that", recap(unknown.text)["one"]["changed"], 0)
    wrong = fleet.play("one", genesys_agent_queues_options={"Window": 86401}, genesys_agent_systemd_credential=False)
    check("a mistake ends the play", wrong.process.returncode == 2, wrong.text)
    has_line("the output has the words of the probe", wrong.text.replace("\\n", "\n"), "Window", "86401", "86400")
    check("no drop-in loads a secret that collectd reads itself", not (fleet.home / "one/unit/genesys-credential.conf").exists())
    has_line("the file is named", fleet.text("one", "parts/genesys.conf"), 'ClientSecretFile "%s/one/secret"' % fleet.home)
    shown = first.text + again.text + unknown.text + wrong.text
    same("secrets in the output", [secret for secret in SECRETS.values() if secret in shown], [])


def the_inventory_has_100_agents() -> None:
    home = process.folder("inventory")
    ran = ansible([str(INVENTORY), "-i", "inventory.yml", "--list"], home)
    groups = json.loads(ran.text)
    same("agents", (len(groups["genesys_eu"]["hosts"]), len(groups["genesys_us"]["hosts"])), (60, 40))
    shared = {name: variables["genesys_agent_shard_group"] for name, variables in groups["_meta"]["hostvars"].items()}
    same("agents outside of the group whose queues they share",
         [name for name, group in shared.items() if name not in groups[group]["hosts"]], [])


if __name__ == "__main__":
    report.main([a_second_run_changes_nothing_and_a_mistake_ends_the_play, the_inventory_has_100_agents],
                {**probed.NEEDED, "ansible-playbook": PLAYBOOK, "ansible-inventory": INVENTORY})

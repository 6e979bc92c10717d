#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Are the packages clean, reproducible, private? Do they install, measure, upgrade, harden, uninstall without a trace?"""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import making
from ansible_play import the_ansible_role_runs_with_systemd
from installed import CREDENTIALS, Agent, Host
from making import change, done, need
from lib import expected, process, report
from lib.collectd import build_folder
from lib.genesys import TOP, Simulator
from lib.process import wait_until
from lib.report import Skip, check, note, same

PLUGINS = [
    "genesys",
    "genesys_analytics",
    "genesys_flowmetrics",
    "genesys_influxdb",
    "genesys_prometheus",
    "genesys_realtime",
]
EXPOSURE_MAX = 20  # tenths, by systemd-analyze security; without the drop-in it is 96
WITHIN_S = 60.0
PLANTED = 1000000
# The package follows the policy of Debian 12; three bytes of machine code may read as a misspelt word.
NOT_OURS = re.compile(r"out-of-date-standards-version|spelling-error-in-binary \w{3} with ")


def lint_findings(said: str) -> list[str]:
    """The lines of lintian's output about the package, without its notes (N:)."""
    return [line for line in said.splitlines() if re.match(r"[EWIPXC]: ", line) and not NOT_OURS.search(line)]


def uncommented(text: str) -> list[str]:
    """The lines after `sed 's/^#~ //'`, without the first line, which names this command."""
    return [re.sub(r"^#~ ", "", line) for line in text.splitlines()[1:]]


def the_deb_is_clean_and_complete() -> None:
    need("dpkg-buildpackage", "dh", "lintian")
    folder, _, _ = making.packages()
    changes = next(folder.glob("*.changes"))
    same("lintian", lint_findings(done(["lintian", "-EvIL", "+pedantic", "--allow-root", str(changes)])), [])
    root = process.folder("unpacked")
    package = making.deb(folder)
    listed = done(["dpkg-deb", "-c", str(package)])
    done(["dpkg-deb", "-R", str(package), str(root)])
    note("%d bytes" % package.stat().st_size)
    same("plugins", sorted(path.stem for path in root.glob("usr/lib/collectd/*")), PLUGINS)
    same("private libraries", sorted(path.name for path in root.glob("usr/lib/*/collectd-genesys/*")),
         ["genesys_probe.so", "genesys_probe_network.so", "genesys_probe_values.so",
          "libgenesys_core-%s.so" % package.name.split("_")[1].split("-")[0]])
    check("only root may use the state folder", re.search(r"^drwxr-x--- root/root .* \./var/lib/collectd/genesys/$", listed,
                                                  re.M), listed)
    same("genesys.db", (root / "usr/share/collectd-genesys/genesys.db").read_text().strip(),
         done([str(build_folder() / "tools" / "optdoc"), "--typesdb"]).strip())
    conffiles = (root / "DEBIAN/conffiles").read_text().split()
    same("conffiles", sorted(Path(path).stem for path in conffiles), PLUGINS)
    for path in conffiles:
        text = (root / path.lstrip("/")).read_text()
        same("%s is commented out" % path, [line for line in text.splitlines() if line and line[0] != "#"], [])
        example = (TOP / "examples/collectd.conf.d" / Path(path).name).read_text()
        same("%s uncommented is the example" % path, uncommented(text), example.splitlines())


def two_builds_are_the_same_bytes() -> None:
    need("dpkg-buildpackage", "dh")
    making.again.begin()
    first, second = making.packages()[0], making.again()
    names = sorted(path.name for path in first.glob("*.deb"))
    same("packages", [re.sub(r"_.*", "", name) for name in names],
         ["collectd-plugin-genesys-dbgsym", "collectd-plugin-genesys"])
    for name in names:
        check("%s is the same in both builds" % name, (first / name).read_bytes() == (second / name).read_bytes(), "differs; see diffoscope")


def the_rpm_is_clean_and_private() -> None:
    need("rpmbuild", "rpmlint")
    _, folder, said = making.packages()
    made = sorted(folder.glob("*RPMS/*/*.rpm")) + sorted(folder.glob("SRPMS/*.rpm"))
    package = str(next(folder.glob("RPMS/*/collectd-genesys-[0-9]*.rpm")))
    lint = done(["rpmlint", "-c", str(TOP / "packaging/rpm/rpmlint.toml"), *map(str, made),
                 str(TOP / "packaging/rpm/collectd-genesys.spec")])
    check("rpmlint has no error and no warning", " 0 errors, 0 warnings" in lint, lint)
    for what in ("--provides", "--requires"):
        names = done(["rpm", "-qp", what, package])
        same("%s of private files" % what, [line for line in names.splitlines() if re.search(r"genesys.*\.so", line)], [])
    flags = done(["rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]", package])
    config = [line.split()[0] for line in flags.splitlines() if line.endswith(" cn")]
    same("config(noreplace)", sorted(Path(path).stem for path in config), PLUGINS)
    check("secrets are in the configuration folder of that distribution",
          "/etc/collectd.d/genesys.secret" in done(["sh", "-c", 'rpm2cpio %s | cpio -i --quiet --to-stdout '
                                                    '"*collectd.d/genesys.conf"' % package]))
    compiled = [line for line in said.splitlines() if "-I" in line and "src/daemon" in line]
    check("the plugins are compiled with the headers of a source tree", compiled, "no -I…/src/daemon")
    same("compilations with other headers", [line for line in compiled if "/usr/include/collectd" in line], [])


def measures(host: Host, sim: Simulator, env: dict[str, str] | None = None) -> Agent:
    """A collectd whose values are the truth."""
    shutil.rmtree(host.root / "var/lib/collectd/agent", ignore_errors=True)
    agent = Agent(host, env=env)
    agent.wait_up(within_s=WITHIN_S)
    truth = sim.truth()
    wanted = expected.values(truth, expected.by_name(truth), lambda _id, queue: "test" not in queue["name"])

    def differences() -> list[str]:
        return expected.differences(wanted, expected.of_queues(agent.snapshot()))
    try:
        wait_until(lambda: not differences(), WITHIN_S, "the truth", 0.25)
    except process.Late:
        pass
    check("%d series are the truth" % len(wanted), wanted and not differences(), differences()[:6])
    same("complaints", agent.complaints(), [])
    return agent


def first_installation(host: Host, sim: Simulator) -> None:
    host.configure_collectd()
    host.install(making.old())
    same("dpkg's status of the package", host.status(), "install ok installed %s-1" % making.OLD)
    same("state folder's mode and owner", (oct(host.state.stat().st_mode & 0o7777), host.state.stat().st_uid),
         ("0o750", 0))
    agent = Agent(host)
    agent.says("Initialization complete", within_s=WITHIN_S)
    same("lines about the plugins while all is commented out", agent.program.matching("genesys"), [])
    agent.stop()
    host.enable("genesys", "genesys_realtime", "genesys_analytics")
    host.use(sim)
    agent = measures(host, sim)
    agent.lives_until(lambda: offered(host), WITHIN_S, "totals in the state file")
    agent.stop()


def offered(host: Host) -> dict[str, int]:
    """The field of each total in the state file -> its count, the first word of the text."""
    found = host.rows("pages WHERE field LIKE 'total nOffered%'", "field, text")
    return {field: int(text.split()[0]) for field, (text,) in found.items()}


def upgrade_in_place(host: Host, sim: Simulator) -> None:
    """The planted count is only in the state file: a count after the upgrade shows that the file was kept."""
    victim = sorted(offered(host))[0]
    same("one row gets the planted count", host.change_state("UPDATE pages SET text = '%d' || substr(text, instr(text, ' ')) WHERE field = '%s'"
                                      % (offered(host)[victim] + PLANTED, victim.replace("'", "''"))), 1)
    queues = ("pages WHERE page = 'names queue'", "field, text")  # further rows have the time of the last success
    names = host.rows(*queues)
    edited = (host.snippets / "genesys.conf").read_bytes()
    check("the old snippet is installed", "The old text" in (host.snippets / "genesys_flowmetrics.conf").read_text())
    host.install(making.deb(making.packages()[0]))
    check("the package is upgraded", host.status().startswith("install ok installed ") and making.OLD not in host.status(),
          host.status())
    same("an edited snippet stays", (host.snippets / "genesys.conf").read_bytes(), edited)
    check("an unedited snippet is replaced",
          "The old text" not in (host.snippets / "genesys_flowmetrics.conf").read_text())
    agent = measures(host, sim)
    agent.stop()
    same("names and labels", {queue: host.rows(*queues).get(queue) for queue in names}, names)
    check("the totals continue", offered(host)[victim] >= PLANTED, offered(host)[victim])


def credential_of_the_drop_in(host: Host, sim: Simulator) -> None:
    text = (host.examples / "systemd/genesys-credential.conf").read_text()
    name, source = re.findall(r"^LoadCredential=([^:]+):(.+)$", text, re.M)[0]
    conf = host.snippets / "genesys.conf"
    change(conf, r'^( *)(ClientSecretFile "%s")' % re.escape(source), r"\1#\2")
    change(conf, r'^( *)#(ClientSecretCredential "%s")' % re.escape(name), r"\1\2")
    where = host.load_credential(name, source)
    (host.root / source.lstrip("/")).unlink()
    agent = measures(host, sim, {"CREDENTIALS_DIRECTORY": where})
    same("visible secrets", agent.leaks(sim.client_secret), [])
    agent.stop()


def receiver(host: Host) -> None:
    """Loads genesys.db in a collectd that has none of our plugins."""
    conf = host.root / "tmp/receiver.conf"
    conf.write_text('Hostname "receiver"\nTypesDB "/usr/share/collectd/types.db" '
                    '"/usr/share/collectd-genesys/genesys.db"\n')
    agent = Agent(host, "/tmp/receiver.conf")
    agent.says("Initialization complete", within_s=WITHIN_S)
    same("complaints about genesys.db", [line for line in agent.text.splitlines() if "rror" in line or "types" in line],
         [])
    agent.stop()


def removal_and_return(host: Host) -> None:
    edited = (host.snippets / "genesys.conf").read_bytes()
    host.run("dpkg", "--remove", "collectd-plugin-genesys")
    agent = Agent(host)
    agent.says("Initialization complete", within_s=WITHIN_S)
    agent.stop()
    check("state and snippets are kept", (host.state / "state.db").exists()
          and (host.snippets / "genesys.conf.removed").read_bytes() == edited)
    same("plugins left", [path.name for path in host.root.glob("usr/lib/collectd/genesys*")], [])
    host.install(making.deb(making.packages()[0]))
    same("the snippet is back", (host.snippets / "genesys.conf").read_bytes(), edited)


def the_package_works_until_its_purge_leaves_no_file() -> None:
    need("mmdebstrap", "chroot", "dpkg-buildpackage", "dh")
    if os.geteuid() != 0:
        raise Skip("installing in a Debian of its own needs root")
    for job in (making.debian, making.old, making.packages):
        job.begin()
    sim = Simulator(frozen=True, queues=12, agents=20, plain_names=True, rate_limit=0)
    host = Host(making.debian())
    first_installation(host, sim)
    upgrade_in_place(host, sim)
    credential_of_the_drop_in(host, sim)
    receiver(host)
    removal_and_return(host)
    host.run("dpkg", "--remove", "collectd-plugin-genesys")
    host.run("dpkg", "--purge", "collectd-plugin-genesys")
    shutil.rmtree(host.root / CREDENTIALS)
    (host.root / "etc/collectd/genesys.secret").unlink(missing_ok=True)
    same("status of the package in dpkg", host.status(), "")
    same("files left after the purge", host.traces(), [])


def the_drop_in_hardens() -> None:
    need("systemd-analyze")
    unit = Path("/lib/systemd/system/collectd.service")
    folder = process.folder("unit")
    shutil.copy(unit, folder)
    drop_in = folder / "collectd.service.d"
    drop_in.mkdir()
    shutil.copy(TOP / "examples/systemd/genesys-hardening.conf", drop_in)
    said = done(["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=%d" % EXPOSURE_MAX,
                 str(folder / unit.name)])
    note(said.splitlines()[-1].strip())
    for law in ("NoNewPrivileges=", "ProtectSystem=", "ProtectHome=", "PrivateTmp=", "MemoryDenyWriteExecute="):
        check(law, re.search("✓ " + law, said), "not in force")
    verified = done(["systemd-analyze", "verify", str(folder / unit.name)])
    same("systemd-analyze verify", [line for line in verified.splitlines() if "genesys" in line], [])


if __name__ == "__main__":
    report.main([the_package_works_until_its_purge_leaves_no_file, the_ansible_role_runs_with_systemd,
                 the_deb_is_clean_and_complete, two_builds_are_the_same_bytes, the_rpm_is_clean_and_private,
                 the_drop_in_hardens])

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does genesys-probe find the mistakes of a collectd.conf through collectd itself, and leave no trace?

Does it count recorded events as the plugin does?
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

from lib import process, report
from lib.collectd import DAEMON, block, build_folder, built, quote, system_plugins
from lib.report import check, has_line, same

PROBE = build_folder() / "probe" / "genesys-probe"
PROD = {"Region": "eu-west-1", "ClientId": "probe", "ClientSecret": "tell-tale"}


class Place:
    """A private folder with a collectd.conf and plugins."""

    def __init__(self, text: str, more: tuple[str, ...] = ()) -> None:
        self.base = process.folder("probe")
        self.plugins = self.base / "plugins"
        self.plugins.mkdir()
        (self.base / "state").mkdir()
        for name in ("logfile", "exec", "match_regex", "target_set"):
            shutil.copy(system_plugins() / (name + ".so"), self.plugins)
        for name in ("genesys", "genesys_realtime", *more):
            shutil.copy(str(built(name)), self.plugins)
        self.config = self.base / "collectd.conf"
        self.config.write_text("BaseDir %s\nPIDFile %s\nPluginDir %s\n%s" % (
            quote(self.base / "state"), quote(self.base / "pid"), quote(self.plugins), text))

    def files(self) -> list[str]:
        """All files but the plugins."""
        return sorted(str(path.relative_to(self.base)) for path in self.base.rglob("*")
                      if path.is_file() and self.plugins not in path.parents)

    def run(self, *words: str, config: str = "", env: dict[str, str] = {}) -> "subprocess.CompletedProcess[str]":
        full = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": str(build_folder() / ".libs"),
                "GENESYS_PROBE_LIBRARY": str(build_folder() / ".libs"), **env}
        return subprocess.run([str(PROBE), "--config-only", "-C", config or str(self.config), *words],
                              env=full, text=True, capture_output=True, timeout=120, cwd=self.base, check=False)


def ours(accounts: str, blocks: str = "") -> str:
    return "LoadPlugin genesys\nLoadPlugin genesys_realtime\n<Plugin genesys>\n%s</Plugin>\n<Plugin genesys_realtime>\n%s</Plugin>\n" % (
        accounts, blocks)


GOOD = ours(block("Account", "prod", PROD), block("Queues", "all", {"Account": "prod"}))


def a_good_file_has_status_0() -> None:
    place = Place(GOOD)
    done = place.run()
    same("status", (done.returncode, done.stderr), (0, ""))
    has_line("the block has its account", done.stdout, "ok", 'genesys_realtime <Queues "all">', 'has <Account "prod">')
    has_line("the sum", done.stdout, "failed: 0, warnings: 0, ok: 5")


def mistakes_have_status_2() -> None:
    place = Place(ours(block("Account", "prod", {**PROD, "Timeuot": 5}),
                       block("Queues", "all", {"Account": "dev"})) + "LoadPlugin nothing_of_this_name\n")
    done = place.run()
    same("status", done.returncode, 2)
    has_line("the option", done.stdout, "failed", "options", '<Account "prod">: unknown option "Timeuot"', 'did you mean "Timeout"?')
    has_line("the account", done.stdout, "failed", "account", 'there is no <Account "dev">')
    has_line("collectd's own error", done.stdout, "failed", "collectd", 'Could not find plugin "nothing_of_this_name"')
    check("the secret is not shown", "tell-tale" not in done.stdout + done.stderr, done.stdout)


def a_lease_without_a_shared_state_is_found_in_any_order() -> None:
    leased = block("Account", "prod", {**PROD, "Host": "pair", "LeaseURL": "redis://127.0.0.1:6379/0"})
    hook = block("Attributes", "hook", {"Source": "webhook", "Port": 1, "Account": "prod"})
    flows = "LoadPlugin genesys_flowmetrics\n<Plugin genesys_flowmetrics>\n%s</Plugin>\n" % hook
    for name, text in (("before the block", ours(leased) + flows), ("after the block", flows + ours(leased))):
        done = Place(text, ("genesys_flowmetrics",)).run()
        same("the account is %s: status" % name, done.returncode, 2)
        has_line("the account is %s: the line" % name, done.stdout, "failed", "options",
                 'the LeaseURL of <Account "prod"> needs a StateURL')


def a_warning_has_status_1() -> None:
    done = Place(GOOD + "<Plugin exec>\n  Exec \"nobody\" \"/bin/true\"\n</Plugin>\n").run()
    same("status", done.returncode, 1)
    has_line("a section without its plugin", done.stdout, "warning", "collectd", "`exec' plugin", "isn't loaded")
    done = Place(GOOD.replace('ClientId', 'Timeout 3\n    ConnectTimeout 8\n    ClientId', 1)).run()
    same("ConnectTimeout above Timeout: status", done.returncode, 1)
    has_line("ConnectTimeout above Timeout", done.stdout, "warning", "ConnectTimeout 8 is longer than Timeout 3")
    if built("genesys_influxdb"):
        node = block("Node", "main", {"Bucket": "b", "SpoolMax": 2**20, "BatchSize": 9000})
        done = Place(GOOD + "LoadPlugin genesys_influxdb\n<Plugin genesys_influxdb>\n%s</Plugin>\n" % node,
                     ("genesys_influxdb",)).run()
        has_line("a SpoolMax below two batches", done.stdout, "warning", '<Node "main">', "SpoolMax 1048576 holds about 5242 lines")


def an_account_without_a_block_is_a_warning() -> None:
    """The section of genesys_realtime is still commented out, or its plugin is not loaded."""
    for name, text in (("no section", ours(block("Account", "prod", PROD))),
                       ("no LoadPlugin", GOOD.replace("LoadPlugin genesys_realtime\n", ""))):
        done = Place(text).run()
        same(name + ": status", (done.returncode, done.stderr), (1, ""))
        has_line(name + ": the row", done.stdout, "warning", "account", '<Account "prod">', "no block uses it")
        has_line(name + ": the next step", done.stdout, "next: ", "LoadPlugin of its plugin")
    done = Place(ours(block("Account", "prod", PROD), block("Queues", "all", {"Account": "prod", "Windwo": 60}))).run()
    check("a mistake in the block is the only cause", "no block uses it" not in done.stdout, done.stdout)


def a_file_that_cannot_be_parsed_has_its_line() -> None:
    place = Place(GOOD + "<Plugin\n")
    done = place.run()
    same("status", done.returncode, 2)
    has_line("the place", done.stdout, "failed", "agent", "Parse error in file", "collectd.conf")


def included_files_are_read_as_by_collectd() -> None:
    place = Place("Include %s\n" % quote("parts/*.conf"))
    (place.base / "parts").mkdir()
    (place.base / "parts" / "a.conf").write_text(GOOD)
    (place.base / "parts" / "b.conf").write_text(ours("", block("Queues", "two", {"Account": "prod", "Windwo": 60})))
    done = place.run()
    has_line("the mistake of the second file", done.stdout, "failed", '<Queues "two">: unknown option "Windwo"')


def an_include_that_does_not_exist_is_a_warning() -> None:
    done = Place('Include "/nonexistent/genesys.conf"\n' + GOOD).run()
    same("status", (done.returncode, done.stderr), (1, ""))
    has_line("the row", done.stdout, "warning", "collectd", "/nonexistent/genesys.conf", "No such file or directory")


def other_plugins_are_not_loaded() -> None:
    """The operator's log file gets no line, and no other file appears."""
    place = Place('LoadPlugin logfile\n<Plugin logfile>\nLogLevel info\nFile "log"\n</Plugin>\n'
                  + ours(block("Account", "prod", {**PROD, "Timeuot": 5})))
    has_line("there is a line for the log", place.run().stdout, "failed", "options")
    same("no file appears", place.files(), ["collectd.conf"])


def filter_chains_are_no_mistake() -> None:
    place = Place('LoadPlugin match_regex\nLoadPlugin target_set\nPostCacheChain "PostCache"\n<Chain "PostCache">\n<Rule "host">\n'
                  '<Match "regex">\nPlugin "^genesys"\n</Match>\n<Target "set">\nHost "floor"\n</Target>\n</Rule>\n'
                  'Target "return"\n</Chain>\n' + GOOD)
    done = place.run()
    same("a file with a chain", (done.returncode, "Chain" in done.stdout, "match" in done.stdout), (0, False, False))


def the_json_report_has_the_result_and_each_check() -> None:
    document: dict[str, Any] = json.loads(Place(GOOD).run("--format", "json").stdout)
    same("result and counts", (document["result"], document["failed"], document["warnings"], document["ok"]), ("ok", 0, 0, 5))
    same("the checks", [one["check"] for one in document["checks"]], ["agent", "plugins", "options", "options", "account"])


def a_probe_that_cannot_start_has_status_2() -> None:
    place = Place(GOOD)
    for name, done, word in [
            ("no file", place.run(config="nothing.conf"), "nothing.conf cannot be read"),
            ("no library", place.run(env={"GENESYS_PROBE_LIBRARY": str(place.base)}), "genesys_probe.so cannot be read"),
            ("no collectd", place.run("--collectd", "/bin/true"), "does not answer as collectd does")]:
        same(name + ": status", (done.returncode, done.stdout), (2, ""))
        check(name + ": the line", word in done.stderr, done.stderr)
    for words, line in ((("--events", "nothing.json"), "--events nothing.json cannot be read: No such file or directory"),
                        (("--events", "/"), "--events / cannot be read: Is a directory"),
                        (("--once", "--attribute-format", "x"), "--attribute-format is for --events")):
        done = subprocess.run([str(PROBE), *words], text=True, capture_output=True, timeout=120, cwd=place.base, check=False)
        same(" ".join(words) + ": status", (done.returncode, done.stdout), (2, ""))
        check(" ".join(words) + ": the line", line in done.stderr, done.stderr)



def a_file_without_plugins_of_this_suite_has_one_failure() -> None:
    place = Place("")
    done = subprocess.run([str(PROBE), "--once", "-C", str(place.config)], text=True, capture_output=True, timeout=120, cwd=place.base,
                          check=False, env={**os.environ, "LD_LIBRARY_PATH": str(build_folder() / ".libs"),
                                            "GENESYS_PROBE_LIBRARY": str(build_folder() / ".libs")})
    same("status", (done.returncode, done.stderr), (2, ""))
    same("the failures", [line.split()[1] for line in done.stdout.splitlines() if line.startswith("failed ")], ["plugins"])


def events(body: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(PROBE), "--events", "-", *words], input=body, text=True, capture_output=True,
                          timeout=120, check=False)


def recorded_events_are_counted() -> None:
    name = '"CustomerRoutingMetric_Unknown(2023-03-05T08:18:04.568Z)"'
    body = '{"conversationId":"9f1c","attributes":{%s:"tell-tale"}}\n' % name
    done = events(body + body)
    same("status", (done.returncode, done.stderr), (0, ""))
    has_line("the first", done.stdout, "1 ", "counted", "CustomerRouting/flow_metric-Unknown")
    has_line("the second", done.stdout, "2 ", "duplicate", "CustomerRouting/flow_metric-Unknown")
    check("neither value nor conversation is shown", "tell-tale" not in done.stdout and "9f1c" not in done.stdout, done.stdout)
    same("a line that is no event", events("no event\n").returncode, 1)
    same("a wrong --attribute-format", events(body, "--attribute-format", "%{flow}").returncode, 2)


if __name__ == "__main__":
    report.main([a_good_file_has_status_0, mistakes_have_status_2, a_lease_without_a_shared_state_is_found_in_any_order,
                 a_warning_has_status_1, an_account_without_a_block_is_a_warning,
                 a_file_that_cannot_be_parsed_has_its_line, included_files_are_read_as_by_collectd,
                 an_include_that_does_not_exist_is_a_warning,
                 other_plugins_are_not_loaded, filter_chains_are_no_mistake, the_json_report_has_the_result_and_each_check,
                 a_probe_that_cannot_start_has_status_2, a_file_without_plugins_of_this_suite_has_one_failure, recorded_events_are_counted], {"collectd": DAEMON})

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does genesys-probe show the values that a configuration dispatches, and leave the live agent and the platform alone?"""
from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from lib import expected, process, report
from lib.collectd import ANALYTICS, DAEMON, FLOWS, Collectd, account, block, build_folder, query, queues
from lib.flows import Sqs, attributes
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, has_line, same
from lib.resolver import silent_resolver
from probe import PROBE, Place, ours

SMALL: dict[str, Any] = {"queues": 5, "agents": 8, "frozen": True, "rate_limit": 0}
LIMIT_S = 60
ENV = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": str(build_folder() / ".libs"),
       "GENESYS_PROBE_LIBRARY": str(build_folder() / ".libs")}


def words(config: Path, *more: str) -> list[str]:
    return [str(PROBE), "-C", str(config), *more]


def probe(config: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    begin = time.monotonic()
    done = subprocess.run(words(config, *more), env=ENV, text=True, capture_output=True, timeout=2 * LIMIT_S,
                          cwd=config.parent, check=False)
    check("the probe ends within %d s" % LIMIT_S, time.monotonic() - begin < LIMIT_S, time.monotonic() - begin)
    return done


def everything(sim: Simulator, sqs: Sqs) -> str:
    """Two blocks that select the same queues, a query, flows, and attributes from SQS."""
    return ("Hostname agent\n" + ours(account(sim), queues("all") + queues("again"))
            + "LoadPlugin %s\n<Plugin %s>\n%s</Plugin>\n" % (ANALYTICS, ANALYTICS, query(Granularity="PT1M"))
            + "LoadPlugin %s\n<Plugin %s>\n%s%s</Plugin>\n" % (FLOWS, FLOWS, block("Flows", "flows", {"Account": "prod"}), attributes(sqs)))


def of_json(text: str) -> dict[str, tuple[float, float]]:
    return {"%s/%s%s%s" % (v["instance"], v["type"], "-" if v["type_instance"] else "", v["type_instance"]):
            (v["time"], v["values"]["value"]) for v in json.loads(text)["values"] if "value" in v["values"]}


def of_putval(text: str) -> dict[str, tuple[float, float]]:
    found = {}
    for line in text.splitlines():
        parsed = re.fullmatch(r'PUTVAL "agent/genesys-((?:[^"\\]|\\.)*)" interval=[0-9.]+ ([0-9.]+):([^:]*)', line)
        if parsed and "U" not in parsed[3]:
            found[re.sub(r"\\(.)", r"\1", parsed[1])] = (float(parsed[2]), float(parsed[3]))
    return found


def equal(name: str, sim: Simulator, got: dict[str, tuple[float, float]]) -> None:
    truth = sim.truth()
    left = expected.differences(expected.values(truth, expected.by_name(truth)), expected.of_queues(got))
    check(name + ": the values equal the truth", not left, left[:6])


def values_equal_the_truth() -> None:
    sim = Simulator(**SMALL)
    sqs = Sqs()
    sqs.send("one", "two")
    place = Place(everything(sim, sqs), (ANALYTICS, FLOWS))
    done = probe(place.config, "--once", "--format", "json")
    document = json.loads(done.stdout)
    equal("json", sim, of_json(done.stdout))
    costs = {(r["family"], r["block"]): r["per_minute"] for r in document["requests"]}
    same("a poll each second costs 60 requests a minute", costs.get(("queue_observations", "queues-all")), 60.0)
    same("a query each minute costs one", costs.get(("conversation_aggregates", "query-queues")), 1.0)
    same("the budget", [(b["account"], b["budget"]) for b in document["budgets"]], [("prod", 250.0)])
    series = {(s["block"], s["type"]): s["series"] for s in document["series"]}
    truth = expected.values(sim.truth(), lambda queue, _name: queue)
    same("the series of queue_depth", series.get(("queues-all", "queue_depth")), sum("/queue_depth-" in key for key in truth))
    overlap = [n["note"] for n in document["notes"] if n["block"] == "queues-again" and "earlier blocks" in n["note"]]
    check("the overlap is named", overlap and overlap[0].startswith("5 of the queues"), document["notes"])
    has_line("the series of the stream are announced", done.stdout.replace("{", "\n{"), "queues-all", "up to 18 series with the first contact of a queue and medium")
    has_line("the source that is not tried", done.stdout.replace("{", "\n{"), "<Attributes", "ivr", "not tried", "--events")
    sim.reset_counters()
    equal("putval", sim, of_putval(probe(place.config, "--once", "--format", "putval").stdout))
    nothing_is_taken(sim, sqs, place)
    text = probe(place.config, "--once", "--format", "prometheus").stdout
    has_line("prometheus", text, "# TYPE genesys_queue_depth gauge")
    has_line("prometheus: labels of the exporter", text, "genesys_queue_depth{queue_id=", 'queue_name="Support"', 'media_type="voice"')
    has_line("influx", probe(place.config, "--once", "--format", "influx").stdout,
             "genesys_queue_depth,host=agent,instance=Support,media_type=voice,", " value=")


def nothing_is_taken(sim: Simulator, sqs: Sqs, place: Place) -> None:
    """The polls receive no message and create no channel. The network checks of --once give back their messages and channels (probe_network)."""
    seen = sim.counters()
    queue = sqs.queue()
    same("messages left and deleted", (queue["left"], queue["deleted"]), (2, 0))
    check("polls are seen", "observations/query" in json.dumps(seen["requests"]), json.dumps(seen["requests"])[:600])
    check("no channel is created", "notifications/channels" not in json.dumps(seen["requests"]), json.dumps(seen["requests"])[:600])
    same("no file appears", place.files(), ["collectd.conf"])


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() + oct(path.stat().st_mode)
            for path in folder.rglob("*") if path.is_file()}


def an_account_with_a_lease_is_tried_as_its_holder() -> None:
    """The probe takes no lease and needs none: the Redis of LeaseURL may be down."""
    sim = Simulator(**SMALL)
    leased = account(sim, Host="prod-host", LeaseURL="redis://127.0.0.1:1/0")
    place = Place("Hostname agent\n" + ours(leased, queues("all", Stream="conversations"))
                  + "LoadPlugin %s\n<Plugin %s>\n%s</Plugin>\n" % (ANALYTICS, ANALYTICS, query(Granularity="PT1M")), (ANALYTICS,))
    done = probe(place.config, "--once", "--format", "json")
    equal("json", sim, of_json(done.stdout))
    rows = {(c["check"], c["state"]) for c in json.loads(done.stdout)["checks"]}
    check("the channel was tried", ("channel", "ok") in rows, rows)
    check("intervals were read", any("query-queues" in key for key in of_json(done.stdout)), sorted(of_json(done.stdout))[:5])


def the_live_agent_is_left_alone() -> None:
    """The agent sleeps while the probe runs, so that only the probe could change a file; the sleeping agent holds the lock of its files."""
    sim = Simulator(**SMALL)
    live = Collectd(account(sim), queues(), queries=query(Granularity="PT1M"), flows=block("Flows", "flows", {"Account": "prod"}))
    live.wait_up()
    wait_until(lambda: list(live.base.rglob("state.db")), 30, "the agent has a state file")
    os.kill(live.program.pid, signal.SIGSTOP)
    tasks = Path("/proc/%d/task" % live.program.pid)
    wait_until(lambda: all(re.search(r"^State:\s+T", (task / "status").read_text(), re.M) for task in tasks.iterdir()), 30,
               "all threads of the agent sleep")
    before = hashes(live.base)
    done = probe(live.config, "--once", "--format", "putval")
    after = hashes(live.base)
    os.kill(live.program.pid, signal.SIGCONT)
    same("files that changed", sorted(name for name in {**before, **after} if before.get(name) != after.get(name)), [])
    equal("beside the agent", sim, of_putval(done.stdout))


def rounds_follow_until_sigint() -> None:
    sim = Simulator(**SMALL)
    place = Place("Hostname agent\nInterval 1\n" + ours(account(sim), queues()))
    out = process.folder("watch") / "out"
    with out.open("w") as stdout:
        run = subprocess.Popen(words(place.config, "--watch", "--format", "putval"), env=ENV, stdout=stdout, cwd=place.base,
                               stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: out.read_text().count("genesys-queues-all/source_up-observations") >= 3, 60, "three rounds")
            run.send_signal(signal.SIGINT)
            _, errors = run.communicate(timeout=2 * LIMIT_S)
        finally:
            run.kill()
    same("status: two queues share a name, which costs no value", run.returncode, 0)
    equal("the newest values", sim, of_putval(out.read_text()))
    has_line("the summary: requests", errors, "prod", "queue_observations", "60.00", "genesys_realtime: queues-all")
    has_line("the summary: series", errors, "genesys_realtime: queues-all", "queue_depth", "25")


def the_probe_ends_in_time_when_a_server_hangs() -> None:
    sim = Simulator(**SMALL)
    sim.faults({"on": "* /api/v2/analytics/queues/observations/query", "answer": "hang"})
    done = probe(Place(ours(account(sim), queues())).config, "--once", "--format", "putval")
    same("status", done.returncode, 2)
    has_line("the block", done.stderr, "failed", "values", 'genesys_realtime <Queues "all">', "no complete answer")


def a_resolver_that_hangs_leaves_the_short_name() -> None:
    """The name server answers nothing, and /etc/hosts lacks the name of this host."""
    sim, resolver = Simulator(**SMALL), silent_resolver()
    place = Place("FQDNLookup true\n" + ours(account(sim), queues()))
    renamed = [*resolver.wrapper, "unshare", "-u", "sh", "-c", 'hostname no-such-host; exec "$@"', "sh"]
    done = subprocess.run([*renamed, *words(place.config, "--once", "--format", "json")], env=ENV, text=True, capture_output=True,
                          timeout=2 * LIMIT_S, cwd=place.base, check=False)
    document = json.loads(done.stdout)
    same("the host of the values", {v["host"] for v in document["values"]}, {"no-such-host"})
    has_line("the reason", done.stdout.replace("{", "\n{"), '"warning"', "the full name of no-such-host was not found within 5 s")


if __name__ == "__main__":
    report.main([values_equal_the_truth, an_account_with_a_lease_is_tried_as_its_holder, the_live_agent_is_left_alone,
                 rounds_follow_until_sigint, the_probe_ends_in_time_when_a_server_hangs, a_resolver_that_hangs_leaves_the_short_name], {"collectd": DAEMON})

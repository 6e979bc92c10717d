#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do all values of a contact centre arrive correctly, under the documented identities?

A real collectd reads the simulator over TLS; csv, a real Prometheus, a real carbon and a real InfluxDB take the
values.
"""
from __future__ import annotations

import re
from typing import Any, Callable

from lib import expected, process, report, sinks
from lib.collectd import DAEMON, Collectd, account, block, build_folder, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import Skip, check, note, same, same_soon

Found = dict[str, tuple[float, float]]
WITHIN_S = 25.0
PLENTY = {"RequestsPerMinute": 10000}
WINDOW_S = 2
# In addition to the simulator's own names: characters that end a line, a tag or an escape in some format.
ODD_NAMES = ("", "\n", "two\nlines", "ends in a backslash\\", '"', "a,b=c d", "#comment", "{le=\"1\"} 5", "a;b=c", "..",
             "~2", "Support~2", "\u202eright to left", "x" * 127, "x" * 128, "😀" * 75)


def equal(name: str, wanted: dict[str, Any], read: Callable[[], Found], within_s: float = WITHIN_S,
          chosen: Callable[[dict[str, Any], Found], dict[str, Any]] = lambda wanted, _got: wanted) -> bool:
    """Waits until the values read equal the wanted ones; `chosen` may leave out some of the wanted ones for each reading."""
    def differences() -> list[str]:
        got = read()
        return expected.differences(chosen(wanted, got), got)
    left = process.wait_for_none(differences, within_s, name, 0.25)
    return check("%s (%d series)" % (name, len(wanted)), wanted and not left,
                 "%d differences: %s" % (len(left), "; ".join(left[:6])))


def csv(daemon: Collectd, host: str) -> Callable[[], Found]:
    return lambda: expected.of_queues(daemon.snapshot(host))


def odd_names(sim: Simulator) -> None:
    for name in ODD_NAMES:
        made = sim.call("queues", {"op": "create", "name": "to be renamed"})
        sim.call("queues", {"op": "rename", "id": made["id"], "name": name})
    names = {record["name"] for record in sim.truth()["queues"].values()}
    check("the simulator has all %d odd names" % len(ODD_NAMES), set(ODD_NAMES) <= names
          and len(ODD_NAMES[-1].encode()) == 300, set(ODD_NAMES) - names)


def both_sources(sim: Simulator) -> Collectd:
    """The same queues by `query` (host q) and by `activity` (host a)."""
    accounts = account(sim, "q", Host="q", **PLENTY) + account(sim, "a", Host="a", **PLENTY)
    blocks = queues("q", Account="q", Observations="query") + queues("a", Account="a", Observations="activity")
    return Collectd(accounts, blocks)


def present(wanted: dict[str, Any], got: Found) -> dict[str, Any]:
    """Activity answers name no medium without contacts and no queue without agents: such series may
    be absent; if present, they must be right."""
    busy = {key.rsplit("/", 1)[0] + "/" + key.rsplit("-", 1)[1] for key, value in wanted.items()
            if "/queue_agents" not in key and value != 0}
    staffed = {key.rsplit("/", 1)[0] for key, value in wanted.items() if "queue_agents-member" in key and value}

    def must(key: str) -> bool:
        queue = key.rsplit("/", 1)[0]
        return queue in staffed if "/queue_agents" in key else queue + "/" + key.rsplit("-", 1)[1] in busy
    return {key: value for key, value in wanted.items() if must(key) or key in got}


def sources_are_equal_to_the_truth() -> None:
    sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0, speed=20)
    odd_names(sim)
    daemon = both_sources(sim)
    daemon.wait_up("q", host="q")
    daemon.wait_up("a", host="a")
    truth = sim.truth()
    wanted = expected.values(truth, expected.by_name(truth))
    equal("query: csv equals the truth", wanted, csv(daemon, "q"))
    equal("activity: csv equals the truth", wanted, csv(daemon, "a"), chosen=present)
    check("some contacts wait and some agents are busy", any(v and "queue_depth" in k for k, v in wanted.items())
          and any(v and "agents-busy" in k for k, v in wanted.items()), "nothing happens")
    names = {record["name"] for record in truth["queues"].values()}
    check("the simulator has the odd names, one of them twice",
          {"Sales/EMEA", "billing.v2", 'VIP "Gold" customers', " ", "🎧 Helpdesk 😀"} <= names
          and any(len(n.encode()) == 300 for n in names) and len(names) < len(truth["queues"]), sorted(names))

    before = csv(daemon, "a")()
    sim.thaw()
    wait_until(lambda: sim.truth()["virtual_s"] > truth["virtual_s"] + 100, 15, "time passes in the world")
    sim.freeze()
    again = sim.truth()
    wanted = expected.values(again, expected.by_name(again))
    check("the world has changed", wanted != expected.values(truth, expected.by_name(truth)))
    equal("query: csv equals the truth after a change", wanted, csv(daemon, "q"))
    equal("activity: csv equals the truth after a change", wanted, csv(daemon, "a"),
          chosen=lambda all_of_them, got: present(all_of_them, {**before, **got}))
    same_in_both(daemon)
    check("the log has no complaints", not_names(daemon) == [], daemon.complaints())
    daemon.stop()


def pushed_values_are_equal_to_the_truth() -> None:
    """Observations "topic": after the snapshot there are no queries until the socket ends."""
    query = "POST /api/v2/analytics/queues/observations/query"
    sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0, speed=20)
    daemon = Collectd(account(sim, "t", Host="t", **PLENTY), queues("t", Account="t", Observations="topic"))
    daemon.wait_up("t", host="t")
    wait_until(lambda: daemon.latest("queues-t", "stream_connected", host="t") == 1, 10, "the stream")

    def asked() -> int:
        return sum(sim.counters()["requests"].get(query, {}).values())

    def settled() -> bool:
        before = asked()
        process.watch_for(2.5)
        return asked() == before
    wait_until(settled, 20, "no more requests")
    before, at = asked(), sim.truth()["virtual_s"]
    sim.thaw()
    wait_until(lambda: sim.truth()["virtual_s"] > at + 100, 15, "time passes in the world")
    sim.freeze()
    truth = sim.truth()
    equal("topic: csv equals the truth after a change", expected.values(truth, expected.by_name(truth)), csv(daemon, "t"))
    check("no query is sent while the stream is open", asked() == before, asked() - before)
    sim.faults({"on": "GET /channels/*", "answer": 503}, {"ws": "drop", "at_s": 0})
    wait_until(lambda: asked() > before + 3, 15, "queries while there is no socket")
    daemon.stop()


def not_names(daemon: Collectd) -> list[str]:
    """Complaints, without the expected one that two queues share a name."""
    return [line for line in daemon.complaints() if "share their name with another" not in line]


def same_in_both(daemon: Collectd) -> None:
    query, activity = csv(daemon, "q")(), csv(daemon, "a")()
    unequal = [key for key, (_, value) in activity.items()
               if expected.WAITS not in key and value != query.get(key, (0, None))[1]]
    check("activity and query have equal values", activity and not unequal, unequal[:5])


def a_deleted_queue_ends_without_the_others() -> None:
    sim = Simulator(frozen=True, queues=6, agents=12, rate_limit=0)
    daemon = Collectd(account(sim, **PLENTY), queues())
    daemon.wait_up()
    truth = sim.truth()
    gone = next(q for q, record in truth["queues"].items() if record["name"] == "billing.v2")
    label = expected.by_name(truth)(gone, "")
    wait_until(lambda: daemon.latest(label, "queue_agents", "member") is not None, 5)
    sim.call("queues", {"op": "delete", "id": gone})
    rest = sim.truth()
    check("the truth has no deleted queue", gone not in rest["queues"])

    def newest(name: str) -> float:
        return daemon.readings(name, "queue_agents", "member")[-1][0]
    wait_until(lambda: newest("Support") > newest(label) + 3, 15, "the deleted queue ends and the others continue")
    ended = newest(label)
    wait_until(lambda: newest("Support") > ended + 6, 10, "the other functions have values")
    same("the deleted queue has no more values", newest(label), ended)
    check("the log has no complaints", not_names(daemon) == [], daemon.complaints())
    daemon.stop()


def selections() -> list[tuple[str, dict[str, Any], Callable[[str, dict[str, Any]], bool]]]:
    """(host, options, a test of a queue's id and entry)"""
    return [
        ("globs", {"Queue": ["!*Test*", "Support*", "*Desk*"]},
         lambda _, record: "Test" not in record["name"] and (record["name"].startswith("Support") or "Desk" in record["name"])),
        ("refusing", {"Queue": ["!*e*"]}, lambda _, record: "e" not in record["name"]),
        ("media", {"Media": ["voice", "EMAIL"], "Queue": ["[A-S]*"]}, lambda _, record: "A" <= record["name"][0] <= "S"),
        ("literal", {"Queue": [r"\*star\**", "null"]},
         lambda _, record: record["name"].startswith("*star*") or record["name"] == "null"),
    ]


def queues_are_selected_and_named_as_configured() -> None:
    sim = Simulator(frozen=True, queues=36, agents=40, rate_limit=0)
    truth = sim.truth()
    chosen = sorted(truth["queues"])[:3]
    cases = [(host, options, wanted, expected.by_name(truth)) for host, options, wanted in selections()]
    cases += [("byid", {"Queue": chosen, "QueueLabel": "id"}, lambda q, _: q in chosen, lambda q, _n: q),
              ("both", {"QueueLabel": "both", "Observations": "activity", "Media": "voice"}, lambda _q, _t: True,
               lambda q, name: expected.label_both(name, q))]
    accounts = "".join(account(sim, host, Host=host, **PLENTY) for host, *_ in cases)
    daemon = Collectd(accounts, "".join(queues(host, Account=host, **options) for host, options, *_ in cases))
    for host, options, wanted, label in cases:
        daemon.wait_up(host, host=host)
        media = [one.lower() for one in options.get("Media", [])] if isinstance(options.get("Media"), list) else \
            [options["Media"]] if "Media" in options else []
        values = expected.values(truth, label, wanted, media)
        if host == "both":
            wait_until(lambda: daemon.latest("queues-both", "series", host=host) or 0, WITHIN_S, "values of both")
        name = "%s: %s" % (host, options.get("Queue", options.get("QueueLabel")))
        equal(name, values, csv(daemon, host), **({"chosen": present} if host == "both" else {}))
    asked = sim.counters()["requests"]
    note("requests: %s" % {name: sum(of.values()) for name, of in asked.items()})
    daemon.stop()


def prometheus_gets_the_truth() -> None:
    if not sinks.PROMETHEUS or not sinks.PROMTOOL:
        raise Skip("prometheus (with promtool) is not installed")
    sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0)
    odd_names(sim)
    port = process.free_port()
    server = sinks.Prometheus(port)
    daemon = Collectd(account(sim, Host="q", **PLENTY), queues(), load=("write_prometheus",),
                      more=block("Plugin write_prometheus", None, {"Host": "127.0.0.1", "Port": str(port)}))
    daemon.wait_up(host="q")
    truth = sim.truth()
    wanted = {"q/" + key: value for key, value in expected.values(truth, expected.by_name(truth)).items()}

    def scraped() -> Found:
        # The counters of the queues' media stand at 0 in a frozen world: the truth has the gauges.
        rows = server.query('{__name__=~"collectd_genesys_(queue_|active_conversations).*",'
                            '__name__!~".*(_total|_wait_time_seconds_sum)"}[1m]')
        return sinks.prometheus_series(rows)
    equal("prometheus equals the truth", wanted, scraped)
    same_soon("Prometheus scrapes the target", lambda: server.target_health()[0], "up")
    total = sum(value for key, value in wanted.items() if "/queue_depth" in key)
    same_soon("sum(collectd_genesys_queue_depth) equals the truth",
              lambda: [float(row["value"][1]) for row in server.query("sum(collectd_genesys_queue_depth)")], [total])
    status, words = server.lint()
    rows = [line for line in words.splitlines() if "error" in line.lower() and "_total" not in line]
    check("promtool reads the scrape", status in (0, 3) and not rows, "%d: %s" % (status, words[:600]))
    daemon.stop()


def graphite_gets_the_truth() -> None:
    if not sinks.CARBON or not sinks.has_whisper():
        raise Skip("carbon-cache and python3-whisper are not installed")
    sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0)
    odd_names(sim)
    carbon = sinks.Carbon()
    node = block("Node", "carbon", {"Host": "127.0.0.1", "Port": str(carbon.port), "Protocol": "tcp",
                                    "EscapeCharacter": "_", "StoreRates": False})
    daemon = Collectd(account(sim, Host="q", **PLENTY), queues(), load=("write_graphite",),
                      more=block("Plugin write_graphite", None, {}, node))
    daemon.wait_up(host="q")
    truth = sim.truth()
    wanted = {sinks.graphite_path(key): value for key, value in
              expected.values(truth, expected.by_name(truth)).items()}
    equal("carbon equals the truth", wanted,
          lambda: {key: value for key, value in carbon.latest().items() if key in wanted
                   or re.search(r"\.(active_conversations|queue_(depth|interacting|alerting|longest_wait|agents))[^.]*\Z", key)}, 30)
    daemon.stop()


def influxdb_gets_the_truth() -> None:
    """InfluxDB gets gauges and their windows through collectd's network plugin. Both are equal, because the world is frozen."""
    if not sinks.INFLUXD:
        raise Skip("influxdb is not installed")
    sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0)
    odd_names(sim)
    influx = sinks.InfluxDB(build_folder() / "genesys.db")
    daemon = Collectd(account(sim, Host="q", **PLENTY), queues(Window=WINDOW_S), load=("network",), more=influx.options())
    daemon.wait_up(host="q")
    truth = sim.truth()
    gauges = expected.values(truth, expected.by_name(truth))

    def stored(source: str, ending: str) -> Callable[[], Found]:
        return lambda: expected.of_queues(influx.latest(source, ending))
    equal("influxdb equals the truth", gauges, stored("value", ""))
    still = {key: value for key, value in gauges.items() if expected.WAITS not in key}

    def unmoved(read: Callable[[], Found]) -> Callable[[], Found]:
        return lambda: {key: value for key, value in read().items() if expected.WAITS not in key}
    for source in ("average", "min", "max"):
        equal("the windows' %s equals the truth" % source, still, unmoved(stored(source, "_window")))
    daemon.stop()


if __name__ == "__main__":
    report.main([sources_are_equal_to_the_truth, pushed_values_are_equal_to_the_truth,
                 queues_are_selected_and_named_as_configured, a_deleted_queue_ends_without_the_others,
                 prometheus_gets_the_truth, graphite_gets_the_truth, influxdb_gets_the_truth], {"collectd": DAEMON})

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do queues with odd names arrive once each, whatever takes the values?

A real collectd gives 200 names to csv, a real carbon, a real Prometheus and a real InfluxDB. The names have
every character that ends a line, a word, a tag or an escape somewhere, and names that such a receiver makes equal.
"""
from __future__ import annotations

from typing import Callable

from lib import process, report, sinks
from lib.collectd import DAEMON, Collectd, account, block, build_folder, queues
from lib.genesys import Simulator
from lib.report import Skip, check, note, same

PLENTY = {"RequestsPerMinute": 10000}
WANTED = 200
SERIES = "queue_agents-member"  # each queue has it, without contacts and without agents
# White space of Unicode, which carbon takes for the end of a word; control characters; what the formats escape.
SPACES = "\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
CONTROLS = "\x01\x07\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f\x7f\x80\x9f"
SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
OTHERS = "\u00ad\u200b\u200d\u200e\u202e\u2060\ufeff\ufffd\u0301ßçéñΩЖ中日한ع😀🇩🏳"
ALIKE = ("Pair A;B", "Pair A/B", "Pair A B", "Pair A_B", "Pair A.B", "Pair A\u00a0B", "Pair A\u2003B", "Pair A~2", "Pair A,B",
         "a=b", "a;b=c", "a,b=c d", "..", ".", "~", "~2", "#comment", '{le="1"} 5', "%s%n", "$(id)", "x" * 127, "x" * 128,
         "😀" * 75, "CON", "-rf", "two\nlines", "ends in a backslash\\", " leads", "trails ", "NaN", "+Inf", "null")


def odd_names() -> list[str]:
    odd = SPACES + CONTROLS + SIGNS + OTHERS
    made = list(ALIKE) + ["Sales%sEMEA %d" % (c, i) for i, c in enumerate(odd)] + ["%sx%s" % (c, c) for c in odd]
    return made[:WANTED]


def each_odd_name_arrives_once_everywhere() -> None:
    if not (sinks.CARBON and sinks.has_whisper() and sinks.PROMETHEUS and sinks.INFLUXD):
        raise Skip("carbon-cache, python3-whisper, prometheus or influxdb is not installed")
    names = odd_names()
    check("there are %d odd names" % WANTED, len(set(names)) == WANTED, len(set(names)))
    sim = Simulator(frozen=True, queues=3, agents=10, rate_limit=0)
    for name in names:
        made = sim.call("queues", {"op": "create", "name": "to be renamed"})
        sim.call("queues", {"op": "rename", "id": made["id"], "name": name})
    count = len(sim.truth()["queues"])
    carbon, influx, port = sinks.Carbon(), sinks.InfluxDB(build_folder() / "genesys.db"), process.free_port()
    prometheus = sinks.Prometheus(port)
    node = block("Node", "carbon", {"Host": "127.0.0.1", "Port": str(carbon.port), "Protocol": "tcp",
                                    "EscapeCharacter": "_", "StoreRates": False})
    daemon = Collectd(account(sim, Host="q", **PLENTY), queues(Observations="query"),
                      load=("write_graphite", "write_prometheus", "network"),
                      more=block("Plugin write_graphite", None, {}, node) + influx.options()
                      + block("Plugin write_prometheus", None, {"Host": "127.0.0.1", "Port": str(port)}))
    daemon.wait_up(host="q")

    def labels() -> list[str]:
        return [key.rsplit("/", 1)[0] for key in daemon.snapshot("q") if key.endswith("/" + SERIES)]
    process.wait_until(lambda: len(labels()) == count, 30, "csv has a file for each of %d queues" % count)
    told = sorted(labels())
    note("labels: %s" % told[:12])
    same("csv has each queue once", (len(told), len(set(told))), (count, count))
    bad = [label for label in told if any(c != " " and c.isspace() or c in ";/" or ord(c) < 32 for c in label)]
    same("labels with white space of Unicode or a semicolon", bad, [])

    def arrive(where: str, wanted: list[str], read: Callable[[], list[str]]) -> None:
        def differ() -> list[str]:
            got = sorted(read())
            return [] if got == sorted(wanted) else sorted(set(wanted) ^ set(got)) or ["some come twice"]
        left = process.wait_for_none(differ, 30, where, 0.5)
        check("%s has each queue once" % where, not left and len(set(wanted)) == count, "%d: %s" % (len(left), left[:6]))
    ending = "." + SERIES
    arrive("carbon", [sinks.graphite_path("%s/%s" % (label, SERIES)) for label in told],
           lambda: [path for path in carbon.files() if path.endswith(ending)])
    arrive("Prometheus", told, lambda: [row["metric"]["genesys"] for row in
                                        prometheus.query('collectd_genesys_queue_agents{type="member"}')])
    arrive("InfluxDB", told, lambda: [key.rsplit("/", 1)[0] for key in influx.latest() if key.endswith("/" + SERIES)])
    daemon.stop()


if __name__ == "__main__":
    report.main([each_odd_name_arrives_once_everywhere], {"collectd": DAEMON})

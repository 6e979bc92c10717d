#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the windows of `Window` have the average, minimum and maximum of their readings, and is the last one written?"""
from __future__ import annotations

from lib import report, stream
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account, polled
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same

SPAN_S = 4
UNWRITTEN = "of the last window were not written in time"
GAUGES = ("queue_depth", "queue_waiting", "queue_interacting", "queue_alerting", "queue_longest_wait", "queue_agents",
          "queue_agents_routing", "queue_agents_presence", "active_conversations")
Readings = list[tuple[float, ...]]


def series(daemon: Collectd, host: str) -> dict[str, Readings]:
    """"INSTANCE/TYPE-QUALIFIER" -> all rows of csv: (epoch, value …)."""
    made: dict[str, Readings] = {}
    for path in sorted((daemon.csv / host).glob("genesys-*/*")):
        key = "%s/%s" % (path.parent.name[len("genesys-"):], path.name[:-11])
        rows = [tuple(float(part) for part in line.split(",")) for line in path.read_text().splitlines()[1:]]
        made.setdefault(key, []).extend(rows)
    return made


def window_name(key: str) -> str:
    instance, kind = key.rsplit("/", 1)
    name, dash, qualifier = kind.partition("-")
    return "%s/%s_window%s%s" % (instance, name, dash, qualifier)


def is_gauge(key: str) -> bool:
    return key.rsplit("/", 1)[1].partition("-")[0] in GAUGES


def expected(rows: Readings, span_s: float) -> dict[float, tuple[float, float, float]]:
    """Window end -> average, minimum, maximum, computed from the raw values."""
    by_end: dict[float, list[float]] = {}
    for at, value in rows:
        by_end.setdefault((at // span_s + 1) * span_s, []).append(value)
    return {end: (sum(of) / len(of), min(of), max(of)) for end, of in by_end.items()}


def last_closed_s(raw: dict[str, Readings], interval_s: float, span_s: float) -> float:
    """The end of the last window whose values were certainly written: the newest reading is at least one interval
    later. collectd may end between a reading and the window that it closes, and may drop its write queue."""
    newest = max(row[0] for rows in raw.values() for row in rows)
    return (newest - interval_s) // span_s * span_s


def wrong_windows(found: dict[str, Readings], last_s: float, span_s: float = SPAN_S) -> list[str]:
    """Lines about the windows up to `last_s` that differ from the raw values."""
    wrong = []
    for key, rows in found.items():
        if not is_gauge(key):
            continue
        windows = found.get(window_name(key), [])
        wanted = {end: of for end, of in expected(rows, span_s).items() if end <= last_s}
        got = {row[0]: row[1:] for row in windows if row[0] <= last_s}
        if len(windows) != len({row[0] for row in windows}):
            wrong.append("%s: the same time twice: %s" % (key, windows))
        if set(wanted) != set(got):
            wrong.append("%s: windows %s, wanted %s" % (key, sorted(got), sorted(wanted)))
            continue
        wrong += ["%s at %d: %s, wanted %s" % (key, end, got[end], wanted[end]) for end in got
                  if any(abs(a - b) > 1e-3 for a, b in zip(got[end], wanted[end]))]
    return wrong


def windows_summarise_their_readings() -> None:
    """Checks the windows up to the end: collectd writes the open window when it stops."""
    sim = Simulator(queues=12, agents=20, rate_limit=0, speed=20)
    # One write thread: when two threads create the same file, the header of one overwrites a row of the other.
    daemon = Collectd(account(sim, Host="w"), polled(Window=SPAN_S), more="WriteThreads 1\n")
    daemon.wait_up(host="w")

    def written() -> int:
        return max((len(rows) for key, rows in series(daemon, "w").items() if "queue_depth_window" in key), default=0)
    wait_until(lambda: written() >= 4, 6 * SPAN_S, "four windows")
    took, status = daemon.stop()
    found = series(daemon, "w")
    raw = {key: rows for key, rows in found.items() if is_gauge(key)}
    newest = max(row[0] for rows in raw.values() for row in rows)
    last_end = (newest // SPAN_S + 1) * SPAN_S
    wrong = wrong_windows(found, last_closed_s(raw, 1, SPAN_S))
    check("every window of %d series equals its readings" % len(raw), raw and not wrong, "%d: %s" % (len(wrong), wrong[:5]))
    kinds = {key.rsplit("/", 1)[1].partition("-")[0] for key in raw}
    same("every gauge has windows", sorted(kinds), sorted(set(GAUGES) - {"queue_waiting"}))
    moved = [row for key, rows in found.items() if "_window" in key for row in rows if row[2] < row[1] < row[3]]
    check("some value changes within a window", moved, "nothing happens")
    partial = [rows[-1][0] for key, rows in found.items() if "queue_depth_window" in key]
    unwritten = daemon.program.matching(UNWRITTEN)  # collectd had no time for all of them: a busy machine
    check("the open window is written at the stop, with the time of its end",
          partial and (max(partial) == last_end or unwritten), (partial[:3], last_end))
    check("collectd stops in under %g s (%.2f s)" % (STOP_MAX_S, took), took < STOP_MAX_S and status == 0, (took, status))
    check("the log has no other complaints", not [line for line in daemon.complaints() if "share their name with another" not in line
                               and UNWRITTEN not in line], daemon.complaints())
    note("unwritten values at the stop: %s" % (unwritten or "none"))
    note("%d windows" % sum(len(rows) for key, rows in found.items() if "_window" in key))


def a_block_with_raw_false_writes_its_gauges_as_windows_only() -> None:
    sim = Simulator(queues=6, agents=8, rate_limit=0, speed=20, plain_names=True)
    daemon = Collectd(account(sim, Host="w"), polled(Window=SPAN_S, Raw=False))
    daemon.wait_up(host="w")
    kinds = {kind + "_window" for kind in GAUGES if kind != "queue_waiting"}

    def missing() -> set[str]:
        names = set(series(daemon, "w"))
        return ({"queues-all/series"} - names) | (kinds - {name.rsplit("/", 1)[1].partition("-")[0] for name in names})
    wait_until(lambda: not missing(), 6 * SPAN_S, "a window of each gauge, and the block's own values")
    check("each gauge has windows and the block has its own values", True)
    daemon.stop()
    found = series(daemon, "w")
    same("no raw gauge is written", [key for key in found if is_gauge(key)], [])


def a_window_without_a_reading_is_not_written() -> None:
    """Both dialects run with a clock of twice the speed and windows of ten seconds, and the API is down for forty seconds of
    that clock. A window closes a second after its end and leaves out later readings, so a faster clock would lose some on a
    busy machine."""
    rate, span_s = 2.0, 10
    sim = Simulator(queues=6, agents=20, rate_limit=0, speed=2, plain_names=True, clock_rate=rate)
    both = {"Window": span_s, "ObservationInterval": 5}
    guide = "Queue 0001"  # the other queues are the official block's: a queue has one block
    daemon = stream.fast(sim, rate, polled("o", **both, QueueLabel="id", Queue="!" + guide) +
                         polled("g", **both, Observations="queue_metrics", Queue=guide))
    labels = {"official": next(queue for queue, record in sim.truth()["queues"].items() if record["name"] != guide),
              "guide": guide}

    def ends(label: str) -> list[float]:
        return [row[0] for row in series(daemon, "agent").get("%s/queue_agents_window-available" % label, [])]
    daemon.lives_until(lambda: all(len(ends(label)) >= 2 for label in labels.values()), 60, "two windows of each")
    sim.faults({"on": "* /api/v2/*", "answer": 503, "for_s": 20})
    before = {dialect: ends(label)[-1] for dialect, label in labels.items()}
    daemon.lives_until(lambda: all(ends(label)[-1] > before[dialect] + 60 for dialect, label in labels.items()), 60,
                       "windows after the outage")
    daemon.stop()
    found = series(daemon, "agent")
    raw = {key: rows for key, rows in found.items() if is_gauge(key)}
    wrong = wrong_windows(found, last_closed_s(raw, both["ObservationInterval"], span_s), span_s)
    check("every window has readings", not wrong, "%d: %s" % (len(wrong), wrong[:5]))
    for dialect, label in labels.items():
        steps = [b - a for a, b in zip(ends(label), ends(label)[1:])]
        check("%s: no window is written during the outage" % dialect, max(steps) >= 3 * span_s, steps)
        check("%s: each time is the end of a window" % dialect, all(end % span_s == 0 for end in ends(label)), ends(label)[:3])
    same("the gateway's own gauge has windows", "Queue 0001/queue_waiting_window-all" in found, True)


def impossible_windows_are_refused() -> None:
    sim = Simulator(queues=2, agents=2, frozen=True, plain_names=True)
    for options, says in (({"Raw": False}, "Raw false"), ({"Window": 3, "ObservationInterval": 5}, "Window: 3 s")):
        daemon = Collectd(account(sim), polled(**options))
        status = daemon.program.wait(10)
        report.has_line("%s: the line names the mistake" % options, daemon.text, "genesys_realtime: <Queues \"all\">: ", says)
        check("%s: collectd ends" % options, status != 0, status)


if __name__ == "__main__":
    report.main([windows_summarise_their_readings, a_block_with_raw_false_writes_its_gauges_as_windows_only,
                 a_window_without_a_reading_is_not_written, impossible_windows_are_refused],
                {"collectd": DAEMON})

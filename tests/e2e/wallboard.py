#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does examples/wallboard show the truth, in the right colours, and no number of a blind source?

A real Prometheus serves the page to a real Chromium. Prometheus scrapes a real collectd, or numbers of the test.
"""
from __future__ import annotations

import http.server
import json
import os
import re
import threading
import time
from typing import Any, Callable, Optional
from urllib.parse import urlencode

from lib import expected, process, report, sinks
from lib.browser import CHROMIUM, Page
from lib.collectd import DAEMON, OURS, Collectd, account, block, query, queues
from lib.genesys import TOP, Simulator
from lib.process import free_port, wait_until
from lib.report import check, check_soon, same, same_soon

WALLBOARD = TOP / "examples" / "wallboard"
OBSERVATIONS = "POST /api/v2/analytics/queues/observations/query"
# Rows as {name: {label: [text, colour]}}; the text of a blind row has no label.
ROWS = """Object.fromEntries([...document.querySelectorAll("#queues tr")].map(row => [row.querySelector("th").textContent,
  Object.fromEntries([...row.querySelectorAll("td")].map(cell => [cell.dataset.label || "", [cell.textContent, cell.className]]))]))"""
BANNER = 'document.getElementById("banner").hidden ? "" : document.getElementById("banner").innerText'
TILES = '[...document.querySelectorAll("#tiles div")].map(tile => [tile.querySelector("b").textContent, tile.className])'
SOURCES = '[...document.querySelectorAll("#sources li")].map(item => [item.textContent, item.className])'
EVIL = ('VIP "Gold"', "<script>document.title = 'broken'</script>", "<img src=x onerror=\"document.title = 'broken'\">",
        "&amp; {{.}}")
SINCE = re.compile(r"no data since (?:\d+ \w+,? (?:at )?)?(\d\d):(\d\d):(\d\d)\Z")

Row = dict[str, list[str]]


class Board:
    """The wallboard in a browser."""

    def __init__(self, prometheus: sinks.Prometheus) -> None:
        self.prometheus, self.page = prometheus, Page()
        self.open()

    def open(self, **selected: str) -> None:
        self.page.open(self.prometheus.url + "/consoles/index.html?" + urlencode({"refresh": "2", **selected}))

    def rows(self) -> dict[str, Row]:
        return self.page.evaluate(ROWS)

    def text(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def has_banner(self, text: str, times: int = 1) -> None:
        check_soon("the banner says: " + text, lambda: self.text(BANNER).count(text) == times, lambda: self.text(BANNER))

    def has_no_banner(self) -> None:
        same_soon("banner", lambda: self.text(BANNER), "")

    def is_clean(self) -> None:
        """Checks that up to now no script had an error and no request went to another place."""
        same("errors in the browser", self.page.errors(), [])
        prefix = self.prometheus.url + "/"
        same("requests to other places", [url for url in self.page.requests() if not url.startswith((prefix, "data:"))], [])
        same("queries without the time of their round",
             [url for url in self.page.requests() if "/query?" in url and "time()" not in url and "&time=" not in url], [])
        same("the title, unchanged by names of queues", self.text("document.title"), "Contact centre")


def served(port: int) -> sinks.Prometheus:
    return sinks.Prometheus(port, words=("--web.console.templates=%s" % WALLBOARD,))


def is_recent(text: str, within_s: float) -> bool:
    """True if a text has the time of the last data, and that time is at most `within_s` ago."""
    found = SINCE.match(text)
    if not found:
        return False
    hours, minutes, seconds = map(int, found.groups())
    now = time.localtime()
    ago = (now.tm_hour - hours) * 3600 + (now.tm_min - minutes) * 60 + now.tm_sec - seconds
    return -1 <= ago % 86400 <= within_s or ago % 86400 >= 86399


# ---- the values of an agent --------------------------------------------------------------------


def numbers(row: Row) -> tuple[str, ...]:
    return tuple(row.get(label, ["missing"])[0] for label in ("Waiting", "With an agent", "Agents on queue", "Idle agents"))


def true_numbers(record: dict[str, Any]) -> tuple[str, ...]:
    media = record["media"].values()
    return (str(sum(one["waiting"] for one in media)), str(sum(one["interacting"] for one in media)),
            "%d of %d" % (record["on_queue_total"], record["members"]), str(record["on_queue"].get("IDLE", 0)))


def seconds(text: str) -> float:
    if text.endswith(" s"):
        return float(text[:-2])
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part)
    return total


def waits_are_true(rows: dict[str, Row], records: dict[str, dict[str, Any]]) -> bool:
    """Waits grow while the page is read; each is the age of the oldest contact, some seconds before or after."""
    for name, record in records.items():
        oldest = [one["oldest_waiting_ms"] / 1000 for one in record["media"].values() if one["waiting"]]
        shown = seconds(rows[name]["Longest wait"][0])
        if not oldest and shown != 0 or oldest and not -5 < time.time() - min(oldest) - shown < 30:
            return False
    return True


def the_page_shows_the_truth_or_blind_rows() -> None:
    sim = Simulator(frozen=True, queues=8, agents=40, rate_limit=0, load=3)
    for name in EVIL:
        made = sim.call("queues", {"op": "create", "name": "to be renamed"})
        sim.call("queues", {"op": "rename", "id": made["id"], "name": name})
    port = free_port()
    daemon = Collectd(account(sim, RequestsPerMinute=10000), queues(), queries=query(), ours=(*OURS, "genesys_prometheus"),
                      more=block("Plugin genesys_prometheus", None, {"Port": port}))
    board = Board(served(port))
    truth = sim.truth()
    label = expected.by_name(truth)
    records = {label(queue, ""): record for queue, record in truth["queues"].items()}
    wanted = {name: true_numbers(record) for name, record in records.items()}
    check("there are queues with odd names, and contacts wait",
          {expected.clean(name) for name in EVIL} <= {*wanted} and any(one[0] != "0" for one in wanted.values()), wanted)

    same_soon("rows", lambda: {name: numbers(row) for name, row in board.rows().items()}, wanted, 30)
    check_soon("longest waits", lambda: waits_are_true(board.rows(), records), lambda: str(board.rows()))
    same_soon("tile of contacts waiting", lambda: board.text(TILES)[0][0], str(sum(int(one[0]) for one in wanted.values())))
    same_soon("sources", lambda: sorted({colour for _, colour in board.text(SOURCES)}), ["good"])
    board.has_no_banner()
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
        board.page.resize(width, height)
        check_soon("all rows are visible on %d × %d" % (width, height), lambda: board.text(
            "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"))
    board.is_clean()

    sim.faults({"on": OBSERVATIONS, "answer": 503})
    blind_soon("while the platform does not answer", board, wanted)
    board.has_banner("agent, queues-all, observations: no data since")
    same_soon("tiles of observations", lambda: [colour for _, colour in board.text(TILES)][:3], ["blind"] * 3)
    sim.faults()
    same_soon("rows after the outage", lambda: {name: numbers(row) for name, row in board.rows().items()}, wanted, 30)
    board.has_no_banner()
    daemon.stop()
    blind_soon("while the agent is down", board, wanted)
    board.has_banner("no data since", times=3)
    board.is_clean()


def blind_soon(when: str, board: Board, names: Any, within_s: float = 30) -> None:
    """Each queue has its row, without a number."""
    last: dict[str, Row] = {}

    def all_blind() -> bool:
        last.clear()
        last.update(board.rows())
        return {*last} == {*names} and all([*row] == [""] and row[""][1] == "blind" for row in last.values())
    check_soon("rows are blind " + when, all_blind, lambda: str(last), within_s)
    check("blind rows have the time of their last data, " + when, all(is_recent(row[""][0], 300) for row in last.values() if "" in row), last)


# ---- numbers of the test -----------------------------------------------------------------------


class Exposition:
    """An agent whose series the test sets."""

    def __init__(self) -> None:
        self.text, self.port = "", free_port()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: Any) -> None:
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def line(name: str, value: float, **of: str) -> str:
    labels = ",".join('%s=%s' % (key, json.dumps(text, ensure_ascii=False)) for key, text in of.items())
    return "genesys_%s{%s} %r\n" % (name, labels, value)


def sources(up: dict[tuple[str, str, str], tuple[int, Optional[float]]], silence: float = 1) -> str:
    """{(host, block, source): (up, age)}"""
    text = ""
    for (host, name, source), (value, age) in up.items():
        text += line("source_up", value, host=host, block=name, source=source)
        text += line("source_age_seconds", age, host=host, block=name, source=source) if age is not None else ""
        text += line("stream_silence_seconds", silence, host=host, block=name) if source == "stream" else ""
    return text


def one_queue(name: str, waiting: int = 0, wait: float = 0, offers: int = 0, breaches: int = 0, slow: int = 0,
              medium: str = "voice", host: str = "a") -> str:
    """`slow` of 100 calls were answered in 128 to 256 s, the others in 1 s."""
    of = {"host": host, "queue_id": "id of " + name, "queue_name": name}
    by = {**of, "media_type": medium}
    counted = (line("queue_offer_total", offers, **by) + line("queue_sla_breach_total", breaches, sla_target_seconds="20", **by)
               + "".join(line("queue_wait_time_seconds_bucket", number, le=le, **by)
                         for le, number in (("1.0", 100 - slow), ("128.0", 100 - slow), ("256.0", 100), ("+Inf", 100))
                         if slow and offers) + "".join(line("queue_wait_time_seconds_bucket", 0, le=le, **by)
                                                       for le in ("1.0", "128.0", "256.0", "+Inf") if slow and not offers))
    return (line("queue_depth", waiting, **by) + line("queue_longest_wait_seconds", wait, **by)
            + line("queue_interacting", 3, **by) + line("queue_agents", 2, status="available", **of)
            + line("queue_agents", 5, status="on_queue", **of) + line("queue_agents", 7, status="member", **of) + counted)


# name: (arguments of one_queue, colours: waiting, longest wait, service level, percentile), in the order of the page
LONG = "Kundenservice für Geschäftskunden – Störungsannahme, Terminvereinbarung " * 2 + "x" * 120
THRESHOLDS: dict[str, tuple[dict[str, Any], tuple[str, str], tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "level of 59": ({"offers": 100, "breaches": 41}, ("0", ""), ("0 s", ""), ("59 %", "bad"), ("–", "")),
    "more calls": ({"waiting": 51}, ("51", "bad"), ("0 s", ""), ("–", ""), ("–", "")),
    "almost 80": ({"offers": 1000, "breaches": 201}, ("0", ""), ("0 s", ""), ("79 %", "warn"), ("–", "")),
    "level of 60": ({"offers": 100, "breaches": 40}, ("0", ""), ("0 s", ""), ("60 %", "warn"), ("–", "")),
    "longer": ({"wait": 121}, ("0", ""), ("2:01", "warn"), ("–", ""), ("–", "")),
    "slow calls": ({"offers": 100, "slow": 9}, ("0", ""), ("0 s", ""), ("100 %", "good"), ("3:04", "warn")),
    LONG: ({}, ("0", ""), ("0 s", ""), ("–", ""), ("–", "")),
    "level of 80": ({"offers": 100, "breaches": 20}, ("0", ""), ("0 s", ""), ("80 %", "good"), ("–", "")),
    "mails": ({"waiting": 400, "wait": 4000, "medium": "email"}, ("400", ""), ("1:06:40", ""), ("–", ""), ("–", "")),
    "many calls": ({"waiting": 50, "wait": 120}, ("50", ""), ("2:00", ""), ("–", ""), ("–", "")),
}
LABELS = ("Waiting", "Longest wait", "Service level", "95 % of calls answered in")
ALL, TWO, STREAM = (("a", "queues-all", "observations"), ("a", "queues-two", "observations"), ("a", "queues-all", "stream"))
GOOD = {ALL: (1, 3.0), TWO: (1, 3.0), STREAM: (1, None)}


def exposed(with_counts: bool) -> str:
    """Counters begin with 0, as those of an agent."""
    return "".join(one_queue(name, **{**arguments, **({} if with_counts else {"offers": 0, "breaches": 0})})
                   for name, (arguments, *_) in THRESHOLDS.items())


def colours_and_blindness_follow_the_numbers() -> None:
    agent = Exposition()
    agent.text = exposed(False) + sources(GOOD)
    prometheus = served(agent.port)
    wait_until(lambda: prometheus.query("count_over_time(genesys_queue_offer_total[1m]) >= 2"), 15, "counters of 0")
    board = Board(prometheus)
    agent.text = exposed(True) + sources(GOOD)
    wanted = {name: [list(one) for one in cells] for name, (_, *cells) in THRESHOLDS.items()}

    def shown() -> dict[str, list[list[str]]]:
        return {name: [row.get(label, ["missing", ""]) for label in LABELS] for name, row in board.rows().items()}
    same_soon("numbers and colours", shown, wanted, 20)
    same_soon("order: red first, then yellow, then by name", lambda: [*board.rows()], [*wanted])
    board.has_no_banner()
    check_selection(board)
    check_phone(board)
    check_changes_of_sources(agent, board)
    agent.text = exposed(True) + sources(GOOD)
    same_soon("numbers and colours afterwards", shown, wanted)

    board.is_clean()
    prometheus.program.end()
    blind_soon("while Prometheus does not answer", board, wanted, 40)
    board.has_banner("Prometheus does not answer")
    same("tiles", [colour for _, colour in board.text(TILES)], ["blind"] * 4)
    same("errors of scripts", [text for text in board.page.errors() if not text.startswith("network: ")], [])


def check_changes_of_sources(agent: Exposition, board: Board) -> None:
    of_stream = ("Service level", "95 % of calls answered in")

    def colours(labels: Callable[[str], bool]) -> list[str]:
        return sorted({colour for row in board.rows().values() for label, (_, colour) in row.items() if labels(label)})

    agent.text = exposed(True) + sources(GOOD, silence=100)
    same_soon("colours of the counters of a silent stream", lambda: colours(lambda label: label in of_stream), ["blind"])
    check_soon("blind counters have the time of their last data", lambda: all(
        is_recent(row[label][0], 300) for row in board.rows().values() for label in of_stream if label in row),
        lambda: str(board.rows()))
    agent.text = exposed(True) + sources({**GOOD, TWO: (0, 100.0)})
    same_soon("colours when one of two blocks is blind", lambda: colours(lambda label: label not in of_stream), ["doubtful"])
    board.has_banner("a, queues-two, observations: no data since")
    agent.text = exposed(True) + sources({ALL: (0, None), TWO: (0, None), STREAM: (1, None)})
    check_soon("without any answer the rows have no data yet", lambda: {json.dumps(row) for row in board.rows().values()} == {
        json.dumps({"": ["no data yet", "blind"]})}, lambda: str(board.rows()))
    agent.text = exposed(True) + sources({**GOOD, ALL: (0, 9.0)})
    same_soon("the source after one failed attempt", lambda: [item for item in board.text(SOURCES) if "queues-all obs" in item[0]],
              [["queues-all observations: the last attempt failed", "warn"]])


def check_selection(board: Board) -> None:
    for selected, wanted in (({"queue": "Level", "host": "a"}, {name for name in THRESHOLDS if "level" in name}),
                             ({"queue": "mails", "media": "email"}, {"mails"})):
        board.open(**selected)
        same_soon("queues of %s" % selected, lambda: {*board.rows()}, wanted)
    same_soon("waiting mails", lambda: board.rows()["mails"]["Waiting"], ["400", ""])
    board.open(media="voice", queue="mails")
    same_soon("calls among the mails", lambda: [row["Waiting"] for row in board.rows().values()], [["–", ""]])
    board.open(host="b")
    board.has_banner("No data: Prometheus has had no genesys_source_up of this host")
    board.open()


def check_phone(board: Board) -> None:
    for width in (390, 320):
        board.page.resize(width, 800, mobile=True)
        same_soon("width of the page on a phone of %d" % width, lambda: board.text("document.documentElement.scrollWidth"), width)
        same("cells outside of the page", board.text('[...document.querySelectorAll("th, td, b, span, li")].filter(one => '
                                         'one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.textContent)'), [])
    board.page.resize(1280, 720)


if __name__ == "__main__":
    report.main([the_page_shows_the_truth_or_blind_rows, colours_and_blindness_follow_the_numbers],
                {"collectd": DAEMON, "prometheus": sinks.PROMETHEUS, "chromium": CHROMIUM})

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guide stream from an independent server, Node's `ws`: do the counters equal the events that it sent, through all ends of
the socket?"""
from __future__ import annotations

import itertools
import json
import re
from typing import Any

from lib import guide as dialect, process, report, stream
from lib.collectd import DAEMON, Collectd, account, block, built, queues
from lib.genesys import Simulator, fetch
from lib.node import NEEDS, GuideServer
from lib.process import wait_until
from lib.report import check, check_soon, note, same, same_soon

NAMES = {"q-1": "Sales/EMEA", "q-2": "billing.v2", "q-3": 'VIP "Gold" 🎧'}
LABELS = {**NAMES, "q-1": "Sales_EMEA"}
COUNTED = ("/queue_offer-", "/queue_answer-", "/queue_abandon-", "/queue_transfer-", "/state_changes-",
           "/state_changes_wrapup-", "/active_conversations-")
WITHIN_S = 30.0
EXPIRY_S = 600  # ten seconds of real time; the values are written within them
CODES = ["Sale", "Sale, again", "secret"]
# Close codes that RFC 6455, 7.4.1, and its registry allow a server. None: the connection is cut (1006).
ENDS = (1000, 1001, 1008, 1011, 1012, 1013, 4000, None)


def server(**config: Any) -> GuideServer:
    return GuideServer(Simulator(queues=1, agents=1, frozen=True, warmup=1), NAMES, **config)


def listening(**changes: Any) -> str:
    return queues(**{"Stream": "conversations", "Observations": "none", **changes})


def wait_open(node: GuideServer, daemon: Collectd) -> None:
    daemon.lives_until(lambda: node.seen()["open"] == 1 and stream.state(daemon, "stream_connected") == 1, WITHIN_S,
                       "the stream")


def wanted(node: GuideServer) -> dict[str, float]:
    record = dialect.counted(node.seen()["events"], LABELS.__getitem__, ("Sale", "Sale, again"))
    return {key: value for key, value in record.items() if any(part in key for part in COUNTED)}


def shown(of: Collectd) -> dict[str, float]:
    return {key: value for key, (_, value) in of.snapshot().items() if any(part in key for part in COUNTED) and value}


def counts_equal(name: str, node: GuideServer, daemon: Collectd) -> bool:
    return stream.becomes(name, lambda: wanted(node), lambda: shown(daemon), stream.unequal, WITHIN_S)


def counters_equal_the_events_sent() -> None:
    node = server()
    daemon = Collectd(account(node), listening(Media=["voice", "chat"], Where=["type = 'voice'"],
                                               WrapUpCode=["!secret", "Sale*"]))
    wait_open(node, daemon)
    node.play(count=400, seed=1, codes=CODES)
    node.play(count=400, seed=2, codes=CODES, fragments=60, repeats=30, noise=20)
    counts_equal("the counters equal the events that were sent", node, daemon)
    record = node.seen()
    check("the server sends many events, some with codes", len(record["events"]) > 800 and
          any("_wrapup-" in key and "Sale, again" in key for key in wanted(node)), len(record["events"]))
    same("the query names the media", [q["where"] for q in record["queries"]], [["type = 'voice'"]])
    same("no extension is offered and none is accepted",
         {one["extensions"] for one in record["upgrades"] + record["sockets"]}, {""})
    check("each upgrade has the User-Agent", all(one["agent"].startswith("collectd-genesys") for one in record["upgrades"]), record["upgrades"])
    node.call("ping", {"text": "how are you"})
    wait_until(lambda: "how are you" in node.seen()["pongs"], WITHIN_S, "the pong")
    record = node.seen()
    same("all pings are answered, also between fragments", set(record["pongs"]), {"between", "how are you"})
    same("Node's ws finds no error in our frames", record["errors"], [])
    same_soon("one token, one socket, stream_gap 0",
              lambda: (record["tokens"], len(record["sockets"]), stream.state(daemon, "stream_gap")), (1, 1, 0))
    same_soon("no event is malformed", lambda: stream.state(daemon, "events", "malformed"), 0)
    check_soon("noise is counted", lambda: stream.state(daemon, "events", "other") > 0)
    same("the log has no complaints", [line for line in daemon.complaints() if "events is unknown" not in line], [])
    took, status = daemon.stop()
    check("collectd stops in time with status 0", took < 2 and status == 0, (took, status))
    wait_until(lambda: node.seen()["sockets"][0]["closed_ms"], WITHIN_S, "the end of the socket")
    same("collectd closes the socket with code 1001", (node.seen()["sockets"][0]["code"], node.seen()["sockets"][0]["by"]), (1001, "client"))


def memory_is_bounded_by_max_conversations() -> None:
    most, sent = 200, 1000
    node = server()
    daemon = Collectd(account(node), listening(MaxConversations=most))
    wait_open(node, daemon)
    node.say(*(stand("c %d" % number, "WAITING", "q-2") for number in range(sent)))
    daemon.lives_until(lambda: stream.state(daemon, "conversations_lost", "limit") == sent - most, WITHIN_S, "the limit")
    same_soon("only MaxConversations conversations are kept", lambda: stream.state(daemon, "conversations", "kept"), most)
    daemon.lives_until(lambda: daemon.latest("billing.v2", "queue_offer", "voice") == sent, WITHIN_S, "all offers")
    same_soon("the gauge counts the conversations that are kept",
              lambda: daemon.latest("billing.v2", "active_conversations", "voice"), most)
    daemon.stop()


def codes_reach_prometheus_unchanged() -> None:
    """Characters that Prometheus's text format must escape, or that could end a line."""
    codes = ['VIP "Gold"', "back\\slash", "{le=\"1\"} 5", "😀", "two\nlines", "a/b"]
    port, our_port = process.free_port(), process.free_port()
    node = server()
    ours = built("genesys_prometheus")
    daemon = Collectd(account(node), listening(WrapUpCode="*"), load=("write_prometheus",),
                      ours=("genesys", "genesys_realtime", *(["genesys_prometheus"] if ours else [])),
                      more=block("Plugin write_prometheus", None, {"Host": "127.0.0.1", "Port": str(port)}) +
                      ("<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n" % our_port if ours else ""))
    wait_open(node, daemon)
    for number, code in enumerate(codes):
        node.say(*({**stand("c %d" % number, state, "q-2"), "wrapUpCode": code} for state in ("ACTIVE", "WRAPPED_UP")))
    wanted = {"voice-active-wrapup-" + code.replace("\n", "_").replace("/", "_") for code in codes}

    def scraped() -> dict[str, str]:
        text = fetch("http://127.0.0.1:%d/metrics" % port).decode()
        found = re.findall(r'^collectd_genesys_state_changes_wrapup_total\{(.*)\} (\d+) \d+$', text, re.M)
        types = [(re.search(r'type="((?:[^"\\]|\\.)*)"', labels).group(1), value) for labels, value in found]
        return {json.loads('"%s"' % name): value for name, value in types}
    same_soon("each code is one label", scraped, dict.fromkeys(wanted, "1"), WITHIN_S)

    def changes() -> list[str]:
        text = fetch("http://127.0.0.1:%d/metrics" % our_port).decode()
        return re.findall(r"^(?:# TYPE )?genesys_state_changes.*$", text, re.M)
    if ours:
        lines = changes()
        same("genesys_prometheus has one family of changes", [line for line in lines if line.startswith("#")],
             ["# TYPE genesys_state_changes_total counter"])
        same_soon("each change is in one series of it", lambda: sorted(line.rpartition(" ")[2] for line in changes()[1:]), ["1"] * len(codes))
        check("each series has its wrap-up code", all('from_state="ACTIVE",to_state="WRAPPED_UP",wrap_up_code="' in line for line in lines[1:]), lines)
    daemon.stop()


def the_stream_reconnects_after_each_close_code() -> None:
    node = server(path="/live/conversations")
    daemon = Collectd(account(node), listening(ReconnectMax=1, Path="/live/conversations"))
    wait_open(node, daemon)
    for number, code in enumerate(ENDS, 2):
        node.close(code, "said the server")
        daemon.lives_until(lambda: len(node.seen()["queries"]) == number, WITHIN_S, "a new socket after %s" % code)
        check("a socket opens after close code %s" % code, True)
    node.play(count=200, seed=3)
    counts_equal("the newest socket's counters equal the events that were sent", node, daemon)
    record = node.seen()
    same("each close frame is echoed", [one["code"] for one in record["sockets"][:-1]], [code or 1006 for code in ENDS])
    same("Node's ws finds no error in our frames", record["errors"], [])
    same_soon("stream_reconnects counts each end", lambda: stream.state(daemon, "stream_reconnects"), len(ENDS))
    check_soon("the gaps are counted", lambda: stream.state(daemon, "stream_gap") > 0)
    daemon.stop()


def refusals_delay_the_next_try() -> None:
    """The line about a 403 names the scope; pauses after 429 double, beginning with a second."""
    node = server(refuse=[403])
    daemon = Collectd(account(node), listening(ReconnectMax=1))
    daemon.says("queues-all", "403", "scope analytics:realtime:read", within_s=WITHIN_S)
    wait_open(node, daemon)
    node.config(refuse=[429] * 4)
    node.close()
    daemon.lives_until(lambda: len(node.seen()["queries"]) == 2, 60, "the stream after four answers 429")
    times = [one["at_ms"] / 1000 for one in node.seen()["upgrades"] if one["status"] == 429]
    pauses = [b - a for a, b in zip(times, times[1:])]
    check("the pauses are at least 1, 2 and 4 s",
          len(pauses) == 3 and all(least - 0.05 <= pause for least, pause in zip((1, 2, 4), pauses)), pauses)
    note("pauses of %s s" % ["%.2f" % pause for pause in pauses])
    daemon.stop()


def a_token_that_ends_is_replaced_before_it_closes_the_socket() -> None:
    node = server(token_life_s=10)
    daemon = Collectd(account(node), listening())
    wait_open(node, daemon)
    seeds = itertools.count(4)

    def is_renewed() -> bool:
        node.play(count=40, seed=next(seeds))
        return len(node.seen()["sockets"]) >= 4
    wait_until(is_renewed, 45, "three renewals", 0.25)
    check("the token is renewed three times", True)
    counts_equal("the counters equal the events through the renewals", node, daemon)
    record = node.seen()
    same("the server closes no socket", [one for one in record["sockets"] if one["by"] != "client"], [])
    same_soon("stream_gap is 0", lambda: stream.state(daemon, "stream_gap"), 0)
    same_soon("stream_reconnects is 0", lambda: stream.state(daemon, "stream_reconnects"), 0)
    daemon.stop()


def stand(who: str, state: str, queue: str) -> dict[str, str]:
    return {"conversationId": who, "type": "voice", "state": state, "queueId": queue}


def an_expired_queue_starts_from_zero() -> None:
    """QueueExpiry: the queue is unlisted and has had no event for that long. A listed queue without events keeps its
    counters."""
    rate = 60.0
    node = server()
    daemon = stream.fast(node, rate, listening(QueueLabel="id", QueueExpiry=EXPIRY_S, IdleTimeout=3600, MaxConversationAge=600,
                                               ObservationInterval=rate))
    wait_open(node, daemon)

    def offers(queue: str) -> float:
        return daemon.latest(queue, "queue_offer", "voice") or 0
    for queue in ("q-1", "campaign"):
        node.say(*(stand("%s %d" % (queue, i), state, queue) for i in range(3) for state in ("WAITING", "TERMINATED")))
    daemon.lives_until(lambda: offers("q-1") == offers("campaign") == 3, WITHIN_S, "three offers in each queue")

    def newest(queue: str) -> float:
        return daemon.readings(queue, "queue_offer", "voice")[-1][0]
    daemon.lives_until(lambda: newest("q-1") > newest("campaign") + 5 * rate, 60, "the end of the unlisted queue")
    same("the expired queue's last value is its count", [value for _, value in daemon.readings("campaign", "queue_offer", "voice")][-1], 3)
    node.say(stand("late 1", "WAITING", "campaign"), stand("late 2", "WAITING", "q-1"))
    daemon.lives_until(lambda: offers("campaign") == 1, WITHIN_S, "the counter starts from zero")
    rows = [value for _, value in daemon.readings("campaign", "queue_offer", "voice")]
    same("the returning queue begins with 0", [value for value in rows if value != 1][-1], 0)
    same_soon("the listed queue continues its count", lambda: offers("q-1"), 4, WITHIN_S)
    daemon.stop()


if __name__ == "__main__":
    report.main([an_expired_queue_starts_from_zero, refusals_delay_the_next_try,
                 a_token_that_ends_is_replaced_before_it_closes_the_socket, the_stream_reconnects_after_each_close_code,
                 counters_equal_the_events_sent, memory_is_bounded_by_max_conversations,
                 codes_reach_prometheus_unchanged], {"collectd": DAEMON, **NEEDS})

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each fault of each server, client and resource: does the log name it once, does /health show it, do values return without a
restart, is nothing lost or counted twice, and does memory stay bounded?

A row of WORLDS is a part that may fail, with an agent around it; a row of its `cells` is a fault: the words of the line that the
agent logs (none: the fault costs no value and needs no line) and whether /health shows it. GC_MATRIX=all runs every cell, else each GC_SHARE-th (6); the table of all
cells is printed at the end.
"""
from __future__ import annotations

import json
import os
import re
import socket
import struct
import time
import urllib.error
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from lib import process, report
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account, block, build_folder, built, polled, queues
from lib.flows import SECRET, Hook, Sqs, attributes, differences, totals, wanted
from lib.full_disk import full_disk
from lib.genesys import Simulator, direct
from lib.hanging_disk import hanging_disk
from lib.process import free_port, wait_until, watch_for
from lib.redis import SERVER, Redis
from lib.relay import Relay
from lib.report import Skip, check, note, say
from lib.resolver import UNKNOWN_NAME, resolver
from lib.timeseries import INFLUXD, Influx1, Load

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True, "rate_limit": 0}
QUICK = {"RequestsPerMinute": 10000, "Timeout": 2, "ConnectTimeout": 1}
SEEN_S = 40  # within this time the fault is in the log and in /health
BACK_S = 60  # and values are back after its end
WATCHED_S = 4  # a fault that costs no value is watched for this time
MEMORY_KB = 24 * 1024  # a fault may add this much
MOST_LINES = 4  # complaints about one fault: each block that has one, and the account
EVERYTHING = os.environ.get("GC_MATRIX") == "all"
SHARE = int(os.environ.get("GC_SHARE", "6"))
CROWD = 120  # idle connections
CLOCK_STEP = build_folder() / "tests" / "support" / ".libs" / "clock_step.so"


class Cell(NamedTuple):
    """What an agent shows during a fault."""
    line: str = ""  # a regular expression of a complaint; "": the fault costs no value and needs no line
    in_health: bool = True  # with a line: /health shows it, too
    needs_hit: bool = True  # the fault lasts until a connection has met it


SILENT = Cell()
Cells = dict[str, Cell]
WELL = {"up", "standby"}


def memory_kb(daemon: Collectd) -> int:
    status = Path("/proc/%d/status" % daemon.program.pid).read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


class World:
    """An agent, the part that may fail, and the truth. A subclass is one row of the matrix."""
    name = ""
    cells: Cells = {}
    seen_s = SEEN_S

    def __init__(self) -> None:
        self.health_port = free_port()
        self.daemon: Collectd
        self.relay: Relay

    # ---- what a subclass has ----

    def begin(self, fault: str) -> None:
        self.relay.apply(fault)

    def end(self, fault: str) -> None:
        self.relay.apply("")

    def is_hit(self) -> bool:
        return self.relay.hits > 0

    def wrong(self) -> list[str]:
        """Differences between the values and the truth; [] when all are right."""
        raise NotImplementedError

    def feed(self) -> None:
        """Lets something happen during the fault that must not be lost or counted twice."""

    # ---- what all have ----

    def health_block(self) -> str:
        return block("Health", None, {"Port": self.health_port})

    def document(self) -> list[dict[str, Any]]:
        """The accounts and blocks of /health."""
        try:
            with direct.open("http://127.0.0.1:%d/health" % self.health_port, timeout=10) as answer:
                document = json.load(answer)
        except urllib.error.HTTPError as error:
            document = json.loads(error.read())
        return document.get("accounts", []) + document.get("blocks", [])

    def health(self) -> set[str]:
        return {one["state"] for one in self.document()}

    def named(self, since: int) -> list[str]:
        """What an operator reads: complaints since then, and the causes in /health. A cause that comes back within ten minutes
        with the same code has no other line."""
        causes = [json.dumps(one, ensure_ascii=False) for one in self.document() if one["state"] not in WELL]
        return self.complaints(since) + causes

    def is_well(self) -> bool:
        return not self.wrong() and self.health() <= WELL

    def complaints(self, since: int) -> list[str]:
        return self.daemon.complaints()[since:]


def run_cell(world: World, fault: str, cell: Cell) -> None:
    daemon, name = world.daemon, "%s, %s" % (world.name, fault)
    pid, before_kb, known = daemon.program.pid, memory_kb(daemon), len(daemon.complaints())
    world.begin(fault)
    world.feed()
    if cell.line:
        report.check_soon("%s: it is named" % name, lambda: any(
            re.search(cell.line, line) for line in world.named(known)), lambda: world.named(known), world.seen_s)
        if cell.in_health:
            report.check_soon("%s: /health shows it" % name, lambda: world.health() - WELL, world.health, world.seen_s)
    if cell.needs_hit:
        report.check_soon("%s: it is met" % name, world.is_hit, within_s=world.seen_s)
    if not cell.line:
        watch_for(WATCHED_S)
        check("%s: /health stays well" % name, world.health() <= WELL, world.health())
    peak_kb = memory_kb(daemon)
    lines = world.complaints(known)
    world.end(fault)
    report.check_soon("%s: values are right again" % name, lambda: not world.wrong(), world.wrong, BACK_S)
    report.check_soon("%s: /health is well again" % name, world.is_well, world.health, BACK_S)
    check("%s: it is the same process" % name, daemon.program.is_running() and daemon.program.pid == pid)
    check("%s: memory is bounded" % name, max(peak_kb, memory_kb(daemon)) - before_kb < MEMORY_KB, (before_kb, peak_kb))
    check("%s: the log has few lines" % name, len(lines) <= MOST_LINES, lines)


# ---- an account: token, REST, WebSocket, proxy, DNS, clock ----------------------------------------------------

class Account(World):
    """Four queues, polled each second; one relay before the token endpoint, the API or the sockets."""
    ahead_s = 0  # the agent's wall clock

    def __init__(self) -> None:
        super().__init__()
        self.sim = Simulator(**SMALL)
        folder = Path(self.sim.workdir)
        self.relay = Relay(self.sim.http_port, folder)
        self.token_relay = Relay(self.sim.http_port, folder)
        self.daemon = Collectd(self.accounts() + self.health_block(), self.blocks(), **self.more())
        report.check_soon("%s: values are right at the start" % self.name, self.is_well, self.why, BACK_S)

    def accounts(self) -> str:
        return account(self.sim, BaseURL=self.relay.url, LoginURL=self.token_relay.url, **QUICK)

    def blocks(self) -> str:
        return polled()

    def more(self) -> dict[str, Any]:
        return {}

    def why(self) -> Any:
        return self.wrong(), self.health(), self.daemon.text[-2000:]

    def wrong(self) -> list[str]:
        """The queues' depths, which each cell changes, and the age of the values."""
        made = []
        for queue in self.sim.truth()["queues"].values():
            rows = self.daemon.readings(queue["name"], "queue_depth", "voice")
            depth = queue["media"].get("voice", {}).get("waiting")
            if depth is not None and (not rows or rows[-1][1] != depth or rows[-1][0] < time.time() + self.ahead_s - 5):
                made.append("%s has %s, wanted %s" % (queue["name"], rows[-1:], depth))
        return made

    def feed(self) -> None:
        queue = min(self.sim.truth()["queues"])
        self.sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 1})


API = r'account prod, (api|throttle|token)|"cause": "(api|throttle|token)"'


class Rest(Account):
    name = "REST"
    cells = {
        "refused": Cell(API, needs_hit=False), "reset mid-body": Cell(API), "black hole": Cell(API),
        "1 byte/s": Cell(API), "429": Cell(API), "500": Cell(API),
        "503 with HTML": Cell(API), "truncated": Cell(API), "malformed": Cell("queues"),
        "wrong type": Cell("queues"), "huge": Cell("queues|account"), "duplicate": SILENT,
        "late": Cell(API), "wrong certificate": Cell("certificate"),
        "wrong Date": SILENT,  # two other clocks agree
    }


class Token(Account):
    """Each cell revokes the token."""
    name = "token"
    cells = {fault: Cell('account prod, (token|api)|"cause": "token"', needs_hit=fault != "refused") for fault in (
        "refused", "reset mid-body", "black hole", "1 byte/s", "429", "500", "503 with HTML", "truncated", "malformed",
        "wrong type", "huge", "late", "wrong certificate")}
    cells["duplicate"] = SILENT

    def begin(self, fault: str) -> None:
        self.token_relay.apply(fault)
        self.sim.call("tokens", {"op": "revoke"})

    def end(self, fault: str) -> None:
        self.token_relay.apply("")

    def is_hit(self) -> bool:
        return self.token_relay.hits > 0


class WebSocket(Account):
    name = "WebSocket"
    cells = {fault: Cell("stream|notifications|queues all", needs_hit=fault != "refused") for fault in (
        "refused", "reset mid-body", "black hole", "1 byte/s", "429", "500", "503 with HTML", "truncated", "malformed",
        "huge", "wrong certificate")}

    def accounts(self) -> str:
        self.socket_relay = Relay(self.sim.http_port, Path(self.sim.workdir))
        self.sim.config(heartbeat_s=0.5, connect_base=self.socket_relay.url.replace("https", "wss"))
        return account(self.sim, LoginURL=self.token_relay.url, **QUICK)

    def blocks(self) -> str:
        return queues(IdleTimeout=5, ReconnectMax=2)

    def begin(self, fault: str) -> None:
        self.socket_relay.apply(fault)

    def end(self, fault: str) -> None:
        self.socket_relay.apply("")

    def is_hit(self) -> bool:
        return self.socket_relay.hits > 0


class Proxy(Account):
    name = "proxy"
    cells = {"refused": Cell(API, needs_hit=False), "reset mid-body": Cell(API), "black hole": Cell(API),
             "1 byte/s": Cell(API), "429": Cell(API), "500": Cell(API),
             "503 with HTML": Cell(API), "truncated": Cell(API)}

    def accounts(self) -> str:
        from lib.genesys import Proxy as Program
        self.program = Program()
        self.proxy_relay = Relay(self.program.port)
        return account(self.sim, Proxy="http://127.0.0.1:%d" % self.proxy_relay.port, **QUICK)

    def begin(self, fault: str) -> None:
        self.proxy_relay.apply(fault)

    def end(self, fault: str) -> None:
        self.proxy_relay.apply("")

    def is_hit(self) -> bool:
        return self.proxy_relay.hits > 0


class Dns(Account):
    """The API's name is asked for at each connection, and each answer of the API ends its connection."""
    name = "DNS"
    seen_s = 60 + SEEN_S  # libcurl keeps an address for 60 s
    cells = {fault: Cell(API) for fault in (
        "refused", "black hole", "500", "404", "truncated", "malformed", "wrong type", "late")}
    cells["duplicate"] = SILENT

    def accounts(self) -> str:
        self.relay.keeps_alive = False
        url = self.relay.url.replace("localhost", UNKNOWN_NAME)
        return account(self.sim, BaseURL=url, LoginURL=self.token_relay.url, VerifyHost=False, **QUICK)

    def more(self) -> dict[str, Any]:
        self.resolver = resolver("")
        return {"wrapper": self.resolver.wrapper}

    def begin(self, fault: str) -> None:
        self.resolver.apply(fault)

    def end(self, fault: str) -> None:
        self.resolver.apply("")

    def is_hit(self) -> bool:
        return self.resolver.hits > 0


class Clock(Account):
    """This host's wall clock steps ahead; in the end the platform's clock has followed. A step back is no cell: collectd itself
    then reads nothing until its clock shows the time of the next reading."""
    name = "clock"
    cells = {"10 min ahead": Cell("clock"), "a day ahead": Cell("clock")}

    def more(self) -> dict[str, Any]:
        self.steps = process.folder("clock") / "step"
        self.steps.write_bytes(bytes(8))
        return {"preload": str(CLOCK_STEP), "env": {"GC_CLOCK_STEP": str(self.steps)}}

    def begin(self, fault: str) -> None:
        self.by_s = 600 if fault == "10 min ahead" else 86400
        self.ahead_s += self.by_s
        with self.steps.open("r+b") as file:  # in place: collectd has mapped the file
            file.write(struct.pack("=q", self.ahead_s * 1000))

    def end(self, fault: str) -> None:
        self.sim.call("clock", {"by_s": self.by_s})

    def is_hit(self) -> bool:
        return True


# ---- flow metrics: SQS, webhook clients, Redis, disk -----------------------------------------------------

class Flow(World):
    """Events through SQS, whose totals must equal the truth; `relay` is before SQS."""

    def __init__(self) -> None:
        super().__init__()
        self.sqs = Sqs()
        self.relay = Relay(int(self.sqs.queue_url.split(":")[2].split("/")[0]))
        self.daemon = Collectd("Debug false\n" + self.health_block(), flows=self.blocks(), **self.more())
        self.feed()
        report.check_soon("%s: totals are right at the start" % self.name, self.is_well, self.why, BACK_S)

    def more(self) -> dict[str, Any]:
        return {}

    def blocks(self) -> str:
        url = re.sub(r":\d+/", ":%d/" % self.relay.port, self.sqs.queue_url, count=1)
        return attributes(self.sqs, QueueURL=url, **self.options())

    def options(self) -> dict[str, Any]:
        return {}

    def feed(self) -> None:
        self.sqs.feed(200)

    def why(self) -> Any:
        return self.wrong(), self.health(), self.daemon.text[-2000:]

    def wrong(self) -> list[str]:
        return differences(wanted(self.sqs.truth()), totals(self.daemon))


SOURCE = "attributes ivr|flowmetrics"


class SqsServer(Flow):
    name = "SQS"
    cells = {fault: Cell(SOURCE, needs_hit=fault != "refused") for fault in (
        "refused", "reset mid-body", "black hole", "1 byte/s", "429", "500", "503 with HTML", "truncated", "malformed",
        "wrong type", "huge")}
    cells["duplicate"] = SILENT
    cells["wrong Date"] = SILENT


class RedisServer(Flow):
    name = "Redis"
    cells = {fault: Cell(SOURCE, needs_hit=fault != "refused") for fault in (
        "refused", "reset mid-body", "black hole", "1 byte/s", "truncated", "malformed", "huge")}

    def options(self) -> dict[str, Any]:
        self.redis = Redis()
        self.redis_relay = Relay(self.redis.port, is_raw=True)
        return {"StateURL": "redis://127.0.0.1:%d/0" % self.redis_relay.port}

    def begin(self, fault: str) -> None:
        self.redis_relay.apply(fault)

    def end(self, fault: str) -> None:
        self.redis_relay.apply("")

    def is_hit(self) -> bool:
        return self.redis_relay.hits > 0


class Disk(Flow):
    """"500": no space is left; "black hole": each call hangs."""
    name = "disk"
    cells = {"500": Cell(SOURCE), "black hole": Cell(SOURCE)}

    def more(self) -> dict[str, Any]:
        self.hanging = hanging_disk("state")
        self.full = full_disk(self.hanging.below)
        return {"state_dir": self.hanging.below, "preload": "%s %s" % (self.hanging.shim, self.full.shim),
                "env": {**self.hanging.env, **self.full.env}}

    def begin(self, fault: str) -> None:
        (self.full.fill if fault == "500" else self.hanging.hang)()

    def end(self, fault: str) -> None:
        (self.full.empty if fault == "500" else self.hanging.answer)()

    def is_hit(self) -> bool:
        return True


class Client(Flow):
    """Clients of the webhook that misbehave while a good one posts."""
    name = "webhook client"
    cells = {fault: SILENT._replace(needs_hit=False) for fault in (
        "reset mid-body", "black hole", "1 byte/s", "idle crowd", "truncated", "malformed", "wrong type", "huge", "duplicate")}

    def blocks(self) -> str:
        self.hook = Hook(self.sqs)
        self.others: list[socket.socket] = []
        return self.hook.block("ivr")

    def feed(self) -> None:
        self.hook.wait_open(self.daemon)
        for n in range(20):
            body = self.sqs.call("flow/set", {"flow": "Main", "metric": "Calls %d" % n, "return": True})["bodies"][0].encode()
            began = time.monotonic()
            if self.hook.post(body)[0] != 200 or time.monotonic() - began > 10:
                check("%s: a good client is answered" % self.name, False, time.monotonic() - began)

    def begin(self, fault: str) -> None:
        body = b'{"detail":' + b"x" * 1000
        head = b"POST /genesys HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\n"
        sent = {"reset mid-body": head % (SECRET.encode(), 5000) + body, "black hole": b"POST", "1 byte/s": b"P",
                "truncated": head % (SECRET.encode(), 5000) + body, "idle crowd": b"",
                "malformed": b"\xff\xfe no HTTP\r\n\r\n", "wrong type": head % (SECRET.encode(), 4) + b"[17]",
                "huge": head % (SECRET.encode(), 1 << 30) + b"x" * 100000, "duplicate": b""}[fault]
        for _ in range(CROWD if fault == "idle crowd" else 8):
            self.others.append(socket.create_connection(("127.0.0.1", self.hook.port), timeout=10))
            if sent:
                self.others[-1].sendall(sent)
        if fault == "duplicate":
            body = self.sqs.call("flow/set", {"flow": "Main", "metric": "Twice", "return": True})["bodies"][0].encode()
            for _ in range(5):
                self.hook.post(body)

    def end(self, fault: str) -> None:
        from lib.relay import reset
        for one in self.others:
            reset(one) if fault == "reset mid-body" else one.close()
        self.others.clear()


# ---- writers: InfluxDB, a scraper ---------------------------------------------------------------------

class Influx(World):
    name = "InfluxDB"
    cells = {fault: Cell("influxdb", False, needs_hit=fault != "refused") for fault in (
        "refused", "reset mid-body", "black hole", "1 byte/s", "429", "500", "503 with HTML", "huge")}
    for one in ("truncated", "malformed", "wrong Date"):
        cells[one] = SILENT  # the status says that the lines are stored

    def __init__(self) -> None:
        super().__init__()
        if not INFLUXD:
            raise Skip("influxd is not installed")
        self.database, self.load, self.first = Influx1(), Load(), 0
        self.relay = Relay(self.database.port)
        section = self.database.node(URL="http://127.0.0.1:%d" % self.relay.port, Timeout=2, SpoolDir=process.folder("spool") / "s")
        self.daemon = Collectd(self.health_block(), more=self.load.socket.options + section, load=("unixsock",),
                               ours=("genesys", "genesys_influxdb"))
        self.feed()
        report.check_soon("%s: all lines arrive at the start" % self.name, self.is_well, self.wrong, BACK_S)

    def feed(self) -> None:
        wait_until(lambda: self.load.socket.ask(["LISTVAL"]) is not None, 20, "unixsock listens")
        self.load.put(500)

    def wrong(self) -> list[str]:
        points = self.database.points(Load.MEASUREMENT)
        missing = [n for n in range(self.load.number) if n not in points.get(("s%d" % (n % 7), Load.time_ns(n)), [])]
        return ["%d of %d are missing: %s" % (len(missing), self.load.number, missing[:3])] if missing else []


class Scraper(Account):
    """Scrapers that misbehave while a good one scrapes."""
    name = "scraper"
    cells = {fault: SILENT._replace(needs_hit=False) for fault in (
        "reset mid-body", "black hole", "1 byte/s", "idle crowd", "truncated", "malformed", "huge")}

    def more(self) -> dict[str, Any]:
        self.port, self.others = free_port(), []
        return {"ours": ("genesys", "genesys_realtime", "genesys_prometheus"),
                "more": block("Plugin", "genesys_prometheus", {"Port": self.port})}

    def begin(self, fault: str) -> None:
        request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
        sent = {"reset mid-body": request + b"\r\n", "black hole": request + b"\r\n", "1 byte/s": b"G", "idle crowd": b"",
                "truncated": request, "malformed": b"\xff\xfe no HTTP\r\n\r\n", "huge": request + b"X: " + b"y" * 200000}[fault]
        for port in (self.port, self.health_port):
            for _ in range(CROWD if fault == "idle crowd" else 8):
                one = socket.create_connection(("127.0.0.1", port), timeout=10)
                self.others.append(one)
                try:
                    one.sendall(sent)
                except OSError:
                    pass  # cut already
        took = []
        for port, path in ((self.port, "/metrics"), (self.health_port, "/health")):
            began = time.monotonic()
            with direct.open("http://127.0.0.1:%d%s" % (port, path), timeout=20) as answer:
                answer.read()
            took.append(time.monotonic() - began)
        check("%s, %s: a good scraper is answered" % (self.name, fault), max(took) < 5, took)
        note("%s, %s: a scrape %.3f s, /health %.3f s" % (self.name, fault, *took))

    def end(self, fault: str) -> None:
        from lib.relay import reset
        for one in self.others:
            reset(one) if fault == "reset mid-body" else one.close()
        self.others.clear()


WORLDS: tuple[type[World], ...] = (Token, Rest, WebSocket, SqsServer, Client, Scraper, RedisServer, Influx, Disk, Proxy, Dns, Clock)


# ---- the matrix -----------------------------------------------------------------------------------------

def chosen(world: type[World]) -> list[str]:
    """The cells of a row that this run tries; the shares of the rows begin at different cells."""
    first = 0 if EVERYTHING else WORLDS.index(world) % min(SHARE, len(world.cells))
    return list(world.cells)[first::1 if EVERYTHING else SHARE]


def row(world: type[World]) -> Callable[[], None]:
    def run() -> None:
        made = world()
        for fault in chosen(world):
            run_cell(made, fault, world.cells[fault])
        stop_s, status = made.daemon.stop()
        check("%s: collectd stops in time with status 0" % world.name, stop_s < STOP_MAX_S + 1 and status == 0, (stop_s, status))
    run.__name__ = re.sub(r"\W", "_", world.name.lower())
    return run


def table() -> str:
    """One row a fault, one column a part: x: tried now, o: tried by GC_MATRIX=all, a blank: without a meaning."""
    faults = list(dict.fromkeys(fault for world in WORLDS for fault in world.cells))
    lines = ["%-18s %s" % ("", " ".join(world.name[:9].ljust(9) for world in WORLDS))]
    for fault in faults:
        marks = ["x" if fault in chosen(world) else "o" if fault in world.cells else "" for world in WORLDS]
        lines.append("%-18s %s" % (fault, " ".join(mark.ljust(9) for mark in marks)))
    return "\n".join("# " + line.rstrip() for line in lines)


if __name__ == "__main__":
    say(table())
    report.main([row(world) for world in WORLDS], {"collectd": DAEMON, "genesys_flowmetrics": built("genesys_flowmetrics"),
                                                   "redis-server": SERVER, "influxd": INFLUXD})

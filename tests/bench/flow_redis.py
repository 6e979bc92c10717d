#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guide E's work as a Python service would do it, against a Redis: the store has the earlier attributes of each
conversation, and new attributes are counted there. A batch has ten events and takes two round trips (read; write), each
one pipeline. The attributes of a conversation are kept as a union, so that repeated and late events change
nothing.

usage: flow_redis.py FILE PORT
"""
from __future__ import annotations

import json
import re
import socket
import sys
import time

A_BATCH = 10
FORM = re.compile(r"(.+)Metric_(.+)\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\)", re.S)


class Redis:
    """The part of RESP that this program needs."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile("rb")

    def pipeline(self, commands: list[tuple]) -> list:
        out = []
        for words in commands:
            out.append(b"*%d\r\n" % len(words))
            for word in words:
                text = word.encode()
                out.append(b"$%d\r\n%s\r\n" % (len(text), text))
        self.socket.sendall(b"".join(out))
        return [self.answer() for _ in commands]

    def answer(self):
        line = self.answers.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.answers.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        if kind == b"-" or not line:
            raise RuntimeError("redis: %r" % line)
        return rest


def metrics_of(event: dict) -> tuple[str, list[str]]:
    body = event.get("detail", event).get("eventBody", {})
    attributes = body.get("attributes")
    if not isinstance(attributes, dict):
        return "", []
    return body.get("conversationId", ""), [name for name in attributes if FORM.fullmatch(name)]


def take(redis: Redis, lines: list[bytes]) -> None:
    found = [pair for pair in (metrics_of(json.loads(line)) for line in lines) if pair[1]]
    ids = list({conversation for conversation, _ in found})
    had = {}
    for conversation, text in zip(ids, redis.pipeline([("GET", "c:" + i) for i in ids])):
        had[conversation] = set(json.loads(text)) if text else set()
    new: dict[str, int] = {}
    changed = set()
    for conversation, names in found:
        for name in names:
            if name not in had[conversation]:
                had[conversation].add(name)
                changed.add(conversation)
                match = FORM.fullmatch(name)
                series = "%s|%s" % match.groups()
                new[series] = new.get(series, 0) + 1
    writes = [("SET", "c:" + i, json.dumps(sorted(had[i])), "EX", "1209600") for i in changed]
    writes += [("HINCRBY", "counts", series, str(count)) for series, count in new.items()]
    if writes:
        redis.pipeline([("MULTI",), *writes, ("EXEC",)])

def resident_max_kb() -> int:
    """Returns the peak from /proc: getrusage reports at least the maximum of the parent process."""
    with open("/proc/self/status") as status:
        return int(next(line.split()[1] for line in status if line.startswith("VmHWM")))


def main() -> None:
    redis = Redis(int(sys.argv[2]))
    lines = open(sys.argv[1], "rb").read().splitlines()
    began, cpu = time.monotonic(), time.process_time()
    for at in range(0, len(lines), A_BATCH):
        take(redis, lines[at:at + A_BATCH])
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    flat = redis.pipeline([("HGETALL", "counts")])[0]
    counts = {flat[i].decode(): int(flat[i + 1]) for i in range(0, len(flat), 2)}
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "rss_kb": resident_max_kb(),
                      "totals": {"events": len(lines), "counts": counts}}))


if __name__ == "__main__":
    main()

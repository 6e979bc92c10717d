#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A byte of the spool's last segment is flipped, or the segment is cut: are all other lines in a real database, once each?

Each case is a node with a spool of its own; one collectd fills and sends many of them. GC_DAMAGE=all: every byte; otherwise
some bytes of each record: the first of each field of its header, the last of the header, and the first, middle and last of
its line.
"""
from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

from lib import process, report
from lib.collectd import DAEMON, Collectd, built
from lib.gate import Gate
from lib.process import wait_until
from lib.report import check, note, same
from lib.timeseries import INFLUXD, VICTORIA, Database, Influx1, Load, Victoria, section, spooled

EVERY_BYTE = os.environ.get("GC_DAMAGE") == "all"
LOT = 100  # nodes of one collectd
RECORDS = 4  # of a spool, one line each; the first is delivered before the damage
HEADER = 24
FIELDS = (0, 4, 8, 12, 16, 23)  # magic, length, lines, CRC, time, its last byte: common/net/spool/record.h


class Record(NamedTuple):
    begin: int
    end: int


class Case(NamedTuple):
    kind: str
    at: int

    def change(self, segment: Path) -> None:
        text = bytearray(segment.read_bytes())
        if self.kind == "cut":
            del text[self.at:]
        else:
            text[self.at] ^= 0x5a
        segment.write_bytes(text)

    def lost(self, records: list[Record]) -> set[int]:
        """The lines that had not been delivered and are damaged."""
        return {n for n, one in enumerate(records) if n > 0 and
                (one.end > self.at if self.kind == "cut" else one.begin <= self.at < one.end)}


def records_of(text: bytes) -> list[Record]:
    made, at = [], 0
    while text[at:at + 4] == b"GCR1":
        end = at + HEADER + int.from_bytes(text[at + 4:at + 8], "little")
        made.append(Record(at, end))
        at = end
    return made


def cases_of(records: list[Record]) -> Iterator[Case]:
    if EVERY_BYTE:
        for at in range(records[-1].end):
            yield Case("flip", at)
            yield Case("cut", at)
        return
    for one in records:
        middle = (one.begin + HEADER + one.end) // 2
        for at in (*(one.begin + field for field in FIELDS), one.begin + HEADER, middle, one.end - 1):
            yield Case("flip", at)
        for at in (one.begin, one.begin + 2, one.begin + HEADER, middle, one.end - 1):
            yield Case("cut", at)


class Lot:
    """Nodes of one collectd, each with a spool whose first record is delivered."""

    def __init__(self, database: Database, first: int) -> None:
        self.database, self.gate, self.base = database, Gate(database.port), process.folder("agent")
        self.load = Load()
        self.names = ["%05d" % (first + n) for n in range(LOT)]
        url = "http://127.0.0.1:%d" % self.gate.port
        self.more = self.load.socket.options + section(*(
            database.block(name, '  Tag "case" "%s"' % name, URL=url, SpoolDir=self.folder(name)) for name in self.names))
        daemon = self.start()
        self.put_everywhere()
        wait_until(lambda: len(self.delivered()) == LOT, 60, "the first line of each node", every_s=0.3)
        self.gate.close()
        while self.load.number < RECORDS:
            self.put_everywhere()
        daemon.stop()

    def folder(self, name: str) -> Path:
        return self.base / ("spool-" + name)

    def segment(self, name: str) -> Path:
        return max(self.folder(name).glob("*.seg"))

    def start(self) -> Collectd:
        return Collectd("", more=self.more, load=("unixsock",), ours=("genesys", "genesys_influxdb"), base=self.base)

    def put_everywhere(self) -> None:
        """Puts a line and waits until each spool has it in a record of its own."""
        number = self.load.number
        self.load.put(1)
        wait_until(lambda: all(number in spooled(self.folder(name)) for name in self.names), 60, "line %d" % number, every_s=0.1)

    def delivered(self) -> dict[str, dict[int, int]]:
        """case -> number -> how often the database got it (InfluxDB: once or not)."""
        made: dict[str, dict[int, int]] = {}
        for (name, _), values in self.database.points(Load.MEASUREMENT, "case").items():
            for value in values:
                of_case = made.setdefault(name, {})
                of_case[int(value)] = of_case.get(int(value), 0) + 1
        return {name: made[name] for name in self.names if name in made}


def spool_damaged(lot: Lot, cases: list[Case], records: list[Record]) -> list[str]:
    """Damages a spool for each case and delivers the rest; returns lines about the differences."""
    wanted = {}
    for name, case in zip(lot.names, cases):
        case.change(lot.segment(name))
        wanted[name] = dict.fromkeys(set(range(RECORDS + 1)) - case.lost(records), 1)
    lot.gate.open()
    daemon = lot.start()
    lot.load.put(1)

    def differences() -> list[str]:
        got = lot.delivered()
        return ["%s: %s, wanted %s" % (case, got.get(name), wanted[name])
                for name, case in zip(lot.names, cases) if got.get(name) != wanted[name]]
    left = process.wait_for_none(differences, 60, "lines", every_s=0.3)
    stop_s, status = daemon.stop()
    return left or ([] if status == 0 else ["a stop with status %d after %.1f s" % (status, stop_s)])


def undamaged_lines_are_delivered_once(make: Callable[[], Database]) -> Callable[[], None]:
    def scenario() -> None:
        database, done, left = make(), 0, []
        while True:
            lot = Lot(database, done)
            records = records_of(lot.segment(lot.names[0]).read_bytes())
            if done == 0:
                same("records of a segment", len(records), RECORDS)
            some = list(cases_of(records))[done:done + LOT]
            left += spool_damaged(lot, some, records)
            done += len(some)
            if len(some) < LOT:
                break
        check("each line of %d damaged spools that is not damaged itself is in the database, once" % done, not left, left[:5])
        note("%d bytes in %d records, %d cases" % (records[-1].end, len(records), done))
    scenario.__name__ = "what_is_not_damaged_is_delivered_once_" + make.__name__.lower()
    return scenario


if __name__ == "__main__":
    report.main([undamaged_lines_are_delivered_once(Influx1), undamaged_lines_are_delivered_once(Victoria)],
                {"collectd": DAEMON, "genesys_influxdb": built("genesys_influxdb"), "influxd": INFLUXD,
                 "victoria-metrics": VICTORIA})

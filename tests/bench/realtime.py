# SPDX-License-Identifier: MIT
"""Official events and observations beside json-c; the programs measure, and this module takes their best rounds."""
from __future__ import annotations

import re
from typing import Iterator

from figures import Row, Speed, beside, met, ours, shown_by, thousands

LAP = re.compile(r"^  (.+?)\s+([\d.]+) k/s\s+([\d.]+) k per CPU s")  # as lap.h prints it
ANSWERS = re.compile(r"^(bytes -> .+?)\s+([\d.]+) ms\s+([\d.]+) CPU ms .*\+(\d+) KB$")
MEMORY = re.compile(r"memory: .* acd \+ 1 agents: (\d+) bytes each by malloc")
JSON_C = "bytes -> json-c tree (reference)"
ANSWERS_MAX_MS, CONVERSATION_MAX_BYTES = 50.0, 300


def best_laps(lines: list[str]) -> dict[str, Speed]:
    best: dict[str, Speed] = {}
    for lap in filter(None, map(LAP.match, lines)):
        one = Speed(float(lap[2]) * 1e3, float(lap[3]) * 1e3)
        best[lap[1]] = max(one, best.get(lap[1], one), key=lambda speed: speed.wall)
    return best


def beside_json_c(lines: list[str], aims: tuple[tuple[str, float], ...]) -> Iterator[Row]:
    best = best_laps(lines)
    for work, aim in aims:
        yield beside("2", "official, " + work, best[work], "json-c", best[JSON_C],
                     ">= %s/s" % thousands(aim) if aim else "reported", best[work].reaches(aim) if aim else "")


def conversations(left_out: list[str]) -> Iterator[Row]:
    lines = shown_by([ours("bench_conversations")])
    yield from beside_json_c(lines, (("bytes -> model", 750e3),))
    each = next(int(found[1]) for found in map(MEMORY.search, lines) if found)
    yield Row("5", "memory of one conversation", "%d B" % each, aim="< 300 B",
              met=met(each < CONVERSATION_MAX_BYTES))


def stream(left_out: list[str]) -> Iterator[Row]:
    yield from beside_json_c(shown_by([ours("bench_stream")]),
                             (("socket -> model, plain", 600e3), ("socket -> model, TLS", 450e3)))


def observations(left_out: list[str]) -> Iterator[Row]:
    best: dict[str, tuple[float, float, int]] = {}
    for found in filter(None, map(ANSWERS.match, shown_by([ours("bench_observations")]))):
        one = (float(found[2]), float(found[3]), int(found[4]))
        best[found[1]] = min(one, best.get(found[1], one))
    mine, other = (next(v for k, v in best.items() if word in k) for word in ("ours", "json-c"))
    yield Row("4", "50 answers of 200 queues x 5", "%.0f ms (%.0f CPU)" % mine[:2],
              "json-c %.0f ms (%.0f CPU)" % other[:2], other[0] / mine[0], other[1] / mine[1], "< %.0f ms" % ANSWERS_MAX_MS,
              Speed(1 / mine[0], 1 / mine[1]).reaches(1 / ANSWERS_MAX_MS))
    yield Row("4", "  memory for it", "%d KB" % mine[2], "json-c %d KB" % other[2], other[2] / max(mine[2], 1),
              aim="constant")


def frames(left_out: list[str]) -> Iterator[Row]:
    shown_by([ours("bench_ws")])
    yield from ()


def aggregates(left_out: list[str]) -> Iterator[Row]:
    shown_by([ours("bench_aggregates")])
    yield from ()

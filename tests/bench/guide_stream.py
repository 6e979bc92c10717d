# SPDX-License-Identifier: MIT
"""The guide stream: from the same bytes of a socket to the same totals by our program, Node and Go."""
from __future__ import annotations

import json
import os
from typing import Callable, Iterator

from figures import HERE, LeftOut, Result, Row, Speed, Wrong, beside, fresh_folder, go_program, node, node_modules, \
    ours, output_of, result_of, say, serving

EVENTS = int(os.environ.get("GC_EVENTS", "1000000"))
ROUNDS = 3
AIM_PER_S, AIM_RATIO = 2.2e6, 6.0
AIM = ">= 2.2 M/s, >= 6 x the fastest"
TLS = "ours, TLS"
Run = Callable[[str], Result]  # the port


def speed(result: Result) -> Speed:
    events = result["totals"]["events"]
    return Speed(events / result["wall_s"], events / result["cpu_s"])


def run_node() -> Run:
    words = [node(), str(HERE / "guide_ws.js")]
    env = node_modules("ws@8.11.0", "prom-client@15.1.3")
    return lambda port: result_of([*words, port], env)


def run_go() -> Run:
    program = go_program("guide_ws", "nhooyr.io/websocket", "github.com/prometheus/client_golang")
    return lambda port: result_of([program, port])


def run_ours() -> Run:
    return lambda port: result_of([ours("bench_guide"), port])


def references(left_out: list[str]) -> Iterator[tuple[str, Run]]:
    for name, make in (("Node", run_node), ("Go", run_go)):
        try:
            yield name, make()
        except LeftOut as why:
            left_out.append("guide stream, %s's reference: %s" % (name, why))


def check(name: str, result: Result, truth: Result) -> None:
    if result["totals"] != truth:
        raise Wrong("the totals of %s differ from the truth: %s, wanted %s" % (name, result["totals"], truth))


def show(name: str, result: Result) -> None:
    say("  %-12s %s per CPU s, %.2f CPU s, %.1f MB resident" %
        (name, speed(result), result["cpu_s"], result["rss_kb"] / 1024))


def best(runs: list[Result]) -> Result:
    return min(runs, key=lambda result: result["wall_s"])


def measure(runs: dict[str, Run], frames: str, truth: Result) -> dict[str, list[Result]]:
    """Each round runs all programs, one after the other."""
    results: dict[str, list[Result]] = {name: [] for name in (*runs, TLS)}
    with serving([ours("guide_sender"), "serve", frames]) as plain, \
            serving([ours("guide_sender"), "serve", frames, "tls"]) as tls:
        all_runs = {**{name: (lambda run=run: run(plain.strip())) for name, run in runs.items()},
                    TLS: lambda: result_of([ours("bench_guide"), *tls.split()])}
        for _ in range(ROUNDS):
            for name, run in all_runs.items():
                results[name].append(run())
                check(name, results[name][-1], truth)
                show(name, results[name][-1])
    return results


def met_by(mine: Speed, others: list[Speed]) -> str:
    """Compares with the aim and with the fastest reference."""
    return mine.reaches(AIM_PER_S) if all(mine.wall >= AIM_RATIO * o.wall for o in others) else \
        Speed(0, mine.cpu).reaches(max([AIM_PER_S, *(AIM_RATIO * o.cpu for o in others)]))


def rows(left_out: list[str]) -> Iterator[Row]:
    frames = str(fresh_folder("guide") / "frames")
    truth = json.loads(output_of([ours("guide_sender"), "record", frames, str(EVENTS)]))
    say("guide stream: %d events, %d bytes each, over a socket into the model; totals are compared" %
        (truth["events"], os.path.getsize(frames) / truth["events"]))
    results = {name: best(some) for name, some in
               measure({"ours": run_ours(), **dict(references(left_out))}, frames, truth).items()}
    os.unlink(frames)
    mine, tls = results.pop("ours"), results.pop(TLS)
    word = met_by(speed(mine), [speed(one) for one in results.values()])
    yield Row("1", "guide events, plain", str(speed(mine)), aim=AIM, met=word)
    for name, one in results.items():
        yield beside("1", "  beside %s" % name, speed(mine), "", speed(one), AIM, word)
        yield Row("1", "  resident memory", "%.1f MB" % (mine["rss_kb"] / 1024),
                  "%.1f MB" % (one["rss_kb"] / 1024), one["rss_kb"] / mine["rss_kb"])
    yield beside("1", "guide events, TLS", speed(tls), "ours plain", speed(mine))

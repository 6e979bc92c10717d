#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that bench_guide, guide_sender and bench_flow of `make bench` work: small counts, no reference, no figure."""
from __future__ import annotations

import json

import flow
from figures import fresh_folder, ours, output_of, result_of, serving
from lib.report import check, main, same

EVENTS = 16000


def guide_totals_equal_the_truth() -> None:
    frames = str(fresh_folder("quick-guide") / "frames")
    truth = json.loads(output_of([ours("guide_sender"), "record", frames, str(EVENTS)]))
    check("number of recorded events", truth["events"] >= EVENTS, truth)
    for way in ("", "tls"):
        with serving([ours("guide_sender"), "serve", frames, way]) as place:
            result = result_of([ours("bench_guide"), *place.split()])
        same("totals of the guide stream %s" % way, result["totals"], truth)


def flow_totals_equal_the_truth() -> None:
    events, truth = flow.record(fresh_folder("quick-flow"), EVENTS // 8)
    totals = flow.run_ours(events)()["totals"]
    same("totals of the flow metrics", (totals["events"], flow.counts_of(totals)),
         (truth["events"], flow.counts_of(truth)))


main([guide_totals_equal_the_truth, flow_totals_equal_the_truth])

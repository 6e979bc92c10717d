#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All benchmarks, side by side with their references, and one table at the end; README.md beside this file explains
it.

usage: bench.py [verb…]     without one: all of them
Environment: top_srcdir, top_builddir, as in the end-to-end tests; GC_EVENTS, GC_FLOW_EVENTS, GC_SQS_EVENTS, GC_ROWS, GC_SERIES,
GC_LINES: the amount of work. The exit status is 1 when a benchmark did not do its work; a missed aim is reported and changes no
exit status.
"""
from __future__ import annotations

import os
import subprocess
import sys
import time

import cost
import exposition
import flow
import guide_stream
import influxdb
import latency
import realtime
from figures import LeftOut, Row, Wrong, say, show_table
from lib.process import Late

VERBS = {
    "guide": guide_stream.rows,
    "frames": realtime.frames,
    "conversations": realtime.conversations,
    "stream": realtime.stream,
    "observations": realtime.observations,
    "aggregates": realtime.aggregates,
    "flow": flow.rows,
    "exposition": exposition.rows,
    "influxdb": influxdb.rows,
    "memory": cost.memory,
    "requests": cost.requests,
    "latency": latency.latency,
    "start": latency.start,
}


def main(verbs: list[str]) -> int:
    unknown = [verb for verb in verbs if verb not in VERBS]
    if unknown:
        print("unknown: %s; there are: %s" % (", ".join(unknown), ", ".join(VERBS)), file=sys.stderr)
        return 2
    rows: list[Row] = []
    left_out: list[str] = []
    wrong: list[str] = []
    began = time.monotonic()
    for verb in verbs or VERBS:
        say("\n== %s" % verb)
        try:
            for row in VERBS[verb](left_out):
                rows.append(row)
        except LeftOut as why:
            left_out.append("%s: %s" % (verb, why))
        except (Wrong, Late, subprocess.TimeoutExpired) as why:
            say(str(why))
            wrong.append("%s: %s" % (verb, str(why).split("\n", 1)[0]))
    say("\n== %d rows in %.0f s; load of the host %.1f" % (len(rows), time.monotonic() - began, os.getloadavg()[1]))
    show_table(sorted(rows, key=lambda row: row.row))
    for text in left_out:
        say("left out: %s" % text)
    for text in wrong:
        say("WRONG: %s" % text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

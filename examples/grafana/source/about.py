# SPDX-License-Identifier: MIT
"""What a panel shows, when it is empty, and its unit, where the panel does not say so itself: as genesys-probe --describe
metrics has it of the values in its queries. The program is that of PATH, or of the variable GENESYS_PROBE."""
from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from typing import Any

# By title: panels that show something else than their values.
STREAM = "Counted from the stream of conversation events; empty before the first contact."
ABOUT = {
    "Service level, 15 min": "Share of the offers of 15 minutes that were answered within the target "
    "(queue_sla_breach, queue_offer). Empty for a queue without offers or without a target.",
    "Wait, 95th percentile": "Of the contacts that were answered, 1 in 20 waited longer (queue_wait). " + STREAM,
    "Mean wait of answered contacts": "Sum of the waits by their number (queue_wait). Empty without answers.",
    "Waits of answered contacts": "Histogram of the waits, by WaitBuckets (queue_wait). " + STREAM,
    "Abandoned share, 15 min": "Abandons by offers of 15 minutes (queue_abandon, queue_offer). Empty without offers.",
    "Time by presence": "Seconds of agents in each presence, by interval. Needs a Query with Source users.",
    "Time in presences": "Seconds of each agent in each presence. Needs a Query with Source users.",
    "Entries of the newest interval": "Contacts that entered each flow (flow_interval, nFlow). Needs a Flows block.",
}


@functools.lru_cache(maxsize=None)
def values() -> list[dict[str, Any]]:
    probe = os.environ.get("GENESYS_PROBE", "genesys-probe")
    try:
        ran = subprocess.run([probe, "--describe", "metrics"], check=True, capture_output=True)
    except OSError as error:
        sys.exit("%s: install the package, or name the program of a build in GENESYS_PROBE" % error)
    made: list[dict[str, Any]] = json.loads(ran.stdout)
    return made


def measurement(name: str) -> str:
    """Returns the measurement of a value in InfluxDB."""
    first: str = next(one for one in values() if one["name"] == name)["influxdb"][0]
    return first.split()[0]


def shown(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the values that the queries of a panel name: in Prometheus, in InfluxDB, or in a path of Graphite."""
    text = json.dumps([one.get("expr") or one.get("query") or one.get("target") for one in panel["targets"]])
    words = set(re.findall(r"\bgenesys_\w+", text)) | set(re.findall(r"\.(\w+)-", text))
    return [one for one in values() if words & {one["name"], *one["prometheus"], one["influxdb"][0].split()[0]}]


def sentences(of: list[dict[str, Any]]) -> str:
    meanings = {"%s (%s)." % (one["meaning"].rstrip("."), one["name"]): None for one in of}
    empty = {"Empty: %s." % one["absent"]: None for one in of if one["absent"] != "never"}
    return " ".join([*meanings, *empty])


def unit(of: list[dict[str, Any]]) -> str:
    """Returns the unit of gauges; rates have none of Grafana's."""
    units = {one["unit"] if one["type"] == "gauge" else "" for one in of}
    return "s" if units == {"s"} else "short" if "" in units else "none"


def describe(board: dict[str, Any]) -> dict[str, Any]:
    """Fills descriptions and units of a dashboard's panels."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        of, defaults = shown(panel), panel["fieldConfig"]["defaults"]
        panel["description"] = panel["description"] or ABOUT.get(panel["title"]) or sentences(of)
        defaults["unit"] = defaults["unit"] or unit(of)
    return board

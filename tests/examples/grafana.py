#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dashboards in examples/grafana are those of their generator, and hold to what Grafana accepts.

The facts are those of @grafana/schema 10.4 and 13.2 (fields, kinds of panels) and of @grafana/data 13.2 (units,
transformations). Each rule has a violation below that it must refuse.
"""
from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

TOP = Path(os.environ.get("top_srcdir", Path(__file__).resolve().parents[2])).resolve()
BUILD = Path(os.environ.get("top_builddir", ".")).resolve()
HERE = TOP / "examples" / "grafana"
SCHEMA = 39
COLUMNS = 24
UID = "${datasource}"
KINDS = {"stat", "gauge", "bargauge", "timeseries", "state-timeline", "table", "heatmap"}
UNITS = {"none", "short", "s", "percentunit"}
TRANSFORMATIONS = {"merge", "organize", "calculateField"}
DASHBOARD = {
    "annotations",
    "description",
    "editable",
    "graphTooltip",
    "id",
    "links",
    "panels",
    "refresh",
    "schemaVersion",
    "tags",
    "templating",
    "time",
    "timepicker",
    "timezone",
    "title",
    "uid",
    "version",
}
PANEL = {
    "datasource",
    "description",
    "fieldConfig",
    "gridPos",
    "id",
    "interval",
    "options",
    "targets",
    "title",
    "transformations",
    "type",
}
ROW = {"collapsed", "gridPos", "id", "panels", "title", "type"}
FIELD = {"color", "custom", "decimals", "displayName", "mappings", "max", "min", "thresholds", "unit"}
VARIABLE = {
    "allValue",
    "current",
    "datasource",
    "description",
    "hide",
    "includeAll",
    "label",
    "multi",
    "name",
    "options",
    "query",
    "refresh",
    "regex",
    "sort",
    "type",
}
TARGETS = {
    "prometheus": {"datasource", "editorMode", "expr", "format", "instant", "legendFormat", "range", "refId"},
    "influxdb": {"alias", "datasource", "query", "rawQuery", "refId", "resultFormat"},
    "graphite": {"datasource", "refId", "target", "textEditor"},
}
BUILT_IN = {"__interval", "__rate_interval", "__range", "timeFilter"}
PLACEHOLDER = re.compile(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}")
Board = dict[str, Any]
Faults = Iterator[str]


def unknown(what: str, of: dict[str, Any], known: set[str]) -> Faults:
    for key in sorted(of.keys() - known):
        yield "%s has the unknown field %s" % (what, key)


def head(board: Board) -> Faults:
    yield from unknown("the dashboard", board, DASHBOARD)
    if board.get("schemaVersion") != SCHEMA:
        yield "schemaVersion is not %d" % SCHEMA
    if board.get("id") is not None:
        yield "id belongs to one Grafana"
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,40}", board.get("uid", "")):
        yield "uid is not 8 to 40 letters, digits, _ or -"
    if not re.fullmatch(r"\d+[smh]", board.get("refresh", "")) or set(board.get("time", {})) != {"from", "to"}:
        yield "refresh or time is missing"


def places(board: Board) -> Faults:
    taken: dict[tuple[int, int], str] = {}
    ids = [panel.get("id") for panel in board["panels"]]
    if len(set(ids)) != len(ids) or not all(isinstance(one, int) and one > 0 for one in ids):
        yield "ids of panels are not unique positive numbers"
    for panel in board["panels"]:
        at = panel["gridPos"]
        if set(at) != {"x", "y", "w", "h"} or at["x"] < 0 or at["w"] < 1 or at["h"] < 1 or at["x"] + at["w"] > COLUMNS:
            yield "%s: gridPos is outside of the grid" % panel["title"]
            continue
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield "%s overlaps %s" % (panel["title"], other)
                    return


def steps(title: str, thresholds: dict[str, Any]) -> Faults:
    values = [one["value"] for one in thresholds["steps"]]
    if thresholds["mode"] != "absolute" or not values or values[0] is not None or values[1:] != sorted(values[1:]):
        yield "%s: thresholds do not begin with null and rise" % title


def fields(board: Board) -> Faults:
    for panel in board["panels"]:
        title = panel["title"]
        if panel["type"] == "row":
            yield from unknown(title, panel, ROW)
            continue
        yield from unknown(title, panel, PANEL)
        if len(panel.get("description", "")) < 20:
            yield "%s: no description of what it shows, from where, and when it is empty" % title
        if panel["type"] not in KINDS:
            yield "%s: no panel of the kind %s" % (title, panel["type"])
        defaults = panel["fieldConfig"]["defaults"]
        yield from unknown(title, defaults, FIELD)
        units = [defaults["unit"]]
        yield from steps(title, defaults["thresholds"])
        for one in panel["fieldConfig"]["overrides"]:
            properties = {prop["id"]: prop["value"] for prop in one["properties"]}
            units += [properties["unit"]] if "unit" in properties else []
            yield from steps(title, properties["thresholds"]) if "thresholds" in properties else ()
        for unit in set(units) - UNITS:
            yield "%s: no unit %s" % (title, unit)
        for one in panel.get("transformations", []):
            if one["id"] not in TRANSFORMATIONS:
                yield "%s: no transformation %s" % (title, one["id"])


def sources(board: Board) -> Faults:
    variables = board["templating"]["list"]
    first = variables[0]
    if first["name"] != "datasource" or first["type"] != "datasource" or first["query"] not in TARGETS:
        yield "the first variable does not choose the data source"
        return
    wanted = {"type": first["query"], "uid": UID}
    used = [("variable " + one["name"], one["datasource"]) for one in variables if one["type"] == "query"]
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        used.append((panel["title"], panel["datasource"]))
        refs = [one["refId"] for one in panel["targets"]]
        if not refs or len(set(refs)) != len(refs):
            yield "%s: refIds are missing or not unique" % panel["title"]
        for one in panel["targets"]:
            yield from unknown(panel["title"], one, TARGETS[first["query"]])
            used.append((panel["title"], one["datasource"]))
    for where, source in used:
        if source != wanted:
            yield "%s: the data source is not that of the variable" % where


def texts(board: Board) -> Iterator[tuple[str, str]]:
    """(place, query) of panels and variables."""
    for panel in board["panels"]:
        for one in panel.get("targets", []):
            yield panel["title"], one.get("expr") or one.get("query") or one.get("target")
    for one in board["templating"]["list"]:
        if one["type"] == "query":
            yield one["name"], one["query"] if isinstance(one["query"], str) else one["query"]["query"]


def escapes(board: Board) -> Faults:
    """Values reach PromQL and InfluxDB as `${name:regex}`, which alone is right for every name of a queue."""
    known = {one["name"] for one in board["templating"]["list"]} | BUILT_IN
    kind = board["templating"]["list"][0]["query"]
    for where, text in texts(board):
        for found in PLACEHOLDER.finditer(text):
            name = found[1] or found[2]
            if name not in known:
                yield "%s: no variable %s" % (where, name)
            elif name not in BUILT_IN and kind != "graphite" and found[3] != "regex":
                yield "%s: %s without :regex" % (where, name)
            around = text[found.start() - 1 : found.start()] + text[found.end() : found.end() + 1]
            if found[3] == "regex" and kind == "prometheus" and around != "``":
                yield "%s: %s is not in a raw string" % (where, name)


def variables(board: Board) -> Faults:
    for one in board["templating"]["list"]:
        yield from unknown("variable %s" % one["name"], one, VARIABLE)
        if one.get("includeAll") and not one.get("allValue"):
            yield "variable %s lists each value for All" % one["name"]
    names = [one["name"] for one in board["templating"]["list"]]
    if len(set(names)) != len(names) or "account" not in names:
        yield "variables are not unique, or account is missing"


RULES: tuple[Callable[[Board], Faults], ...] = (head, places, fields, sources, escapes, variables)


def faults(board: Board) -> list[str]:
    return [fault for rule in RULES for fault in rule(board)]


def expr(board: Board, old: str, new: str) -> None:
    target = board["panels"][0]["targets"][0]
    target["expr"] = target["expr"].replace(old, new)


# Each must be refused; the words are in the fault.
VIOLATIONS: list[tuple[str, Callable[[Board], Any]]] = [
    ("no description", lambda b: next(p for p in b["panels"] if p["type"] != "row").update(description="")),
    ("schemaVersion", lambda b: b.update(schemaVersion=12)),
    ("id belongs", lambda b: b.update(id=7)),
    ("uid is not", lambda b: b.update(uid="a b")),
    ("unknown field", lambda b: b.update(rows=[])),
    ("unknown field", lambda b: b["panels"][0].update(nullPointMode="connected")),
    ("unknown field", lambda b: b["panels"][0]["targets"][0].update(query="up")),
    ("not unique positive", lambda b: b["panels"][1].update(id=b["panels"][0]["id"])),
    ("outside of the grid", lambda b: b["panels"][0]["gridPos"].update(x=23)),
    ("overlaps", lambda b: b["panels"][1]["gridPos"].update(b["panels"][0]["gridPos"])),
    ("no panel of the kind", lambda b: b["panels"][0].update(type="graph")),
    ("no unit", lambda b: b["panels"][0]["fieldConfig"]["defaults"].update(unit="seconds")),
    ("thresholds", lambda b: b["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["steps"].reverse()),
    ("no transformation", lambda b: b["panels"][0].update(transformations=[{"id": "mergeAll", "options": {}}])),
    ("data source is not", lambda b: b["panels"][0]["targets"][0].update(datasource={"type": "prometheus", "uid": "abc"})),
    ("refIds", lambda b: b["panels"][0].update(targets=b["panels"][0]["targets"] * 2)),
    ("no variable", lambda b: expr(b, "queue:regex", "que:regex")),
    ("without :regex", lambda b: expr(b, "${queue:regex}", "$queue")),
    ("raw string", lambda b: expr(b, "`${queue:regex}`", '"${queue:regex}"')),
    ("lists each value", lambda b: b["templating"]["list"][1].pop("allValue")),
]


def provisioned(boards: dict[str, Board]) -> Faults:
    """Each data source that a dashboard selects first is provisioned, under its kind."""
    text = (HERE / "provisioning" / "datasources" / "genesys.yaml").read_text(encoding="utf-8")
    there = {uid: kind for kind, uid in re.findall(r"^    type: (\S+)\n    uid: (\S+)", text, re.M)}
    for name, board in boards.items():
        first = board["templating"]["list"][0]
        if there.get(first["current"]["value"]) != first["query"]:
            yield "%s: the data source %s is not provisioned" % (name, first["current"]["value"])


def main() -> int:
    boards = {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "dashboards").glob("*.json"))
    }
    found = ["%s: %s" % (name, fault) for name, board in boards.items() for fault in faults(board)]
    uids = [board["uid"] for board in boards.values()] + [board["title"] for board in boards.values()]
    if len(boards) < 8 or len(set(uids)) != len(uids):
        found.append("dashboards are missing, or two have one uid or title")
    for words, break_it in VIOLATIONS:
        broken = copy.deepcopy(boards["prometheus-operations.json"])
        break_it(broken)
        if not any(words in fault for fault in faults(broken)):
            found.append("no rule finds the violation: %s" % words)
    found += provisioned(boards)
    made = subprocess.run([sys.executable, str(HERE / "make.py"), "--check"], capture_output=True, text=True, check=False,
                          env={**os.environ, "GENESYS_PROBE": str(BUILD / "probe" / "genesys-probe")})
    found += (made.stdout + made.stderr).splitlines() if made.returncode else []
    for fault in found:
        print("grafana.py:", fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

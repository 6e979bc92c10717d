# SPDX-License-Identifier: MIT
"""Building blocks of Grafana's dashboards: variables, panels, layout. make.py writes what the other modules of this
folder compose of them. The names of the fields are those of the package @grafana/schema."""
from __future__ import annotations

from typing import Any, Optional, Union

SCHEMA = 39  # Grafana 10.4; later releases migrate it when they load it
COLUMNS = 24  # of Grafana's grid
UID = "${datasource}"
# The guide's limits. Counts are whole numbers: more than 50 contacts is 51.
DEPTH = (("green", None), ("red", 51))
WAIT_S = (("green", None), ("yellow", 120))
SERVICE_LEVEL = (("red", None), ("yellow", 0.6), ("green", 0.8))
FAULTS = (("green", None), ("red", 1))
UP = (("red", None), ("green", 1))


def states(zero: str, one: str, color_zero: str, color_one: str) -> list[dict[str, Any]]:
    """Returns the mappings that show words for the values 0 and 1."""
    return [
        {
            "type": "value",
            "options": {
                "0": {"text": zero, "color": color_zero, "index": 0},
                "1": {"text": one, "color": color_one, "index": 1},
            },
        }
    ]


DOWN_UP = states("down", "up", "red", "green")
STAT = {
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    "colorMode": "background",
    "graphMode": "area",
    "justifyMode": "auto",
    "orientation": "auto",
    "textMode": "auto",
}
LEGEND = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
OPTIONS: dict[str, dict[str, Any]] = {
    "stat": STAT,
    "gauge": {
        "reduceOptions": STAT["reduceOptions"],
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    },
    "bargauge": {
        "reduceOptions": STAT["reduceOptions"],
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "color",
        "showUnfilled": True,
        "minVizWidth": 8,
        "minVizHeight": 16,
    },
    "timeseries": {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "state-timeline": {
        "legend": LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
        "showValue": "never",
        "mergeValues": True,
        "rowHeight": 0.8,
        "alignValue": "left",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "showValue": "never",
        "rowsFrame": {"layout": "auto"},
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "fill": "dark-orange",
            "steps": 64,
            "reverse": False,
            "exponent": 0.5,
        },
        "tooltip": {"mode": "single", "yHistogram": False},
        "legend": {"show": True},
        "yAxis": {"axisPlacement": "left", "unit": "s"},
        "exemplars": {"color": "red"},
    },
}


def thresholds(steps: tuple[tuple[str, Optional[float]], ...]) -> dict[str, Any]:
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


def panel(
    title: str,
    kind: str,
    targets: list[dict[str, Any]],
    size: tuple[int, int],
    *,
    unit: str = "",
    steps: tuple[tuple[str, Optional[float]], ...] = (("green", None),),
    about: str = "",
    stack: bool = False,
    connect: Union[bool, int] = False,
    limits: bool = False,
    top: Optional[float] = None,
    columns: Optional[dict[str, Any]] = None,
    overrides: Optional[list[dict[str, Any]]] = None,
    mappings: Optional[list[dict[str, Any]]] = None,
    least: str = "",
    names: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Returns a panel without its place. Without `unit` and `about` it has those of the values in its queries (about.py).
    `connect` joins points over gaps: True for quiet queues, a number of ms for late points. `limits` draws the thresholds as
    lines; `columns` is the result of table_columns(); `least` is the shortest step of its queries; `names` are those of the
    series of each query, where a query cannot name them."""
    defaults: dict[str, Any] = {
        "unit": unit,
        "color": {"mode": "palette-classic" if kind == "timeseries" else "thresholds"},
        "thresholds": thresholds(steps),
        "mappings": mappings or [],
    }
    if kind == "timeseries":
        defaults["min"] = 0
        defaults["custom"] = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 25 if stack else 5,
            "showPoints": "auto",
            "spanNulls": connect,
            "stacking": {"mode": "normal" if stack else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if limits else "off"},
        }
    if kind == "state-timeline":
        defaults["custom"] = {"fillOpacity": 80, "lineWidth": 0}
    if top is not None:
        defaults.update(min=0, max=top)
    made = {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": targets[0]["datasource"],
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": overrides or []},
        "options": dict(OPTIONS[kind]),
        "gridPos": {"w": size[0], "h": size[1]},
    }
    if least:
        made["interval"] = least
    if len(names) == 1:
        defaults["displayName"] = names[0]
    for one, name in zip(targets, names if len(names) > 1 else ()):
        made["fieldConfig"]["overrides"].append(
            {"matcher": {"id": "byFrameRefID", "options": one["refId"]}, "properties": [{"id": "displayName", "value": name}]}
        )
    if columns:
        made["transformations"] = columns["transformations"]
        made["options"]["sortBy"] = columns["sortBy"]
        made["fieldConfig"]["overrides"] = columns["overrides"]
    return made


def row(title: str) -> dict[str, Any]:
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": COLUMNS, "h": 1}}


def override(name: str, **properties: Any) -> dict[str, Any]:
    """Returns properties of the field that the panel shows under this name; `custom_x` is custom.x."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key.replace("custom_", "custom."), "value": value} for key, value in properties.items()],
    }


def colored(unit: str, steps: tuple[tuple[str, Optional[float]], ...], **more: Any) -> dict[str, Any]:
    """Returns properties of a table's column whose cells have the colors of its thresholds."""
    return {
        "unit": unit,
        "thresholds": thresholds(steps),
        "custom_cellOptions": {"type": "color-background", "mode": "basic"},
        **more,
    }


def table_columns(
    first: dict[str, str],
    columns: list[tuple[str, dict[str, Any]]],
    sort: str,
    computed: Optional[list[dict[str, Any]]] = None,
) -> dict[str, Any]:
    """Makes one row for each value of the labels in `first` (label -> title), one column for each query, in the order of the
    queries. `merge` joins the answers; `organize` names and orders them; `computed` adds columns."""
    names = dict(first)
    for number, (title, _) in enumerate(columns):
        names["Value #" + chr(ord("A") + number) if len(columns) > 1 else "Value"] = title
    organize = {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True},
            "renameByName": names,
            "indexByName": {name: at for at, name in enumerate(names)},
        },
    }
    return {
        "transformations": [{"id": "merge", "options": {}}, organize, *(computed or [])],
        "sortBy": [{"displayName": sort, "desc": True}],
        "overrides": [override(title, **properties) for title, properties in columns if properties],
    }


def target(kind: str, ref: int, **fields: Any) -> dict[str, Any]:
    return {"refId": chr(ord("A") + ref), "datasource": {"type": kind, "uid": UID}, **fields}


def datasource_variable(kind: str, uid: str) -> dict[str, Any]:
    """Returns the variable of the data source. `uid` is that of the provisioned one, which is selected if it exists."""
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": kind,
        "regex": "",
        "hide": 0,
        "current": {"text": uid, "value": uid},
        "options": [],
        "refresh": 1,
        "multi": False,
        "includeAll": False,
    }


def variable(
    kind: str, name: str, label: str, query: Any, *, every: str = ".*", multi: bool = True, regex: str = ""
) -> dict[str, Any]:
    """Returns a variable whose values the data source lists, new ones with each change of the time range."""
    made = {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": {"type": kind, "uid": UID},
        "query": query,
        "regex": regex,
        "refresh": 2,
        "sort": 5,
        "hide": 0,
        "multi": multi,
        "includeAll": multi,
        "options": [],
    }
    if multi:
        made.update(allValue=every, current={"text": ["All"], "value": ["$__all"]})
    return made


def place(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gives ids and places: from left to right, a new line where a panel does not fit."""
    x = y = height = 0
    for number, one in enumerate(panels, 1):
        pos = one["gridPos"]
        if x + pos["w"] > COLUMNS:
            x, y, height = 0, y + height, 0
        one["id"] = number
        one["gridPos"] = {"x": x, "y": y, "w": pos["w"], "h": pos["h"]}
        x, height = x + pos["w"], max(height, pos["h"])
    return panels


def dashboard(
    uid: str,
    title: str,
    about: str,
    variables: list[dict[str, Any]],
    panels: list[dict[str, Any]],
    span: str = "now-3h",
    refresh: str = "10s",
) -> dict[str, Any]:
    links = [
        {
            "type": "dashboards",
            "title": "Genesys",
            "tags": ["genesys"],
            "asDropdown": True,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
            "icon": "external link",
            "tooltip": "",
            "url": "",
        }
    ]
    return {
        "uid": uid,
        "id": None,
        "title": title,
        "description": about,
        "tags": ["genesys"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": refresh,
        "time": {"from": span, "to": "now"},
        "timepicker": {},
        "links": links,
        "annotations": {"list": []},
        "templating": {"list": variables},
        "panels": place(panels),
    }

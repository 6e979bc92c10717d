#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do documents, manual pages, dashboards and alert rules name the values that genesys-probe --describe names, and no other
ones? Each rule has a violation below that it must find.
"""
from __future__ import annotations

import csv
import functools
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

TOP = Path(os.environ.get("top_srcdir", Path(__file__).resolve().parents[2])).resolve()
BUILD = Path(os.environ.get("top_builddir", ".")).resolve()
PROBE = BUILD / "probe" / "genesys-probe"
PAGES = ("README.md", "CHANGELOG.md", "docs/*.md", "plugins/*/README.md", "examples/*/README.md", "probe/*.1")
QUERIES = ("examples/grafana/dashboards/*.json", "examples/prometheus/*.yml", "examples/wallboard/*.html")
# Words like those of values: plugins, a group of rules, a name between two rules of relabelling, the measurements of collectd's
# listener, plugins of collectd, causes of /health, a function of the API, an option of Prometheus.
OTHERS = re.compile(r"genesys_(realtime|analytics|flowmetrics|influxdb|prometheus|health|state_changes_wrapup_total"
                    r"|value|sum|min|max|average)|write_[a-z]+|(lease_blind|spool_growing|state_file|stream_silent|queue_observations"
                    r"|scrape_interval)")
ADDED = {"job", "instance", "__name__", "le"}  # by Prometheus; buckets are shown by all of their family
Rows = list[dict[str, Any]]
Texts = dict[str, str]


@functools.lru_cache(maxsize=None)
def described(table: str, form: str = "json") -> str:
    return subprocess.run([str(PROBE), "--describe", table, "--format", form], check=True, capture_output=True,
                          encoding="utf-8").stdout


def families(rows: Rows) -> dict[str, set[str]]:
    """Returns the labels of each name that a query can have: in Prometheus, in InfluxDB, by write_prometheus."""
    made: dict[str, set[str]] = {}
    for row in rows:
        names = row["prometheus"] + [name.split()[0] for name in row["influxdb"]]
        names += [re.sub("_(bucket|sum|count)$", "", name) for name in names if row["prometheus_type"] == "histogram"]
        for name in names:
            made.setdefault(name, set()).update(row["labels"])
        for end in ("", "_total"):
            made["collectd_genesys_" + row["name"] + end] = set()
    return made


def the_page_has_each_value(rows: Rows, texts: Texts) -> Iterator[str]:
    """docs/metrics.md has the cells of the output, and no other row."""
    table = texts["docs/metrics.md"].split("<!-- metrics -->")[1].split("<!-- /metrics -->")[0]
    there = [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]
    wanted: dict[str, list[str]] = {}
    for row in rows:
        kind = row["type"] if row["data_source"] == "value" else row["data_source"] + " " + row["type"]
        if row["name"] in wanted:
            wanted[row["name"]][1] += ", " + kind
        else:
            wanted[row["name"]] = ["`%s`" % row["name"], kind] + [
                row[key].strip() for key in ("of", "type_instance", "unit", "meaning", "from", "absent")]
    for cells in list(wanted.values()) + there:
        if cells not in there or cells not in wanted.values():
            yield "docs/metrics.md and the output differ: %s" % cells[0]


def each_permission_is_explained(rows: Rows, texts: Texts) -> Iterator[str]:
    for name in {row["permission"] for row in rows} - {None}:
        if "`%s`" % name.replace("scope ", "") not in texts["docs/permissions.md"]:
            yield "docs/permissions.md does not have %s" % name


def each_name_exists(rows: Rows, texts: Texts) -> Iterator[str]:
    """Each genesys_… is a value, and so is each word of the pages that begins like one."""
    known = set(families(rows)) | {row["name"] for row in rows} | set(re.findall(r"\w+", " ".join(
        row["type_instance"] + " " + " ".join(row["labels"]) for row in rows))) | {
        word for option in json.loads(described("options")) for word in option["words"]}
    firsts = "|".join(sorted({row["name"].split("_")[0] for row in rows}))
    word = re.compile(r"(?<![\w/.:-])((?:collectd_)?genesys_[a-z_]*[a-z])(?![\w:])|(?:`|\\fB)((?:%s)_[a-z_]+)(?=[`\\{ -])" % firsts)
    for place, text in texts.items():
        for found in word.finditer(text):
            name = found[1] or found[2]
            if name not in known and not OTHERS.fullmatch(name):
                yield "%s: no value is called %s" % (place, name)


def each_label_exists(rows: Rows, texts: Texts) -> Iterator[str]:
    """Selectors of PromQL have labels of their family."""
    labels = families(rows)
    for place, text in texts.items():
        if "/prometheus" not in place:
            continue
        plain = re.sub(r"\$\{[^}]*\}", "", text.replace('\\"', '"'))
        for name, selector in re.findall(r"\b(genesys_\w+)\{([^{}]*)\}", plain):
            for label in re.findall(r"(\w+) ?(?:=~|!~|!=|=)", selector):
                if name in labels and label not in labels[name] | ADDED:
                    yield "%s: %s has no label %s" % (place, name, label)


def csv_has_the_same_rows(rows: Rows, _: Texts) -> Iterator[str]:
    for table, wanted in (("metrics", rows), ("options", json.loads(described("options")))):
        read = list(csv.DictReader(io.StringIO(described(table, "csv"))))
        words = [{key: ", ".join(value) if isinstance(value, list) else "" if value is None else "%.15g" % value
                  if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
                  for key, value in row.items()} for row in wanted]
        if read != words:
            yield "the CSV of %s has other rows than the JSON" % table


def wrong_words_are_refused(_: Rows, __: Texts) -> Iterator[str]:
    for words in ("topics", "metrics --format table", "metrics --format prometheus", "options --once"):
        ran = subprocess.run([str(PROBE), "--describe", *words.split()], capture_output=True, text=True, check=False)
        if ran.returncode != 2 or ran.stdout or "--describe" not in ran.stderr:
            yield "--describe %s is not refused" % words


RULES: tuple[Callable[[Rows, Texts], Iterator[str]], ...] = (
    the_page_has_each_value, each_permission_is_explained, each_name_exists, each_label_exists, csv_has_the_same_rows,
    wrong_words_are_refused)
# Place, text, its replacement, and words of the fault.
VIOLATIONS = (
    ("docs/metrics.md", "| Contacts waiting. |", "| Contacts. |", "differ: `queue_depth`"),
    ("docs/metrics.md", "| `queue_offer` |", "| `queue_offers` |", "differ: `queue_offers`"),
    ("docs/permissions.md", "`analytics:userAggregate:view`", "`analytics:user:view`", "does not have analytics:userAggregate:view"),
    ("plugins/genesys_influxdb/README.md", "`writer_lines-dropped`", "`writer_rows-dropped`", "called writer_rows"),
    ("examples/prometheus/genesys.rules.yml", "genesys_queue_depth{", "genesys_queue_deep{", "called genesys_queue_deep"),
    ("examples/grafana/dashboards/prometheus-agents.json", "genesys_queue_agents{", "genesys_agents{", "called genesys_agents"),
    ("examples/grafana/dashboards/prometheus-plugin-health.json", "{host=~", "{hosts=~", "has no label hosts"),
    ("examples/grafana/dashboards/flux-operations.json", "genesys_queue_interval_duration_seconds", "genesys_queue_interval_duration",
     "called genesys_queue_interval_duration"),
)


def faults(rows: Rows, texts: Texts) -> list[str]:
    return [fault for rule in RULES for fault in rule(rows, texts)]


def main() -> int:
    rows: Rows = json.loads(described("metrics"))
    paths = [path for pattern in PAGES + QUERIES for path in sorted(TOP.glob(pattern))
             if "ansible" not in path.parts]  # variables of the role begin with genesys_
    texts = {str(path.relative_to(TOP)): path.read_text(encoding="utf-8") for path in paths}
    texts.update((path.name, path.read_text(encoding="utf-8").replace("\\-", "-")) for path in sorted(BUILD.glob("man/*.5")))
    found = faults(rows, texts)
    for place, old, new, words in VIOLATIONS:
        changed = {**texts, place: texts[place].replace(old, new)}
        if changed == texts or not any(words in fault for fault in faults(rows, changed)):
            found.append("no rule finds %s in place of %s" % (new, old))
    for fault in found:
        print("described.py:", fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

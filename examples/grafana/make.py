# SPDX-License-Identifier: MIT
"""Writes dashboards/*.json from the descriptions in source/.

usage: python3 make.py           writes the files
       python3 make.py --check   names the files that differ, and ends with 1 if there are any
"""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "source"))

import about  # noqa: E402
import databases  # noqa: E402
import prometheus_flows  # noqa: E402
import prometheus_health  # noqa: E402
import prometheus_queues  # noqa: E402


WIDTH = 120


def written(value: Any, indent: str = "") -> str:
    """Returns JSON with one line for each value that fits into a line."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= WIDTH or not value or not isinstance(value, (dict, list)):
        return short
    deeper = indent + "  "
    if isinstance(value, list):
        return "[\n%s\n%s]" % (",\n".join(deeper + written(one, deeper) for one in value), indent)
    return "{\n%s\n%s}" % (
        ",\n".join("%s%s: %s" % (deeper, json.dumps(key), written(one, deeper)) for key, one in value.items()),
        indent,
    )


def dashboards() -> dict[str, dict[str, Any]]:
    """Returns {file name: dashboard}."""
    boards = {
        "prometheus-operations": prometheus_queues.operations(),
        "prometheus-service-level": prometheus_queues.service(),
        "prometheus-agents": prometheus_queues.agents(),
        "prometheus-flows": prometheus_flows.flows(),
        "prometheus-plugin-health": prometheus_health.health(),
        "influxql-operations": databases.influxql_operations(),
        "flux-operations": databases.flux_operations(),
        "graphite-operations": databases.graphite_operations(),
    }
    return {name: about.describe(one) for name, one in boards.items()}


def main() -> int:
    folder, differ = HERE / "dashboards", []
    made = {name + ".json": written(one) + "\n" for name, one in dashboards().items()}
    if sys.argv[1:] == ["--check"]:
        there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
        differ = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        for name in differ:
            print("dashboards/%s differs from source/: run python3 examples/grafana/make.py" % name)
    elif len(sys.argv) > 1:
        sys.exit(__doc__)
    else:
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())

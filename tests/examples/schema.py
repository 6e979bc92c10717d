#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the configurations of the examples hold to examples/schema/genesys.schema.json, and is the schema that of the code?

The texts of collectd.conf become the data that the schema describes. Mistakes of each kind are below, which it must refuse.
"""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

TOP = Path(os.environ.get("top_srcdir", Path(__file__).resolve().parents[2])).resolve()
BUILD = Path(os.environ.get("top_builddir", ".")).resolve()
SCHEMA = TOP / "examples" / "schema" / "genesys.schema.json"
FILES = ("examples/collectd.conf.d/*.conf", "examples/kubernetes/collectd.conf")
SECRETS = {"GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "hush", "GENESYS_REGION": "eu-west-1"}
INFLUXDB = {"INFLUXDB_URL": "http://127.0.0.1:8086", "INFLUXDB_TOKEN": "t", "INFLUXDB_ORG": "o", "INFLUXDB_BUCKET": "b"}
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {"PROMETHEUS_LISTEN": "0.0.0.0"}, {**INFLUXDB, "ENVIRONMENT": "prod", "TARGET_QUEUE_IDS": "a,b"},
    {**INFLUXDB, "GENESYS_DIALECT": "guide", "GENESYS_BASE_URL": "https://gateway.example.com", "GENESYS_CA_CERT": "/ca.pem"})
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
# A block of genesys_realtime, and words of the fault.
MISTAKES = (
    ('<Queues "a">\nAccount "p"\nWindwo 60\n</Queues>', "Windwo is unknown"),
    ('<Queues "a">\nWindow 60\n</Queues>', "Account is missing"),
    ('<Queues "a">\nAccount "p"\nWindow "60"\n</Queues>', "Window: no integer"),
    ('<Queues "a">\nAccount "p"\nWindow 86401\n</Queues>', "Window: above 86400"),
    ('<Queues "a">\nAccount "p"\nStream "notification"\n</Queues>', "Stream: none of"),
    ('<Queues "a">\nAccount "p"\nQueue "a" 7\n</Queues>', "Queue: "),
    ('<Queues "a">\nAccount "p"\nRaw true\nRaw false\n</Queues>', "Raw: no boolean"),
    ('<Queue "a">\nAccount "p"\n</Queue>', "Queue is unknown"),
)


def words_of(line: str) -> list[Any]:
    """Returns the values of a line as collectd reads them: texts, numbers, booleans."""
    return [json.loads(plain) if re.fullmatch(r"-?[\d.]+|true|false", plain) else plain or re.sub(r"\\(.)", r"\1", quoted)
            for quoted, plain in WORD.findall(line)]


def read(text: str) -> dict[str, Any]:
    """Returns a collectd.conf as data: our plugins, their blocks and options."""
    whole: dict[str, Any] = {}
    places = [whole]
    for line in (line.strip() for line in text.splitlines()):
        opening = re.fullmatch(r'<(\w+)(?: "?([^">]*)"?)?>', line)
        if opening and opening[1] == "Plugin":
            places.append(whole.setdefault(opening[2], {}))
        elif opening:
            kind = places[-1].setdefault(opening[1], {})
            places.append(kind.setdefault(opening[2], {}) if opening[2] else kind)
        elif line.startswith("</"):
            places.pop()
        elif line and not line.startswith("#") and len(places) > 1:
            key, rest = line.split(None, 1)
            values = words_of(rest)
            before = places[-1].get(key)
            values = (before if isinstance(before, list) else [] if before is None else [before]) + values
            places[-1][key] = values if len(values) > 1 else values[0]
    return {name: plugin for name, plugin in whole.items() if name.startswith("genesys")}


def faults(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yields what the value has against the schema: the keywords that tools/schema.py writes."""
    if "anyOf" in schema:
        found = [list(faults(value, one, path)) for one in schema["anyOf"]]
        yield from [] if [] in found else found[-1 if isinstance(value, list) else 0]
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds):
        yield "%s: no %s: %r" % (path, " or ".join(kinds), value)
        return
    if value not in schema.get("enum", [value]):
        yield "%s: none of %s: %r" % (path, ", ".join(schema["enum"]), value)
    if "maximum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        yield "%s: %s: %r" % (path, "above %g" % schema["maximum"] if value > schema["maximum"] else
                              "below %g" % schema["minimum"], value)
    for one in value if isinstance(value, list) else []:
        yield from faults(one, schema["items"], path)
    for key in schema.get("required", []):
        if key not in value:
            yield "%s: %s is missing" % (path, key)
    for key, one in value.items() if isinstance(value, dict) else []:
        below = schema.get("properties", {}).get(key, schema["additionalProperties"])
        if below is False:
            yield "%s: %s is unknown" % (path, key)
        else:
            yield from faults(one, below, key)


def of(text: str) -> list[str]:
    """Returns the faults of a collectd.conf."""
    return list(faults(read(text), json.loads(SCHEMA.read_text(encoding="utf-8"))))


def from_environment(variables: dict[str, str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", str(TOP / "examples/env/genesys-env-config"), folder], check=True,
                       env={"PATH": os.environ["PATH"], **SECRETS, **variables})
        return (Path(folder) / "genesys.conf").read_text(encoding="utf-8")


def main() -> int:
    texts = {str(path.relative_to(TOP)): path.read_text(encoding="utf-8") for pattern in FILES for path in sorted(TOP.glob(pattern))}
    texts.update(("examples/env, %s" % sorted(variables), from_environment(variables)) for variables in ENVIRONMENTS)
    found = ["%s: %s" % (place, fault) for place, text in texts.items() for fault in of(text)]
    found += ["%s: no plugin of ours" % place for place, text in texts.items() if not read(text)]
    for block, words in MISTAKES:
        if not any(words in fault for fault in of("<Plugin genesys_realtime>\n%s\n</Plugin>" % block)):
            found.append("the schema does not refuse %r: %s" % (block, words))
    rows = subprocess.run([str(BUILD / "tools" / "optdoc"), "--json"], check=True, capture_output=True)
    made = subprocess.run([sys.executable, str(TOP / "tools" / "schema.py")], input=rows.stdout, check=True, capture_output=True)
    if made.stdout != SCHEMA.read_bytes():
        found.append("examples/schema/genesys.schema.json differs from the code; run make docs")
    for fault in found:
        print("schema.py:", fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a JSON schema (draft-07) of a configuration as data, from the rows of the options:

    optdoc --json | schema.py >examples/schema/genesys.schema.json

A configuration is an object for each plugin, with its options and its blocks, those with a name by their name:

    {"genesys": {"Dispatch": true, "Account": {"prod": {"Region": "eu-west-1", "ClientId": "…"}}},
     "genesys_realtime": {"Queues": {"all": {"Account": "prod", "Queue": ["Support*", "!*test*"]}}}}

Editors and Ansible read the schema; collectd and genesys-probe check more than it can say.
"""
from __future__ import annotations

import json
import sys
from typing import Any

WORDS = {"text": "string", "text or integer": ["string", "integer"], "word": "string"}
Row = dict[str, Any]


def typed(row: Row, text: str) -> Any:
    return text if row["type"] in WORDS else json.loads(text)


def option(row: Row) -> Row:
    """Returns the schema of an option. A repeatable one has one value, or a list of them."""
    made: Row = {"type": WORDS.get(row["type"], row["type"])}
    if row["words"]:
        made["enum"] = row["words"]
    if row["max"] is not None:
        made.update(minimum=row["min"], maximum=row["max"])
    if row["repeatable"]:
        made = {"anyOf": [made, {"type": "array", "items": made}]}
    if row["default"] is not None:
        many = [typed(row, text) for text in row["default"].split()]
        made["default"] = many if row["repeatable"] else typed(row, row["default"])
    made["description"] = row["meaning"] + (" Unit: %s." % row["unit"] if row["unit"] else "")
    if row["secret"]:
        made["writeOnly"] = True
    return made


def place() -> Row:
    return {"type": "object", "additionalProperties": False, "required": [], "properties": {}}


def schema(rows: list[Row]) -> Row:
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "collectd-genesys", **place()}
    blocks: dict[tuple[str, str], Row] = {}
    for row in rows:
        at = blocks.setdefault((row["plugin"], "-"), place())
        whole["properties"][row["plugin"]] = at
        if row["block"] != "-":
            block = blocks.setdefault((row["plugin"], row["block"]), place())
            at["properties"][row["block"]] = {"type": "object", "additionalProperties": block} if row["named"] else block
            at = block
        at["properties"][row["name"]] = option(row)
        at["required"] += [row["name"]] if row["required"] else []
    return whole


def lines(value: Any, indent: str = "") -> str:
    """Returns JSON with a line for each option."""
    if not isinstance(value, dict) or "description" in value:
        return json.dumps(value, ensure_ascii=False)
    deeper = indent + "  "
    members = ["%s%s: %s" % (deeper, json.dumps(key), lines(one, deeper)) for key, one in value.items()]
    return "{\n%s\n%s}" % (",\n".join(members), indent)


if __name__ == "__main__":
    print(lines(schema(json.load(sys.stdin)["options"])))

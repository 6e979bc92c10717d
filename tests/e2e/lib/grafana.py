# SPDX-License-Identifier: MIT
"""The part of Grafana between a dashboard and a database: variables, their values, and the text of a query.

Formats are those of @grafana/scenes 9 (formatRegistry); regular expressions are escaped as in @grafana/data 13 (escapeRegex).
"""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Union

FOLDER = Path("examples") / "grafana" / "dashboards"
ALL = "$__all"
Values = dict[str, Union[str, list[str]]]  # name -> value; several values of a variable with `multi`
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}")


def regex(value: str) -> str:
    return re.sub(r"[\\^$*+?.()|\[\]{}/]", lambda found: "\\" + found[0], value)


def formatted(value: Union[str, list[str]], how: str) -> str:
    one = [value] if isinstance(value, str) else value
    if how == "regex":
        return regex(one[0]) if len(one) == 1 else "(%s)" % "|".join(map(regex, one))
    if how == "glob":
        return one[0] if len(one) == 1 else "{%s}" % ",".join(one)
    raise ValueError("no format " + how)


class Query(NamedTuple):
    panel: str
    ref: str
    target: dict[str, Any]


class Board:
    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.json = json.loads(path.read_text(encoding="utf-8"))
        self.variables: list[dict[str, Any]] = [one for one in self.json["templating"]["list"] if one["type"] != "datasource"]

    def queries(self) -> Iterator[Query]:
        for panel in self.json["panels"]:
            for target in panel.get("targets", []):
                yield Query(panel["title"], target["refId"], target)

    def text(self, text: str, values: Values, built_in: dict[str, str]) -> str:
        """The text with its variables replaced; `All` is the variable's own value, without escapes."""
        known = {one["name"]: one for one in self.variables}

        def replaced(found: "re.Match[str]") -> str:
            name = found[1] or found[2]
            if name in built_in:
                return built_in[name]
            if name not in known:
                return found[0]
            value = values[name]
            if value == ALL:
                return known[name]["allValue"]
            return formatted(value, found[3] or "glob")

        return _VARIABLE.sub(replaced, text)

    def options(self, values: Values, ask: Callable[[str], list[str]], built_in: dict[str, str]) -> dict[str, list[str]]:
        """The values that each variable offers while the others have these values."""
        made: dict[str, list[str]] = {}
        for one in self.variables:
            if one["type"] != "query":
                continue
            query = one["query"] if isinstance(one["query"], str) else one["query"]["query"]
            found = ask(self.text(query, values, built_in))
            if one["regex"]:
                pattern = re.compile(one["regex"][1:-1])
                found = [match[1] for match in map(pattern.search, found) if match]
            made[one["name"]] = list(dict.fromkeys(found))
        return made


def boards(top: Path, prefix: str) -> list[Board]:
    return [Board(path) for path in sorted((top / FOLDER).glob(prefix + "*.json"))]

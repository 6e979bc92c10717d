# SPDX-License-Identifier: MIT
"""A validator for the part of JSON schema that the official swagger uses.

It is stricter than swagger itself: a property that the schema does not name is
an error, because a simulator must not invent properties.
"""
from __future__ import annotations

import datetime
import json
import os
import re
from pathlib import Path
from typing import Any, Iterator, Optional

PROJECT = Path(__file__).resolve().parents[3]
BESIDE = PROJECT.parent / "shared" / "genesys-api"
FILE = "swagger-subset.json"
EVENTS_FILE = "notification-schemas.json"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def directory() -> Optional[Path]:
    """GENESYS_API_DIR, or the directory beside the project in the team's layout."""
    named = os.environ.get("GENESYS_API_DIR")
    for candidate in ([Path(named)] if named else []) + [BESIDE]:
        if (candidate / FILE).is_file():
            return candidate
    return None


class Swagger:
    """Checks answers and bodies by method and path."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.definitions = document["definitions"]
        self.paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z"), operations)
                      for path, operations in sorted(document["paths"].items(), key=lambda p: p[0].count("{"))]

    @staticmethod
    def load() -> Optional["Swagger"]:
        where = directory()
        return Swagger(json.loads((where / FILE).read_text())) if where else None

    def operation(self, method: str, path: str) -> Optional[dict[str, Any]]:
        for pattern, operations in self.paths:
            if pattern.match(path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def check_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """The errors of an answer. A status without a schema passes, as do 404 and 405 of an operation that is not described."""
        operation = self.operation(method, path)
        if operation is None:
            return [] if status in (404, 405) else ["no such operation: %s %s" % (method, path)]
        responses = operation["responses"]
        schema = responses.get(str(status), responses.get("default", {})).get("schema")
        if schema is None:
            return []
        return list(self.errors(body, schema, "answer"))

    def check_body(self, method: str, path: str, body: Any) -> list[str]:
        operation = self.operation(method, path)
        for parameter in (operation or {}).get("parameters", []):
            if parameter["in"] == "body":
                return list(self.errors(body, parameter["schema"], "body"))
        return []

    def errors(self, value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
        if "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[1]]
        kind = schema.get("type", "object")
        if not _is(value, kind):
            yield "%s: %r is no %s" % (where, value, kind)
            return
        if "enum" in schema and value not in schema["enum"]:
            yield "%s: %r is none of %s" % (where, value, schema["enum"])
        wrong = _format_error(value, schema.get("format"))
        if wrong:
            yield "%s: %s" % (where, wrong)
        if kind == "array":
            for at, one in enumerate(value):
                yield from self.errors(one, schema["items"], "%s[%d]" % (where, at))
        if kind == "object":
            yield from self._object_errors(value, schema, where)

    def _object_errors(self, value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
        properties, others = schema.get("properties"), schema.get("additionalProperties")
        for name in schema.get("required", []):
            if name not in value:
                yield "%s: %s is missing" % (where, name)
        if properties is None and others is None:
            return  # any object
        for name, one in value.items():
            if name in (properties or {}):
                yield from self.errors(one, properties[name], "%s.%s" % (where, name))
            elif isinstance(others, dict):
                yield from self.errors(one, others, "%s.%s" % (where, name))
            else:
                yield "%s: %s is not in the schema" % (where, name)


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


def _format_error(value: Any, form: Optional[str]) -> str:
    if form in ("int32", "int64"):
        bits = int(form[3:])
        return "" if -2 ** (bits - 1) <= value < 2 ** (bits - 1) else "%r does not fit %s" % (value, form)
    if form == "date-time":
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
            return "%r is no date-time as the platform writes it" % value
        datetime.datetime.fromisoformat(value[:-1])
    return ""


class Events:
    """Checks messages of the notification sockets by their topic."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._swagger = Swagger({"definitions": document["definitions"], "paths": {}})
        self._envelope = document["envelopes"]["NotificationEnvelope"]
        self._topics = [(re.compile(re.escape(name).replace(r"\{id\}", r"[^.]+"), re.IGNORECASE), topic["eventBody"])
                        for name, topic in sorted(document["topics"].items(), key=lambda t: t[0].count("{"))]
        self._topics.insert(0, (re.compile(r"channel\.metadata"), document["envelopes"]["ChannelMetadataEventBody"]))

    @staticmethod
    def load() -> Optional["Events"]:
        where = directory()
        if where is None or not (where / EVENTS_FILE).is_file():
            return None
        return Events(json.loads((where / EVENTS_FILE).read_text()))

    def check(self, message: dict[str, Any]) -> list[str]:
        wrong = list(self._swagger.errors(message, self._envelope, "message"))
        for pattern, schema in self._topics:
            if pattern.fullmatch(message.get("topicName", "")):
                return wrong + list(self._swagger.errors(message.get("eventBody"), schema, "eventBody"))
        return wrong + ["no such topic"]


EVENTS = Events.load()

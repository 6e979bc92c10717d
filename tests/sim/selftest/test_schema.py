# SPDX-License-Identifier: MIT
"""The validator itself, and the routes against the official operations."""
from __future__ import annotations

import re
import unittest
from typing import Any

from simulator.api.router import BASE, Route
from simulator.application import AREAS

from .schema import Swagger
from .support import SWAGGER

DOCUMENT = {
    "paths": {"/a/{id}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/A"}},
                                                "default": {"schema": {"$ref": "#/definitions/E"}}}}},
              "/a/plain": {"get": {"responses": {"200": {"schema": {"type": "array", "items": {"type": "string"}}}}}}},
    "definitions": {
        "A": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "count": {"type": "integer", "format": "int32"},
            "kind": {"type": "string", "enum": ["x", "y"]}, "when": {"type": "string", "format": "date-time"},
            "map": {"type": "object", "additionalProperties": {"type": "integer", "format": "int64"}},
            "list": {"type": "array", "items": {"$ref": "#/definitions/E"}}, "ratio": {"type": "number"},
            "yes": {"type": "boolean"}, "any": {"type": "object"}}},
        "E": {"type": "object", "properties": {"message": {"type": "string"}}}}}


class Validator(unittest.TestCase):
    def test_deviations_from_the_schema_are_found(self) -> None:
        swagger = Swagger(DOCUMENT)
        good = {"id": "i", "count": 1, "kind": "x", "when": "2026-08-01T10:00:00.000Z", "map": {"k": 2 ** 40},
                "list": [{"message": "m"}], "ratio": 0.5, "yes": True, "any": {"what": "ever"}}
        self.assertEqual(swagger.check_answer("GET", "/a/1", 200, good), [])
        rows: list[tuple[dict[str, Any], str]] = [
            ({"invented": 1}, "invented is not in the schema"), ({"count": "1"}, "no integer"),
            ({"count": True}, "no integer"), ({"count": 2 ** 31}, "int32"), ({"kind": "z"}, "none of"),
            ({"when": "2026-08-01T10:00:00Z"}, "date-time"), ({"when": "2026-13-01T10:00:00.000Z"}, "month"),
            ({"map": {"k": "v"}}, "answer.map.k"), ({"list": [{"massage": "m"}]}, "answer.list[0]"),
            ({"list": {}}, "no array"), ({"yes": 1}, "no boolean"), ({"id": None}, "no string")]
        for change, words in rows:
            with self.subTest(change=change):
                try:
                    wrong = "; ".join(swagger.check_answer("GET", "/a/1", 200, {**good, **change}))
                except ValueError as error:
                    wrong = str(error)
                self.assertIn(words, wrong)
        self.assertIn("id is missing", swagger.check_answer("GET", "/a/1", 200, {})[0])

    def test_the_operation_decides(self) -> None:
        swagger = Swagger(DOCUMENT)
        self.assertEqual(swagger.check_answer("GET", "/a/plain", 200, ["s"]), [])
        self.assertEqual(swagger.check_answer("GET", "/a/1", 500, {"message": "m"}), [])
        self.assertTrue(swagger.check_answer("GET", "/a/1", 500, {"id": "i"}))
        self.assertTrue(swagger.check_answer("POST", "/a/1", 200, {}))


@unittest.skipIf(SWAGGER is None, "no schemas at hand")
class Routes(unittest.TestCase):
    def routes(self) -> list[Route]:
        return [route for area in AREAS for route in area.ROUTES if route.official]

    def test_every_route_is_official_and_asks_for_the_official_permissions(self) -> None:
        for route in self.routes():
            operation = SWAGGER.operation(route.method, BASE + re.sub(r"\{\w+\}", "x", route.template))
            self.assertIsNotNone(operation, route.function)
            asked = operation["x-inin-requires-permissions"]
            self.assertEqual(set(route.permissions), set(asked["permissions"]), route.function)
            if len(route.permissions) > 0:
                self.assertEqual(route.kind, asked["type"], route.function)

    def test_each_route_has_its_own_function(self) -> None:
        functions = [route.function for route in self.routes()]
        self.assertEqual(len(functions), len(set(functions)))

# SPDX-License-Identifier: MIT
"""From METHOD and path to the handler and the permissions that it requires."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Optional

from ..web.message import ApiError, Request, bad_request, standard_error

if TYPE_CHECKING:
    from ..application import Simulator

BASE = "/api/v2"


@dataclass
class Call:
    """One authorised request on its way through a handler."""
    request: Request
    app: "Simulator"
    client: str
    token: str
    params: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The JSON value of the body."""
        kind = self.request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise standard_error(415)
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise bad_request("The request body is not valid JSON.") from None

    def body(self) -> dict[str, Any]:
        """The JSON object of a query."""
        value = self.json()
        if not isinstance(value, dict):
            raise bad_request("The request body must be a JSON object.")
        return value


@dataclass
class Route:
    method: str
    template: str  # below /api/v2
    handler: Callable[[Call], Any]
    permissions: tuple[str, ...] = ()
    kind: str = "ANY"  # ANY | ALL, as x-inin-requires-permissions says
    official: bool = True  # False: guide dialect

    @property
    def function(self) -> str:
        return "%s %s%s" % (self.method, BASE, self.template)

    def check(self, held: Optional[list[str]]) -> None:
        """Genesys docs: 403 names the missing permissions; None: all permissions."""
        missing = [p for p in self.permissions if held is not None and p not in held]
        if not missing or (self.kind == "ANY" and len(missing) < len(self.permissions)):
            return
        if self.kind == "ANY":
            code = "missing.any.permissions"
            text = ("Unable to perform the requested action. You must have at least one of the "
                    "following permissions assigned: ")
        else:
            code = "missing.permissions"
            text = "Unable to perform the requested action. You are missing the following permission(s): "
        named = "[%s]" % ", ".join(missing)
        raise ApiError(403, code, text + named, text + "{permissions}", {"permissions": named})


class Router:
    """Plain paths take precedence over templates: divisionviews is no queue id."""

    def __init__(self, routes: list[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        by_template: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_template.setdefault(route.template, {})[route.method] = route
        for template, methods in by_template.items():
            if "{" not in template:
                self._plain[BASE + template] = methods
                continue
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", BASE + template)
            self._patterns.append((re.compile(pattern + r"\Z"), methods))

    def _methods(self, path: str) -> tuple[Optional[dict[str, Route]], dict[str, str]]:
        if path in self._plain:
            return self._plain[path], {}
        for pattern, methods in self._patterns:
            found = pattern.match(path)
            if found:
                return methods, found.groupdict()
        return None, {}

    def find(self, request: Request) -> tuple[Optional[Route], dict[str, str], bool]:
        """The route, its parameters, and whether any method has this path."""
        methods, params = self._methods(request.path.rstrip("/"))
        if methods is None:
            return None, {}, False
        return methods.get(request.method), params, True

# SPDX-License-Identifier: MIT
"""A request, a reply, and the error body of the platform."""
from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Optional
from urllib.parse import parse_qs, unquote


@dataclass
class Request:
    method: str
    target: str  # unchanged, for the counters
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # lower-case names
    body: bytes
    listener: str = "http"
    peer: str = ""
    function: str = ""  # METHOD path-template, set by the router
    correlation_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @staticmethod
    def split(target: str) -> tuple[str, dict[str, list[str]]]:
        path, _, query = target.partition("?")
        if "://" in path:  # absolute form, as in a request to a proxy
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        return unquote(path), parse_qs(query, keep_blank_values=True) if query else {}

    def one(self, name: str) -> Optional[str]:
        values = self.query.get(name)
        return values[-1] if values else None

    def many(self, name: str) -> list[str]:
        """Accepts id=a&id=b and id=a,b: clients send both for collectionFormat multi."""
        return [v for value in self.query.get(name, []) for v in value.split(",") if v]


@dataclass
class Delivery:
    """The delivery of a reply, with its faults."""
    mode: str = "normal"  # normal slow_body truncate reset close hang http10 chunked huge
    delay_s: float = 0.0
    drip_s: float = 0.05  # slow_body: pause between pieces
    drip_bytes: int = 16
    huge_bytes: int = 64 * 1024 * 1024


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    stream: Optional[Iterator[bytes]] = None  # a body that is made while it is sent, in chunks
    takeover: Optional[Callable[[Any, bytes, bytes], None]] = None  # of a 101: (socket, early bytes, our head)

    def whole(self) -> None:
        """Makes a streamed body whole, for the faults that cut or delay it."""
        if self.stream is not None:
            self.body, self.stream = b"".join(self.stream), None

    @staticmethod
    def json(value: Any, status: int = 200) -> "Reply":
        return Reply(status, dumps(value))


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def huge_body(length: int) -> Iterator[bytes]:
    """Yields valid JSON of this length, so that a limit stops the reader and not a parse error."""
    head, tail = b'{"results":[],"filler":"', b'"}'
    left = max(0, length - len(head) - len(tail))
    yield head
    block = b"x" * 65536
    while left > 0:
        yield block[:left]
        left -= len(block)
    yield tail


class ApiError(Exception):
    """An answer in the form of ErrorBody."""

    def __init__(self, status: int, code: str, message: str, template: Optional[str] = None,
                 params: Optional[dict[str, str]] = None, details: Optional[list[dict[str, str]]] = None,
                 headers: Optional[dict[str, str]] = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.template, self.params = template, params
        self.details, self.headers = details or [], headers or {}

    def reply(self, correlation_id: str) -> Reply:
        body: dict[str, Any] = {"message": self.message, "code": self.code, "status": self.status}
        if self.template is not None:
            body["messageWithParams"], body["messageParams"] = self.template, self.params or {}
        body.update(contextId=correlation_id, details=self.details, errors=[])
        return Reply(self.status, dumps(body), headers=dict(self.headers))


# Code and text by status, as in the platform's own clients.
STANDARD = {
    400: ("bad.request", "The request could not be understood by the server due to malformed syntax."),
    401: ("bad.credentials", "Invalid login credentials."),
    403: ("not.authorized", "You are not authorized to perform the requested action."),
    404: ("not.found", "The requested resource was not found."),
    405: ("method.not.allowed", "HTTP 405 Method Not Allowed"),
    408: ("request.timeout", "The request timed out."),
    413: ("request.entity.too.large", "The request entity is too large."),
    415: ("unsupported.media.type", "Unsupported Media Type - Unsupported or incorrect media type, "
                                    "such as an incorrect Content-Type value in the header."),
    500: ("internal.server.error", "The server encountered an unexpected condition which prevented "
                                   "it from fulfilling the request."),
    502: ("bad.gateway", "Bad Gateway"),
    503: ("service.unavailable", "Service Unavailable - The server is currently unavailable "
                                 "(because it is overloaded or down for maintenance)."),
    504: ("request.timeout", "The request timed out."),
}


def standard_error(status: int, code: Optional[str] = None, message: Optional[str] = None,
                   retry_after: Optional[Any] = None) -> ApiError:
    """Genesys docs: 429 carries an integer Retry-After and names it in its message."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == 429:
        words = ("Rate limit exceeded the maximum." if retry_after is None else
                 "Rate limit exceeded the maximum. Retry the request in [%s] seconds" % retry_after)
        usual = ("too.many.requests.retry.after", words)
    else:
        usual = STANDARD.get(status, ("general.error", "HTTP %d" % status))
    return ApiError(status, code or usual[0], message or usual[1], headers=headers)


def invalid_value(value: Any, kind: str, allowed: list[str]) -> ApiError:
    """The wording is the platform's: Value [] is not valid for field type [QueryFilterType]. …"""
    text = "" if value is None else str(value)
    return ApiError(400, "invalid.value", "Value [%s] is not valid for field type [%s]. "
                    "Allowable values are: %s" % (text, kind, ", ".join(allowed)))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "bad.request", message)

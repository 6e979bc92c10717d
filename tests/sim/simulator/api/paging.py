# SPDX-License-Identifier: MIT
"""The EntityListing pattern of the list endpoints."""
from __future__ import annotations

from typing import Any, Sequence
from urllib.parse import quote

from ..web.message import bad_request
from .router import Call

DEFAULT_SIZE = 25


def number(call: Call, name: str, default: int) -> int:
    text = call.request.one(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise bad_request("%s must be a positive integer." % name)
    return value


def window(call: Call, most: int, default: int = DEFAULT_SIZE) -> tuple[int, int]:
    """(size, page number).  Genesys docs: some endpoints clamp a size above the
    maximum silently, and others refuse it with 400; the setting page_refuse says which."""
    size = number(call, "pageSize", default)
    if size > most and call.app.settings.page_refuse:
        raise bad_request("pageSize must not be greater than %d." % most)
    return min(size, most), number(call, "pageNumber", 1)


def cut(entities: Sequence[Any], size: int, page: int) -> Sequence[Any]:
    return entities[(page - 1) * size:page * size]


def uri(call: Call, size: int, page: int) -> str:
    """Relative to the API host, with the other parameters kept."""
    words = [(name, value) for name, values in call.request.query.items()
             if name not in ("pageSize", "pageNumber") for value in values]
    words += [("pageSize", str(size)), ("pageNumber", str(page))]
    return call.request.path + "?" + "&".join("%s=%s" % (n, quote(v, safe="")) for n, v in words)


def listing(call: Call, total: int, size: int, page: int, entities: list[Any],
            full: bool = True) -> dict[str, Any]:
    """The last page has no nextUri; `full`: with total, lastUri, pageCount."""
    pages = max(1, -(-total // size))
    made: dict[str, Any] = {"entities": entities, "pageSize": size, "pageNumber": page}
    if full:
        made["total"] = total
    made["firstUri"] = uri(call, size, 1)
    made["selfUri"] = uri(call, size, page)
    if page < pages:
        made["nextUri"] = uri(call, size, page + 1)
    if page > 1:
        made["previousUri"] = uri(call, size, page - 1)
    if full:
        made["lastUri"], made["pageCount"] = uri(call, size, pages), pages
    return made

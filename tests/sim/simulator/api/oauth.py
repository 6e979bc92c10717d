# SPDX-License-Identifier: MIT
"""OAuth 2 client credentials: the token endpoint and the valid tokens.

Genesys docs: the endpoint's errors carry error, description and
error_description instead of an ErrorBody.
"""
from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterable, Optional
from urllib.parse import parse_qs

from ..web.message import ApiError, Reply, Request, standard_error

if TYPE_CHECKING:
    from ..settings import Settings

PATHS = ("/oauth/token", "/api/v2/oauth/token")  # the second is a gateway's dialect


@dataclass
class Token:
    text: str
    client: str
    expires: float  # monotonic
    used: float
    revoked: bool = False


def refusal(status: int, error: str, text: str) -> Reply:
    return Reply.json({"error": error, "description": text, "error_description": text}, status)


class Tokens:
    """Issues, checks and revokes; thread-safe."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self.issued = 0

    def grant(self, request: Request) -> Reply:
        if request.method != "POST":
            return standard_error(405).reply(request.correlation_id)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        form = parse_qs(request.body.decode("utf-8", "replace")) if "form-urlencoded" in kind else {}
        fields = {name: values[-1] for name, values in form.items()}
        if "grant_type" not in fields:
            return refusal(400, "invalid_request", "grant_type is required")
        if fields["grant_type"] != "client_credentials":
            return refusal(400, "unsupported_grant_type", "grant type is not supported")
        client, secret = _credentials(request, fields)
        if client != self._settings.client_id:
            return refusal(400, "invalid_client", "client not found")
        if not hmac.compare_digest((secret or "").encode(), self._settings.client_secret.encode()):
            return refusal(401, "invalid_client", "authentication failed")
        return self._issue(client)

    def _issue(self, client: str) -> Reply:
        settings, now = self._settings, time.monotonic()
        token = Token(secrets.token_urlsafe(64), client, now + settings.token_life_s, now)
        with self._lock:
            self._tokens[token.text] = token
            self.issued += 1
            if len(self._tokens) > 1000:
                self._tokens = {t.text: t for t in self._tokens.values() if t.expires > now - 3600}
        claimed = settings.expires_in if settings.expires_in is not None else max(1, int(settings.token_life_s))
        answer = {"access_token": token.text, "token_type": "bearer", "expires_in": claimed}
        if settings.token_scopes is not None:
            answer["scope"] = " ".join(settings.token_scopes)
        reply = Reply.json(answer)
        reply.headers["Pragma"] = "no-cache"
        return reply

    def check(self, request: Request) -> Token:
        """The token of a request, or the matching 401."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if not text:
            raise ApiError(401, "authentication.required",
                           "No authentication bearer token specified in authorization header.")
        now, idle = time.monotonic(), self._settings.token_idle_s
        with self._lock:
            token = self._tokens.get(text.strip()) if scheme.lower() == "bearer" else None
            if token is None or token.revoked:
                raise standard_error(401)
            if now >= token.expires or (idle is not None and now - token.used >= idle):
                raise ApiError(401, "credentials.expired",
                               "The supplied credentials are expired and cannot be used.")
            if request.one("preserveIdleTTL") != "true":
                token.used = now
            return token

    def revoke(self, text: Optional[str] = None, expire: bool = False) -> int:
        """Ends one token or all: revokes (bad.credentials) or only expires them; returns their number."""
        with self._lock:
            hit = [t for t in self._tokens.values()
                   if (text is None or t.text == text) and not t.revoked]
            for token in hit:
                if expire:
                    token.expires = min(token.expires, time.monotonic())
                else:
                    token.revoked = True
            return len(hit)

    def ended(self, texts: Iterable[str]) -> dict[str, str]:
        """The tokens that are no longer valid: revoked or expired."""
        now = time.monotonic()
        with self._lock:
            found = {text: self._tokens.get(text) for text in texts}
            return {text: "revoked" if token is not None and token.revoked else "expired"
                    for text, token in found.items() if token is None or token.revoked or token.expires <= now}

    def live(self) -> list[str]:
        now = time.monotonic()
        with self._lock:
            return [t.text for t in self._tokens.values() if not t.revoked and t.expires > now]


def _credentials(request: Request, fields: dict[str, str]) -> tuple[Optional[str], Optional[str]]:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None, None
        return client, secret
    return fields.get("client_id"), fields.get("client_secret")

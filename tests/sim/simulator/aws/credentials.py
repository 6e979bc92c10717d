# SPDX-License-Identifier: MIT
"""Access keys, and the three endpoints of temporary keys.

AWS docs: "Container credential provider" (a GET with an Authorization token),
"Instance metadata service version 2" (a PUT for a session token, then GETs that
carry it) and "AssumeRoleWithWebIdentity" of STS (a form with a token, answered
in XML).
"""
from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections import Counter
from typing import Any, Callable, Optional
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ..web.message import Reply, Request
from .sigv4 import Key

ACCESS_KEY = "AKIAIOSFODNN7SIMULAT"
SECRET_KEY = "simSecret/K7MDENG+bPxRfiCYEXAMPLEKEY0000"  # / and + as real ones have
ROLE = "genesys-collectd"
CONTAINER_PATH = "/v2/credentials/5a1c0d3e"
IMDS_TOKEN_PATH = "/latest/api/token"
IMDS_ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
TTL_S_MAX = 21_600
ROLE_ARN = "arn:aws:iam::123456789012:role/" + ROLE
STS_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
STS_ACTION, STS_VERSION, STS_TYPE = "AssumeRoleWithWebIdentity", "2011-06-15", "application/x-www-form-urlencoded"


def iso(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def _xml(text: str, status: int) -> Reply:
    return Reply(status, text.encode(), "text/xml")


class Credentials:
    """Thread-safe."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall, self._lock = wall, threading.Lock()
        self.life_s = 3600.0
        self.keep_s = 0.0  # an endpoint repeats its answer while the keys are valid for longer than this; 0: half of life_s
        self.container_token: Optional[str] = "simContainerToken-" + secrets.token_hex(8)
        self.imds_off = False
        self.web_identity_token = "simWebIdentity." + secrets.token_urlsafe(24)  # those that STS accepts, with a space between them
        self.counts: Counter[str] = Counter()
        self._keys = {ACCESS_KEY: Key(ACCESS_KEY, SECRET_KEY)}
        self._current: dict[str, Key] = {}
        self._sessions: dict[str, float] = {}

    def find(self, name: str) -> Optional[Key]:
        with self._lock:
            return self._keys.get(name)

    def secrets(self) -> list[str]:
        """The strings that must never be in a log or a URL."""
        with self._lock:
            found = [key.secret for key in self._keys.values()]
            found += [key.token for key in self._keys.values() if key.token]
            found.append(self.web_identity_token)
            return found + ([self.container_token] if self.container_token else []) + list(self._sessions)

    def temporary(self, life_s: Optional[float] = None) -> Key:
        with self._lock:
            return self._make(self.life_s if life_s is None else life_s)

    def _make(self, life_s: float) -> Key:
        key = Key("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30), "IQoJ" + secrets.token_urlsafe(240),
                  self._wall() + life_s)
        self._keys[key.id] = key
        self.counts["keys_made"] += 1
        return key

    def _of(self, who: str) -> Key:
        """Returns the keys of an endpoint, the same keys for a while, as AWS does."""
        with self._lock:
            key = self._current.get(who)
            keep = self.keep_s or self.life_s / 2
            if key is None or key.expires is None or key.expires - self._wall() < keep:
                key = self._current[who] = self._make(self.life_s)
            return key

    def revoke(self) -> int:
        """Ends all temporary keys now."""
        with self._lock:
            count = 0
            for name, key in self._keys.items():
                if key.expires is not None and key.expires > self._wall():
                    self._keys[name] = Key(key.id, key.secret, key.token, self._wall())
                    count += 1
            self._current.clear()
            return count

    # ---- the endpoints --------------------------------------------------------------

    def answer(self, request: Request) -> Optional[Reply]:
        """None when the path belongs to no metadata service."""
        if request.path == CONTAINER_PATH:
            return self._container(request)
        if request.path == IMDS_TOKEN_PATH:
            return self._session(request)
        if request.method == "POST" and request.headers.get("content-type", "").startswith(STS_TYPE):
            return self._sts(request)
        return self._instance(request) if request.path.startswith("/latest/") else None

    def _container(self, request: Request) -> Reply:
        if self.container_token is not None and request.headers.get("authorization") != self.container_token:
            self.counts["container_refused"] += 1
            return Reply.json({"code": "AccessDenied", "message": "The authorization token is not valid"}, 401)
        self.counts["container"] += 1
        return Reply.json({"RoleArn": ROLE_ARN, **self._shown("container")})

    def _shown(self, who: str) -> dict[str, Any]:
        key = self._of(who)
        return {"AccessKeyId": key.id, "SecretAccessKey": key.secret, "Token": key.token,
                "Expiration": iso(key.expires or 0)}

    def _sts(self, request: Request) -> Reply:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("ascii", "replace")).items()}
        if (form.get("Action"), form.get("Version")) != (STS_ACTION, STS_VERSION):
            return self._sts_refused("InvalidAction", 400)
        if not 2 <= len(form.get("RoleSessionName", "")) <= 64:
            return self._sts_refused("ValidationError", 400)
        if form.get("WebIdentityToken") not in self.web_identity_token.split():
            return self._sts_refused("InvalidIdentityToken", 400)
        if form.get("RoleArn") != ROLE_ARN:
            return self._sts_refused("AccessDenied", 403)
        self.counts["web_identity"] += 1
        shown = self._shown("web_identity")
        shown["SessionToken"] = shown.pop("Token")
        keys = "".join("<%s>%s</%s>" % (name, escape(value), name) for name, value in shown.items())
        return _xml('<{0}Response xmlns="{1}"><{0}Result><Audience>sts.amazonaws.com</Audience><Credentials>{2}'
                    '</Credentials></{0}Result><ResponseMetadata><RequestId>{3}</RequestId></ResponseMetadata>'
                    '</{0}Response>'.format(STS_ACTION, STS_XMLNS, keys, uuid.uuid4()), 200)

    def _sts_refused(self, code: str, status: int) -> Reply:
        self.counts["web_identity_refused"] += 1
        return _xml('<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>%s</Code><Message>simulated</Message></Error>'
                    '<RequestId>%s</RequestId></ErrorResponse>' % (STS_XMLNS, code, uuid.uuid4()), status)

    def _session(self, request: Request) -> Reply:
        if self.imds_off:
            return Reply(403)
        ttl = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if request.method != "PUT" or not ttl.isdigit() or not 1 <= int(ttl) <= TTL_S_MAX:
            return Reply(405 if request.method != "PUT" else 400)
        text = secrets.token_urlsafe(40)
        with self._lock:
            self._sessions[text] = self._wall() + int(ttl)
        self.counts["imds_tokens"] += 1
        return Reply(200, text.encode(), "text/plain", {"X-aws-ec2-metadata-token-ttl-seconds": ttl})

    def _instance(self, request: Request) -> Reply:
        if self.imds_off:
            return Reply(403)
        with self._lock:
            good = self._sessions.get(request.headers.get("x-aws-ec2-metadata-token", ""), 0) > self._wall()
        if not good:
            self.counts["imds_refused"] += 1
            return Reply(401)
        if request.path == IMDS_ROLE_PATH:
            return Reply(200, ROLE.encode(), "text/plain")
        if request.path != IMDS_ROLE_PATH + ROLE:
            return Reply(404)
        self.counts["imds"] += 1
        return Reply.json({"Code": "Success", "LastUpdated": iso(self._wall()), "Type": "AWS-HMAC",
                           **self._shown("imds")})

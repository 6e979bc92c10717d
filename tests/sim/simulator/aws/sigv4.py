# SPDX-License-Identifier: MIT
"""AWS Signature Version 4, the server's check.

AWS docs, "Create a signed AWS API request": the canonical request is hashed
into a string to sign, and the key is derived from the secret, day, region and
service.  Independent of queues; the clock is an argument.
"""
from __future__ import annotations

import calendar
import functools
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Callable, Mapping, Optional
from urllib.parse import quote, unquote_plus

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 900.0  # AWS docs: a request is valid for 15 minutes
_AUTHORIZATION = re.compile(ALGORITHM + r"\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*"
                            r"Signature=([0-9a-f]{64})\s*$")


@dataclass(frozen=True)
class Key:
    """One access key; a temporary one has `token` and `expires` (epoch s)."""
    id: str
    secret: str
    token: Optional[str] = None
    expires: Optional[float] = None


class Refused(Exception):
    """`kind` is the name of the exception, `legacy` the one of the query protocol."""

    def __init__(self, kind: str, legacy: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.legacy, self.message = kind, legacy, message


def _incomplete(message: str) -> Refused:
    return Refused("IncompleteSignatureException", "IncompleteSignature", message)


def _invalid(message: str) -> Refused:
    return Refused("InvalidSignatureException", "SignatureDoesNotMatch", message)


def _canonical_path(raw: str) -> str:
    """The path is encoded once more (all services but S3), after . and .. are resolved."""
    kept: list[str] = []
    for part in raw.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    path = "/" + "/".join(kept)
    if raw.endswith("/") and path != "/":
        path += "/"
    return quote(path, safe="/-_.~")


def _canonical_query(raw: str) -> str:
    pairs = [part.partition("=") for part in raw.split("&") if part]
    return "&".join("%s=%s" % pair for pair in sorted(
        (quote(unquote_plus(name), safe="-_.~"), quote(unquote_plus(value), safe="-_.~"))
        for name, _, value in pairs))


def canonical(method: str, target: str, headers: Mapping[str, str], signed: list[str], body_hash: str) -> str:
    """`headers` by lower-case names; `target` as it stood in the request line."""
    path, _, query = target.partition("?")
    lines = "".join("%s:%s\n" % (name, " ".join(headers[name].split())) for name in signed)
    return "\n".join((method, _canonical_path(path), _canonical_query(query), lines, ";".join(signed), body_hash))


def text_to_sign(stamp: str, scope: str, request: str) -> str:
    return "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))


@functools.lru_cache(maxsize=64)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def signature(secret: str, scope: str, text: str) -> str:
    day, region, service, _ = scope.split("/")
    return hmac.new(signing_key(secret, day, region, service), text.encode(), hashlib.sha256).hexdigest()


def sign(key: Key, method: str, target: str, headers: Mapping[str, str], body: bytes, stamp: str, region: str,
         service: str) -> str:
    """The Authorization header over all of `headers` (lower-case names, x-amz-date among them)."""
    signed, scope = sorted(headers), "%s/%s/%s/aws4_request" % (stamp[:8], region, service)
    request = canonical(method, target, headers, signed, hashlib.sha256(body).hexdigest())
    made = signature(key.secret, scope, text_to_sign(stamp, scope, request))
    return "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (ALGORITHM, key.id, scope, ";".join(signed), made)


def _stamp(headers: Mapping[str, str], scope: list[str], now: float) -> str:
    stamp = headers.get("x-amz-date", "")
    try:
        signed_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise _incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                          "header.") from None
    if scope[1] != stamp[:8]:
        raise _invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")
    if signed_at < now - SKEW_S:
        raise _invalid("Signature expired: %s is now earlier than %s" % (
            stamp, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now - SKEW_S))))
    if signed_at > now + SKEW_S:
        raise _invalid("Signature not yet current: %s is still later than %s" % (
            stamp, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + SKEW_S))))
    return stamp


def _known(key: Optional[Key], headers: Mapping[str, str], now: float) -> Key:
    given = headers.get("x-amz-security-token")
    if key is None or (key.token is None) != (given is None) or (
            key.token is not None and not hmac.compare_digest(key.token, given or "")):
        raise Refused("UnrecognizedClientException", "InvalidClientTokenId",
                      "The security token included in the request is invalid.")
    if key.expires is not None and now >= key.expires:
        raise Refused("ExpiredTokenException", "ExpiredToken",
                      "The security token included in the request is expired")
    return key


def _signed_names(text: str, headers: Mapping[str, str]) -> list[str]:
    """AWS docs: host and every x-amz-* header of the request must be signed."""
    signed = text.split(";")
    if signed != sorted(set(signed)):
        raise _incomplete("SignedHeaders must be sorted and distinct")
    for name in signed:
        if name not in headers:
            raise _invalid("The signed header %s is not in the request" % name)
    for name in headers:
        if (name == "host" or name.startswith("x-amz-")) and name not in signed:
            raise _invalid("'%s' must be a 'SignedHeader' in the AWS Authorization." % name)
    return signed


def check(method: str, target: str, headers: Mapping[str, str], body: bytes, region: str, service: str, now: float,
          find: Callable[[str], Optional[Key]]) -> Key:
    """The key that signed the request; raises Refused with the reason."""
    if "authorization" not in headers:
        raise Refused("MissingAuthenticationTokenException", "MissingAuthenticationToken",
                      "Request is missing Authentication Token")
    parts = _AUTHORIZATION.match(headers["authorization"])
    if parts is None:
        raise _incomplete("Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.")
    scope = parts[1].rsplit("/", 4)
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise _incomplete("Credential must have the form <key>/<day>/<region>/<service>/aws4_request")
    key = _known(find(scope[0]), headers, now)
    stamp = _stamp(headers, scope, now)
    if scope[2] != region or scope[3] != service:
        raise _invalid("Credential should be scoped to a valid region and correct service: %s, %s." % (region, service))
    signed = _signed_names(parts[2], headers)
    body_hash = hashlib.sha256(body).hexdigest()
    if headers.get("x-amz-content-sha256", body_hash) != body_hash:
        raise _invalid("The body does not have the hash that X-Amz-Content-Sha256 names")
    request = canonical(method, target, headers, signed, body_hash)
    made = signature(key.secret, "/".join(scope[1:]), text_to_sign(stamp, "/".join(scope[1:]), request))
    if not hmac.compare_digest(made, parts[3]):
        raise _invalid("The request signature we calculated does not match the signature you provided. Check your "
                       "AWS Secret Access Key and signing method.")
    return key

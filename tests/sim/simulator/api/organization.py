# SPDX-License-Identifier: MIT
"""Presence definitions, the organisation, its divisions and limits, the own token."""
from __future__ import annotations

from typing import Any

from ..clock import iso_ms
from ..web.message import ApiError, Reply
from ..world.model import PresenceDefinition
from . import paging
from .router import Call, Route

ORGANISATION = "Simulated Contact Centre"


# ---- presence ------------------------------------------------------------------

def _labels(presence: PresenceDefinition, locale: str) -> dict[str, str]:
    chosen = {k: v for k, v in presence.labels.items() if k.lower() == locale.lower()}
    return chosen or presence.labels


def list_presence_definitions(call: Call) -> dict[str, Any]:
    """Genesys docs: the whole list, no paging; deactivated=false is the default."""
    wanted = (call.request.one("deactivated") or "false").lower()
    locale = call.request.one("localeCode") or "ALL"
    shown = [{"id": p.id, "name": p.name, "type": p.type, "languageLabels": _labels(p, locale),
              "systemPresence": p.system, "divisionId": "*", "deactivated": p.deactivated,
              "selfUri": "/api/v2/presence/definitions/" + p.id}
             for p in call.app.world.presences
             if wanted == "any" or p.deactivated == (wanted == "true")]
    return {"total": len(shown), "entities": shown, "selfUri": call.request.path}


def list_old_presences(call: Call) -> dict[str, Any]:
    """The older form, with pages."""
    deleted = (call.request.one("deleted") or "false").lower()
    size, page = paging.window(call, call.app.settings.page_max)
    found = [p for p in call.app.world.presences
             if deleted == "any" or p.deactivated == (deleted == "true")]
    shown = [{"id": p.id, "name": p.name, "languageLabels": p.labels, "systemPresence": p.system,
              "deactivated": p.deactivated, "primary": p.type == "System",
              "selfUri": "/api/v2/presencedefinitions/" + p.id} for p in paging.cut(found, size, page)]
    return paging.listing(call, len(found), size, page, shown)


def list_system_presences(call: Call) -> list[dict[str, Any]]:
    """A plain array."""
    return [{"id": p.id, "name": p.system, "selfUri": "/api/v2/systempresences"}
            for p in call.app.world.presences if p.type == "System"]


# ---- organisation ----------------------------------------------------------------

def get_organisation(call: Call) -> dict[str, Any]:
    return {"id": call.app.world.organisation_id, "name": ORGANISATION, "defaultLanguage": "en-us",
            "defaultCountryCode": "ES", "thirdPartyOrgName": "simulated", "domain": "simulated",
            "version": 3, "state": "active", "voicemailEnabled": True, "productPlatform": "GenesysCloud",
            "features": {"purecloud": True}, "selfUri": "/api/v2/organizations/" + call.app.world.organisation_id}


def list_divisions(call: Call) -> dict[str, Any]:
    size, page = paging.window(call, call.app.settings.page_max)
    ids = set(call.request.many("id"))
    found = [d for d in call.app.world.divisions if call.app.sees(d) and (not ids or d.id in ids)]
    shown = [{"id": d.id, "name": d.name, "description": "", "homeDivision": d.home,
              "selfUri": "/api/v2/authorization/divisions/" + d.id} for d in paging.cut(found, size, page)]
    return paging.listing(call, len(found), size, page, shown)


def list_namespaces(call: Call) -> dict[str, Any]:
    return {"entities": sorted(call.app.settings.namespaces)}


def list_limits(call: Call) -> dict[str, Any]:
    name = call.params["namespaceName"]
    limits = call.app.settings.namespaces.get(name)
    if limits is None:
        raise ApiError(404, "not.found", "The requested resource was not found.")
    return {"entities": [{"key": key, "namespace": name, "value": value} for key, value in limits.items()]}


# ---- the own token -------------------------------------------------------------------

def get_token(call: Call) -> dict[str, Any]:
    world, settings = call.app.world, call.app.settings
    organisation = {"id": world.organisation_id, "name": ORGANISATION}
    made: dict[str, Any] = {
        "organization": organisation, "homeOrganization": organisation,
        "authorizedScope": list(settings.token_scopes or []),
        "OAuthClient": {"id": call.client, "name": "collectd", "authorizedGrantType": "CLIENT-CREDENTIALS",
                        "organization": organisation}}
    if settings.token_idle_s is not None:
        idle_at = world.clock.wall() + settings.token_idle_s
        made["dateTokenIdles"] = iso_ms(int(idle_at * 1000))
    return made


def head_token(call: Call) -> Reply:
    return Reply(200)


def delete_token(call: Call) -> Reply:
    call.app.tokens.revoke(call.token)
    return Reply(200)


ROUTES = [
    Route("GET", "/presence/definitions", list_presence_definitions, ("presence:presenceDefinition:view",), "ALL"),
    Route("GET", "/presencedefinitions", list_old_presences),
    Route("GET", "/systempresences", list_system_presences),
    Route("GET", "/organizations/me", get_organisation),
    Route("GET", "/authorization/divisions", list_divisions),
    Route("GET", "/organizations/limits/namespaces", list_namespaces),
    Route("GET", "/organizations/limits/namespaces/{namespaceName}", list_limits),
    Route("GET", "/organizations/limits/namespaces/{namespaceName}/defaults", list_limits),
    Route("GET", "/tokens/me", get_token),
    Route("HEAD", "/tokens/me", head_token),
    Route("DELETE", "/tokens/me", delete_token),
]

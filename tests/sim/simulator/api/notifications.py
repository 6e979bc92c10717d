# SPDX-License-Identifier: MIT
"""Notification channels over REST, and the upgrade to their socket."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..clock import iso_ms
from ..stream import frames, topics
from ..stream.channels import Channel, TopicCheck, check_topic
from ..web.message import ApiError, Reply, Request, bad_request, standard_error
from .router import Call, Route

if TYPE_CHECKING:
    from ..application import Simulator

SOCKET_PATH = "/channels/"
SOCKET_FUNCTION = "GET /channels/{id}"
_CHANNEL = "/notifications/channels/{channelId}"


# ---- channels --------------------------------------------------------------------

def _base(call: Call) -> str:
    """The URL of the request's listener, with the name from the client's Host header."""
    if call.app.settings.connect_base:
        return call.app.settings.connect_base.rstrip("/")
    secure = call.request.listener.startswith("https")
    return "%s://%s" % ("wss" if secure else "ws", call.request.headers.get("host", "127.0.0.1"))


def _channel_json(call: Call, channel: Channel) -> dict[str, Any]:
    return {"connectUri": "%s%s%s" % (_base(call), SOCKET_PATH, channel.id), "id": channel.id,
            "expires": iso_ms(int(channel.expires * 1000))}


def create_channel(call: Call) -> dict[str, Any]:
    with call.app.world.lock:
        return _channel_json(call, call.app.hub.make_channel(call.client, call.token))


def list_channels(call: Call) -> dict[str, Any]:
    which = call.request.one("includechannels") or "token"
    if which not in ("token", "oauthclient"):
        raise bad_request("includechannels must be token or oauthclient.")
    with call.app.world.lock:
        mine = call.app.hub.channels.of_client(call.client)
        return {"entities": [_channel_json(call, c) for c in mine if which == "oauthclient" or c.token == call.token]}


def _channel(call: Call) -> Channel:
    channel = call.app.hub.find(call.params["channelId"], call.client)
    if channel is None:
        raise standard_error(404)
    return channel


def head_channel(call: Call) -> Reply:
    with call.app.world.lock:
        _channel(call)
    return Reply(200)


# ---- subscriptions -----------------------------------------------------------------

def _topic_json(channel: Channel, name: str) -> dict[str, Any]:
    return {"id": name, "state": "Permitted",
            "selfUri": "/api/v2/notifications/channels/%s/subscriptions/%s" % (channel.id, name)}


def list_subscriptions(call: Call) -> dict[str, Any]:
    with call.app.world.lock:
        channel = _channel(call)
        return {"entities": [_topic_json(channel, name) for name in channel.topics]}


def _names(call: Call) -> list[str]:
    given = call.json()
    if not isinstance(given, list) or not all(isinstance(t, dict) and isinstance(t.get("id"), str) for t in given):
        raise bad_request("The body must be an array of topics, each with an id.")
    return list(dict.fromkeys(t["id"] for t in given))


def _check_topics(call: Call, names: list[str]) -> list[TopicCheck]:
    """Genesys docs: without ignoreErrors the first bad topic fails the whole request."""
    hub, settings = call.app.hub, call.app.settings
    hidden = hub.hidden_queues()
    checked = [check_topic(name, settings.permissions, hidden) for name in names]
    if (call.request.one("ignoreErrors") or "false").lower() == "true":
        return checked
    for one in checked:
        if one.malformed:
            raise bad_request(one.malformed)
        if one.rejected:
            raise ApiError(403, "notification.unauthorized.topic", one.rejected[0]["rejectionReason"])
    return checked


def _subscribe(call: Call, replace: bool) -> dict[str, Any]:
    names, app = _names(call), call.app
    with app.world.lock:
        app.world.advance()
        channel = _channel(call)
        checked = _check_topics(call, names)
        good = [one for one in checked if one.permitted]
        after = {} if replace else dict(channel.topics)
        after.update({one.name: one.permitted for one in good})
        count = len(after) if app.settings.combined_as_one else sum(len(single) for single in after.values())
        if count > app.hub.topics_max():
            raise bad_request("The channel would have [%d] topics, the maximum is [%d]."
                              % (count, app.hub.topics_max()))
        if replace:
            app.hub.channels.unsubscribe(channel)
        for one in good:
            app.hub.channels.subscribe(channel, one.name, one.permitted)
        app.hub.prolong(channel, call.token)
        app.hub.subscribed(channel)
        return {"entities": [entry for one in checked for entry in _entries(channel, one)]}


def _entries(channel: Channel, one: TopicCheck) -> list[dict[str, Any]]:
    """Returns the entries of a topic: its own, and for a combined topic one for each failed single topic."""
    return ([_topic_json(channel, one.name)] if one.permitted else []) + one.rejected


def add_subscriptions(call: Call) -> dict[str, Any]:
    return _subscribe(call, replace=False)


def replace_subscriptions(call: Call) -> dict[str, Any]:
    return _subscribe(call, replace=True)


def delete_subscriptions(call: Call) -> Reply:
    with call.app.world.lock:
        channel = _channel(call)
        call.app.hub.channels.unsubscribe(channel)
        call.app.hub.channels.touch(channel)
    return Reply(200)


def list_topics(call: Call) -> dict[str, Any]:
    return {"entities": topics.available(set(call.request.many("expand")))}


# ---- the socket ------------------------------------------------------------------------

def upgrade(app: "Simulator", request: Request) -> Reply:
    """Genesys docs: no token; the channel's id in the URL is the secret."""
    wrong = frames.handshake_error(request)
    with app.world.lock:
        channel = app.hub.find(request.path[len(SOCKET_PATH):])
        if "authorization" in request.headers:
            app.hub.counts["authorized_handshakes"] += 1
        if channel is None or wrong is not None:
            app.hub.counts["handshakes_refused"] += 1
            return _refusal(request, wrong if channel is not None else None)
        reply = Reply(101, headers={"Upgrade": "websocket", "Connection": "Upgrade",
                                    "Sec-WebSocket-Accept": frames.accept(request.headers["sec-websocket-key"])})
        reply.takeover = lambda plug, early, head: _run(app, channel, request, plug, early, head)
        return reply


def _run(app: "Simulator", channel: Channel, request: Request, plug: Any, early: bytes, head: bytes) -> None:
    """Opens the socket before it sends the 101, so that the client misses no event after it.  The channel may have gone meanwhile."""
    with app.world.lock:
        one = app.hub.open(channel, request.peer, request.listener)
        if channel.gone:
            one.close(1001, "channel " + channel.gone)
    one.run(plug, early, head)


def _refusal(request: Request, wrong: Optional[str]) -> Reply:
    if wrong is None:
        return standard_error(404).reply(request.correlation_id)
    if "Version" in wrong and "sec-websocket-version" in request.headers:
        reply = bad_request(wrong).reply(request.correlation_id)
        reply.status = 426
        reply.headers["Sec-WebSocket-Version"] = "13"
        return reply
    return bad_request(wrong).reply(request.correlation_id)


ROUTES = [
    Route("POST", "/notifications/channels", create_channel),
    Route("GET", "/notifications/channels", list_channels),
    Route("HEAD", _CHANNEL, head_channel),
    Route("GET", _CHANNEL + "/subscriptions", list_subscriptions),
    Route("POST", _CHANNEL + "/subscriptions", add_subscriptions),
    Route("PUT", _CHANNEL + "/subscriptions", replace_subscriptions),
    Route("DELETE", _CHANNEL + "/subscriptions", delete_subscriptions),
    Route("GET", "/notifications/availabletopics", list_topics),
]

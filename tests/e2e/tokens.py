#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do all blocks share one token, renewed in time, replaced when revoked, and never visible?"""
from __future__ import annotations

import base64

from lib import report
from lib.collectd import DAEMON, Collectd, account, polled
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, check_soon, note, same, same_soon

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True}
# A queue has one block.
THREE = polled("a", Queue="*1") + polled("b", Queue="*2", Observations="activity") + \
    polled("c", Queue="*[34]", QueueLabel="id")
TOKEN_LIFE_S = 10  # renewed 2 s before its end
NO_GAP_S = 2.9  # allowed between two values, one a second; a busy machine may delay some
SERIES = ("Queue 0001", "queue_agents", "member")


def longest_gap(daemon: Collectd) -> float:
    times = [at for at, _ in daemon.readings(*SERIES)]
    return max((b - a for a, b in zip(times, times[1:])), default=0.0)


def failures(sim: Simulator) -> dict[str, int]:
    """Requests that did not end with 200, by status."""
    made: dict[str, int] = {}
    for of in sim.counters()["requests"].values():
        for status, count in of.items():
            if status != "200":
                made[status] = made.get(status, 0) + count
    return made


def several_blocks_ask_for_one_token() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), THREE)
    daemon.wait_up("a", "b", "c")
    watch_for(2)
    same("two plugins and three blocks request one token", sim.counters()["token_requests"], {"200": 1})
    same("no request fails", failures(sim), {})
    check("the user agent names the plugin", all("genesys" in agent for agent in sim.counters()["user_agents"]),
          sim.counters()["user_agents"])
    check_soon("each block counts its requests", lambda: min(daemon.latest("queues-" + name, "block_requests") or 0
                                                             for name in "abc") > 0)
    left = daemon.latest("account-prod", "api_minute_left")
    check("api_minute_left is below RequestsPerMinute", left is not None and 0 < left < 250, left)
    same_soon("token_requests-ok is 1", lambda: daemon.latest("account-prod", "token_requests", "ok"), 1)
    daemon.stop()


def a_short_token_is_renewed_without_a_gap() -> None:
    sim = Simulator(token_life=TOKEN_LIFE_S, rate_limit=0, **SMALL)
    daemon = Collectd(account(sim, RequestsPerMinute=10000), polled("a", Queue="*[12]") +
                      polled("b", Queue="*[34]", QueueLabel="id"))
    daemon.wait_up("a", "b")
    began = sim.counters()["token_requests_total"]
    wait_until(lambda: sim.counters()["token_requests_total"] >= began + 3, 5 * TOKEN_LIFE_S, "three renewals")
    same("no request fails", failures(sim), {})
    stamps = [one["time"] for one in sim.counters()["last"] if one["function"].endswith("/oauth/token")]
    pauses = [round(b - a, 2) for a, b in zip(stamps, stamps[1:])]
    check("each token is renewed before its end", all(0.7 * TOKEN_LIFE_S <= pause < TOKEN_LIFE_S for pause in pauses),
          pauses)
    check("no interval is missing", longest_gap(daemon) < NO_GAP_S, longest_gap(daemon))
    note("between token requests %s s, longest gap of values %.2f s" % (pauses, longest_gap(daemon)))
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def a_revoked_token_is_replaced_once() -> None:
    sim = Simulator(rate_limit=0, **SMALL)
    daemon = Collectd(account(sim, RequestsPerMinute=10000), THREE)
    daemon.wait_up("a", "b", "c")
    sim.call("tokens", {"op": "revoke"})
    wait_until(lambda: sim.counters()["token_requests_total"] == 2, 5, "the renewal")
    seen = len(daemon.readings(*SERIES))
    wait_until(lambda: len(daemon.readings(*SERIES)) >= seen + 3, 8, "more values")
    same("one renewal follows the first token", sim.counters()["token_requests"], {"200": 2})
    refused = failures(sim)
    check("each request in flight is refused once at most", set(refused) == {"401"} and refused["401"] <= 4,
          refused)
    check("no interval is missing", longest_gap(daemon) < NO_GAP_S, longest_gap(daemon))
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def a_late_refusal_of_an_old_token_renews_nothing() -> None:
    """The first 401 renews the token; a second 401 for the old token arrives after that."""
    sim = Simulator(rate_limit=0, **SMALL)
    daemon = Collectd(account(sim, RequestsPerMinute=10000), THREE)
    daemon.wait_up("a", "b", "c")
    sim.faults({"on": "POST /api/v2/analytics/conversations/*", "answer": "revoke_token", "delay_ms": 1500, "count": 1})
    wait_until(lambda: sim.counters()["token_requests_total"] == 2, 5, "the renewal")
    wait_until(lambda: [one for one in sim.counters()["last"] if one["ms"] > 1400 and one["status"] == "401"], 5,
               "the late 401")
    seen = len(daemon.readings(*SERIES))
    wait_until(lambda: len(daemon.readings(*SERIES)) >= seen + 3, 8, "more values")
    same("one renewal follows the first token", sim.counters()["token_requests"], {"200": 2})
    same("the log has no complaints", daemon.complaints(), [])
    check_soon("all blocks have values", lambda: daemon.is_up("a") and daemon.is_up("b") and daemon.is_up("c"))
    daemon.stop()


def token_auth_body_sends_id_and_secret_in_the_body() -> None:
    sizes = {}
    for way in ("basic", "body"):
        sim = Simulator(**SMALL)
        daemon = Collectd(account(sim, TokenAuth=way), polled())
        daemon.wait_up()
        sizes[way] = next(one["bytes_in"] for one in sim.counters()["last"] if "/oauth/token" in one["function"])
        daemon.stop()
    same("the body of a basic request has no credentials", sizes["basic"], len("grant_type=client_credentials"))
    check("the body of the other request has id and secret", sizes["body"] > sizes["basic"] + 50, sizes)


def a_gateway_s_token_path_is_used_as_it_is() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim, LoginURL=sim.https + "/api/v2/oauth/token"), polled())
    daemon.wait_up()
    target = [one["target"] for one in sim.counters()["last"] if "/oauth/token" in one["target"]]
    same("the token path is used as it is", target, ["/api/v2/oauth/token"])
    daemon.stop()


def the_secret_and_the_token_stay_invisible() -> None:
    """The secrets stay invisible at log level debug, through failures of all kinds."""
    sim = Simulator(**SMALL)
    basic = base64.b64encode(("%s:%s" % (sim.client_id, sim.client_secret)).encode()).decode()
    bearer = "tell-tale-token-0123456789"
    sim.faults({"on": "POST /oauth/token", "answer": 200, "count": 1,
                "body": {"access_token": bearer, "token_type": "bearer", "expires_in": 3}})
    daemon = Collectd(account(sim, TokenAuth="body"), THREE, level="debug")
    daemon.wait_up("a", "b", "c", within_s=25)
    sim.faults({"on": "POST /api/v2/*", "answer": "reset", "count": 3},
               {"on": "POST /api/v2/*", "answer": 500, "html": True, "count": 2})
    wait_until(lambda: sim.fault_hits() >= 5, 15, "the faults")
    secrets = (sim.client_secret, basic, bearer, sim.client_secret.replace("+", "%2B"))
    same("no secret is visible outside", daemon.leaks(*secrets), [])
    same("no URL has a secret", sim.counters()["secrets_in_urls"], [])
    daemon.stop()
    same("no secret is visible outside after the stop", daemon.leaks(*secrets), [])


if __name__ == "__main__":
    report.main([a_short_token_is_renewed_without_a_gap, several_blocks_ask_for_one_token,
                 a_revoked_token_is_replaced_once, a_late_refusal_of_an_old_token_renews_nothing,
                 token_auth_body_sends_id_and_secret_in_the_body, a_gateway_s_token_path_is_used_as_it_is,
                 the_secret_and_the_token_stay_invisible],
                {"collectd": DAEMON})

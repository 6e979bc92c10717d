# SPDX-License-Identifier: MIT
"""The token endpoint, tokens, permissions and the rate limit."""
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from simulator.web.limiter import Limiter

from .support import Sim, SimCase, wait_for

QUERY = {"filter": {"type": "or", "predicates": [{"dimension": "queueId", "value": "x"}]}, "metrics": ["oWaiting"]}


class TokenEndpoint(SimCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "5")

    def test_basic_credentials_are_answered_with_a_bearer_token(self) -> None:
        answer = self.sim.grant()
        self.assertEqual(answer.status, 200)
        self.assertEqual(set(answer.json), {"access_token", "token_type", "expires_in"})
        self.assertEqual((answer.json["token_type"], answer.json["expires_in"]), ("bearer", 86400))

    def test_credentials_may_stand_in_the_form(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": self.sim.ready["client_id"],
                "client_secret": self.sim.ready["client_secret"], "scope": "analytics:query"}
        self.assertEqual(self.sim.grant(form=form, basic=False).status, 200)

    def test_the_gateway_path_works_too(self) -> None:
        self.assertEqual(self.sim.grant(path="/api/v2/oauth/token").status, 200)

    def test_refusals_have_the_official_bodies(self) -> None:
        rows = [(self.sim.grant(client="0" * 36), 400, "invalid_client", "client not found"),
                (self.sim.grant(secret="wrong"), 401, "invalid_client", "authentication failed"),
                (self.sim.grant(form={"grant_type": "password"}), 400, "unsupported_grant_type", None),
                (self.sim.grant(form={}), 400, "invalid_request", None),
                (self.sim.grant(basic=False), 400, "invalid_client", "client not found")]
        for answer, status, error, text in rows:
            with self.subTest(error=error, text=text):
                self.assertEqual((answer.status, answer.json["error"]), (status, error))
                self.assertEqual(answer.json["description"], answer.json["error_description"])
                if text:
                    self.assertEqual(answer.json["description"], text)

    def test_scopes_and_the_claimed_life_can_be_set(self) -> None:
        self.sim.sim("config", {"token_scopes": ["analytics:realtime:read", "x"], "expires_in": 77})
        self.assertEqual(self.sim.grant().json["scope"], "analytics:realtime:read x")
        self.assertEqual(self.sim.grant().json["expires_in"], 77)

    def test_the_secret_can_come_from_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            secret = Path(directory) / "secret"
            secret.write_text("öther secret\n")
            sim = Sim("--frozen", "--queues", "2", "--agents", "2", "--client-secret-file", str(secret),
                      "--client-id", "abc", "--token-life", "5")
            self.addCleanup(sim.close)
            self.assertNotIn("client_secret", sim.ready)
            answer = sim.grant(client="abc", secret="öther secret")
            self.assertEqual((answer.status, answer.json["expires_in"]), (200, 5))
            self.assertEqual(Path(sim.ready["client_secret_file"]).read_text(), "öther secret\n")


class Tokens(SimCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "5")

    def setUp(self) -> None:
        self.sim.log_in()

    def test_the_scheme_name_may_be_of_any_case(self) -> None:
        for scheme in ("bearer", "BEARER"):
            headers = {"Authorization": "%s %s" % (scheme, self.sim.token)}
            self.assertEqual(self.sim.call("GET", "/organizations/me", headers=headers).status, 200)

    def test_without_a_token_authentication_is_required(self) -> None:
        answer = self.sim.http("GET", "/api/v2/organizations/me")
        self.refused(answer, 401, "authentication.required")

    def test_a_made_up_token_is_refused(self) -> None:
        self.refused(self.sim.call("GET", "/users", headers={"Authorization": "Bearer x"}), 401, "bad.credentials")

    def test_a_token_expires(self) -> None:
        self.sim.sim("config", {"token_life_s": 0.2})
        self.assertEqual(self.sim.grant().json["expires_in"], 1)
        self.sim.log_in()
        wait_for(lambda: self.sim.call("GET", "/organizations/me").status == 401)
        self.refused(self.sim.call("GET", "/organizations/me"), 401, "credentials.expired")

    def test_an_idle_token_expires_and_a_request_may_leave_it_idle(self) -> None:
        self.sim.sim("config", {"token_idle_s": 2})
        self.assertIn("dateTokenIdles", self.sim.get("/tokens/me"))
        probe = "/tokens/me?preserveIdleTTL=true"
        wait_for(lambda: self.sim.call("GET", probe).status == 401)
        self.refused(self.sim.call("GET", probe), 401, "credentials.expired")

    def test_revoked_tokens_are_bad_credentials_and_a_new_one_works(self) -> None:
        self.assertGreaterEqual(self.sim.sim("tokens", {"op": "revoke"})["tokens"], 1)
        self.refused(self.sim.call("GET", "/organizations/me"), 401, "bad.credentials")
        self.sim.log_in()
        self.assertEqual(self.sim.call("GET", "/organizations/me").status, 200)

    def test_tokens_me_describes_the_token_and_delete_logs_out(self) -> None:
        self.assertEqual(self.sim.get("/tokens/me")["OAuthClient"]["id"], self.sim.ready["client_id"])
        head = self.sim.call("HEAD", "/tokens/me")
        self.assertEqual((head.status, head.raw), (200, b""))
        self.assertEqual(self.sim.call("DELETE", "/tokens/me").status, 200)
        self.assertEqual(self.sim.call("HEAD", "/tokens/me", lenient=True).status, 401)


class Permissions(SimCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "5", "--permissions", "routing:queue:edit")

    def test_a_403_names_the_missing_permission(self) -> None:
        any_of = ("Unable to perform the requested action. You must have at least one of the following "
                  "permissions assigned: [%s]")
        all_of = "Unable to perform the requested action. You are missing the following permission(s): [%s]"
        rows = [("GET", "/routing/queues", None, any_of, "routing:queue:view"),
                ("GET", "/routing/queues/x", None, all_of, "routing:queue:view"),
                ("GET", "/routing/queues/divisionviews/all", None, all_of, "routing:queue:search"),
                ("GET", "/presence/definitions", None, all_of, "presence:presenceDefinition:view"),
                ("POST", "/analytics/queues/observations/query", QUERY, any_of, "analytics:queueObservation:view"),
                ("POST", "/analytics/users/observations/query", QUERY, any_of, "analytics:userObservation:view"),
                ("POST", "/analytics/conversations/activity/query", {}, any_of, "analytics:queueObservation:view"),
                ("POST", "/analytics/routing/activity/query", {}, any_of, "analytics:queueObservation:view"),
                ("POST", "/analytics/users/activity/query", {}, any_of, "analytics:userObservation:view")]
        for method, target, body, words, permission in rows:
            with self.subTest(target=target):
                code = "missing.any.permissions" if words == any_of else "missing.permissions"
                record = self.refused(self.sim.call(method, target, body), 403, code)
                self.assertEqual(record["message"], words % permission)
                self.assertEqual(record["messageParams"], {"permissions": "[%s]" % permission})

    def test_one_of_several_is_enough_and_some_calls_need_none(self) -> None:
        members = self.sim.call("GET", "/routing/queues/x/members")
        self.refused(members, 404, "not.found")  # permitted: edit is one of the four permissions
        for target in ("/users", "/systempresences", "/organizations/me", "/presencedefinitions",
                       "/authorization/divisions", "/tokens/me"):
            self.assertEqual(self.sim.call("GET", target).status, 200, target)

    def test_permissions_can_be_changed_while_running(self) -> None:
        self.sim.sim("config", {"permissions": ["routing:queue:view"]})
        self.assertEqual(self.sim.call("GET", "/routing/queues").status, 200)


class RateLimit(SimCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "5", "--rate-limit", "5")

    def test_the_sixth_request_of_five_gets_a_retry_after(self) -> None:
        self.sim.sim("config", {"rate_limit": 5})
        for _ in range(5):
            self.assertEqual(self.sim.call("GET", "/organizations/me").status, 200)
        answer = self.sim.call("GET", "/organizations/me")
        record = self.refused(answer, 429, "too.many.requests.retry.after")
        wait = answer.headers["retry-after"]
        self.assertRegex(wait, r"^\d+$")
        self.assertEqual(record["message"], "Rate limit exceeded the maximum. Retry the request in [%s] seconds" % wait)
        self.assertFalse([h for h in answer.headers if "ratelimit" in h])

    def test_early_requests_are_counted(self) -> None:
        self.sim.sim("config", {"rate_limit": 1})
        self.sim.sim("reset-counters", {})
        for target in ("/organizations/me", "/organizations/me", "/users", "/users"):
            self.sim.call("GET", target)
        self.sim.grant()  # not one of the API's requests
        record = self.sim.sim("counters")
        self.assertEqual(record["throttled_total"], 3)
        self.assertEqual(record["during_retry_after"]["GET /api/v2/users"], 2)
        self.assertEqual(record["during_retry_after_total"], 2)
        self.assertEqual(record["during_retry_after_events"][0]["function"], "GET /api/v2/users")

    def test_a_rate_limit_of_zero_is_no_limit(self) -> None:
        self.sim.sim("config", {"rate_limit": 0})
        self.assertEqual({self.sim.call("GET", "/organizations/me").status for _ in range(20)}, {200})


class SlidingMinute(unittest.TestCase):
    def test_refused_requests_do_not_count_and_the_window_slides(self) -> None:
        limiter = Limiter()
        self.assertEqual([limiter.refuse_for("a", 2, t) for t in (0.0, 30.0)], [None, None])
        self.assertEqual(limiter.refuse_for("a", 2, 40.2), 20)
        self.assertIsNone(limiter.refuse_for("b", 2, 40.2))
        self.assertEqual(limiter.refuse_for("a", 2, 59.9), 1)
        self.assertIsNone(limiter.refuse_for("a", 2, 60.0))
        self.assertEqual(limiter.refuse_for("a", 2, 61.0), 29)

# SPDX-License-Identifier: MIT
"""Faults as a client meets them."""
from __future__ import annotations

import http.client
import json
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from .support import Sim, SimCase, wait_for

ME = "/api/v2/organizations/me"


class Faults(SimCase):
    WORDS = ("--frozen", "--queues", "30", "--agents", "10")

    def post(self, *steps: dict[str, Any]) -> None:
        self.sim.sim("faults", {"replace": True, "steps": list(steps)})

    def me(self, lenient: bool = True) -> Any:
        return self.sim.call("GET", ME, lenient=lenient)

    def raw(self, limit_s: float = 20.0) -> bytes:
        """All bytes of the answer until the connection ends."""
        if self.sim.token is None:
            self.sim.log_in()
        with socket.create_connection(("127.0.0.1", self.sim.port), timeout=limit_s) as plug:
            plug.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n"
                          % (ME, self.sim.token)).encode())
            got = b""
            while piece := plug.recv(65536):
                got += piece
            return got

    # ---- statuses ----------------------------------------------------------------

    def test_a_status_has_a_proper_error_body(self) -> None:
        rows = [(400, "bad.request"), (401, "bad.credentials"), (403, "not.authorized"), (404, "not.found"),
                (500, "internal.server.error"), (503, "service.unavailable"), (504, "request.timeout")]
        for status, code in rows:
            with self.subTest(status=status):
                self.post({"on": "GET " + ME, "answer": status})
                self.refused(self.me(lenient=False), status, code)
        self.post({"on": "* /api/v2/*", "answer": 401, "code": "credentials.expired", "message": "over"})
        self.assertEqual(self.refused(self.me(lenient=False), 401, "credentials.expired")["message"], "over")

    def test_a_429_has_the_retry_after_of_its_step(self) -> None:
        self.post({"on": "GET " + ME, "answer": 429, "retry_after_s": 7})
        answer = self.me(lenient=False)
        self.assertEqual(answer.headers["retry-after"], "7")
        self.assertEqual(self.refused(answer, 429, "too.many.requests.retry.after")["message"],
                         "Rate limit exceeded the maximum. Retry the request in [7] seconds")
        self.post({"on": "GET " + ME, "answer": 429})
        self.assertNotIn("retry-after", self.me(lenient=False).headers)

    def test_requests_during_the_retry_after_of_their_function_are_counted(self) -> None:
        self.post({"on": "GET " + ME, "answer": 429, "retry_after_s": 30, "count": 1})
        self.me()
        self.sim.call("GET", "/users")
        self.assertEqual(self.sim.sim("counters")["during_retry_after_total"], 0)
        self.me()
        record = self.sim.sim("counters")
        self.assertEqual(record["during_retry_after"], {"GET /api/v2/organizations/me": 1, "(any function)": 2})
        self.assertEqual(record["throttled"], {"GET /api/v2/organizations/me": 1})

    def test_an_answer_has_the_body_of_its_step(self) -> None:
        self.post({"on": "* *", "answer": 502, "html": True})
        answer = self.me()
        self.assertEqual((answer.status, answer.headers["content-type"]), (502, "text/html"))
        self.assertIn(b"cloudfront", answer.raw)
        self.post({"on": "* *", "answer": 200, "body": {"results": None}})
        self.assertEqual(self.me().json, {"results": None})
        self.post({"on": "* *", "answer": 418, "body": "tea", "content_type": "text/plain"})
        self.assertEqual((self.me().status, self.me().raw), (418, b"tea"))

    def test_the_token_endpoint_fails_in_its_own_form(self) -> None:
        self.post({"on": "POST /oauth/token", "answer": 401, "count": 1},
                  {"on": "POST /oauth/token", "answer": 503, "count": 1})
        first, second, third = (self.sim.grant() for _ in range(3))
        self.assertEqual((first.status, first.json["error"]), (401, "invalid_client"))
        self.assertEqual((second.status, second.json["code"]), (503, "service.unavailable"))
        self.assertEqual(third.status, 200)
        self.assertEqual(self.sim.sim("counters")["token_requests"], {"200": 1, "401": 1, "503": 1})

    # ---- requests and times of a fault --------------------------------------------

    def test_count_skip_pattern_and_method_bound_a_fault(self) -> None:
        self.sim.log_in()
        self.post({"on": "GET /api/v2/org*", "answer": 500, "count": 2, "skip": 1})
        self.assertEqual([self.me().status for _ in range(5)], [200, 500, 500, 200, 200])
        self.assertEqual(self.sim.call("GET", "/users").status, 200)
        self.post({"on": "POST *", "answer": 500})
        self.assertEqual(self.me().status, 200)
        self.post({"on": "/api/v2/org*", "answer": 500})
        self.assertEqual(self.me().status, 500)

    def test_the_first_step_that_matches_decides(self) -> None:
        self.post({"on": "* *", "answer": 500, "count": 1}, {"on": "* *", "answer": 503})
        self.assertEqual([self.me().status for _ in range(3)], [500, 503, 503])

    def test_at_and_for_bound_a_fault_in_time(self) -> None:
        self.sim.log_in()
        begin = time.monotonic()
        self.post({"on": "* *", "answer": 500, "at_s": 3.0, "for_s": 3.0})
        self.assertEqual(self.me().status, 200)
        wait_for(lambda: self.me().status == 500)
        self.assertGreaterEqual(time.monotonic() - begin, 2.95)
        wait_for(lambda: self.me().status == 200)
        self.assertGreaterEqual(time.monotonic() - begin, 5.95)
        self.assertEqual(self.sim.sim("faults")["steps"][0]["state"], "over")

    def test_steps_append_and_clear(self) -> None:
        self.post({"on": "* *", "answer": 500, "count": 1})
        self.sim.sim("faults", [{"on": "* *", "answer": 503, "count": 1}])
        self.sim.sim("faults", {"on": "* *", "answer": 504})
        self.assertEqual([self.me().status for _ in range(3)], [500, 503, 504])
        self.assertEqual([s["hits"] for s in self.sim.sim("faults")["steps"]], [1, 1, 1])
        self.sim.sim("faults", method="DELETE")
        self.assertEqual(self.me().status, 200)
        self.assertEqual(self.sim.sim("counters")["faults"], {"500": 1, "503": 1, "504": 1})

    def test_the_controls_are_never_hit(self) -> None:
        self.post({"on": "* *", "answer": "close"})
        self.assertIn("queues", self.sim.sim("truth"))

    def test_wrong_steps_are_refused(self) -> None:
        for wrong in ({"on": "* *", "answer": "explode"}, {"on": "* *", "anwser": 500}, {"do": "dance"},
                      {"on": "* *", "answer": 99}):
            answer = self.sim.http("POST", "/sim/faults", json.dumps([wrong]).encode())
            self.assertEqual(answer.status, 400, wrong)

    # ---- deliveries -----------------------------------------------------------------

    def test_a_delay_postpones_the_answer(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "pass", "delay_ms": 250})
        begin = time.monotonic()
        self.assertEqual(self.me(lenient=False).status, 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.25)

    def test_a_slow_body_arrives_whole_and_late(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "slow_body", "drip_ms": 20, "drip_bytes": 40})
        begin = time.monotonic()
        self.assertEqual(self.me(lenient=False).json["state"], "active")
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_a_truncated_body_ends_early(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "truncate"})
        with self.assertRaises(http.client.IncompleteRead):
            self.me()

    def test_malformed_and_empty_bodies_have_status_200(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "malformed"})
        answer = self.me()
        self.assertEqual(answer.status, 200)
        with self.assertRaises(ValueError):
            answer.json
        self.post({"on": "* *", "answer": "empty"})
        answer = self.me()
        self.assertEqual((answer.status, answer.raw, answer.headers["content-length"]), (200, b"", "0"))

    def test_reset_and_close_end_the_connection(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "reset", "count": 1}, {"on": "* *", "answer": "close"})
        with self.assertRaises(ConnectionResetError):
            self.raw()
        self.assertEqual(self.raw(), b"")
        self.assertEqual(self.sim.sim("counters")["faults"], {"reset": 1, "close": 1})

    def test_a_hanging_request_gets_no_answer(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "hang"})
        with self.assertRaises(TimeoutError):
            self.raw(limit_s=0.3)
        wait_for(lambda: self.sim.sim("counters")["in_flight"] == 0)

    def test_a_huge_body_has_the_size_of_its_step(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "huge", "huge_mb": 3})
        answer = self.me()
        self.assertEqual(len(answer.raw), 3 * 1024 * 1024)
        self.assertEqual(answer.json["results"], [])

    def test_http10_and_chunked_change_the_form_of_an_answer(self) -> None:
        self.sim.log_in()
        self.post({"on": "* *", "answer": "http10"})
        got = self.raw()
        self.assertTrue(got.startswith(b"HTTP/1.0 200"))
        self.assertNotIn(b"Content-Length", got)
        self.post({"on": "* *", "answer": "chunked"})
        answer = self.sim.call("GET", "/routing/queues")
        self.assertEqual((answer.headers["transfer-encoding"], len(answer.json["entities"])), ("chunked", 25))

    def test_tokens_end_by_a_fault(self) -> None:
        for answer, code in (("revoke_token", "bad.credentials"), ("expire_token", "credentials.expired")):
            self.sim.log_in()
            self.post({"on": "GET /api/v2/*", "answer": answer, "count": 1})
            self.refused(self.me(lenient=False), 401, code)
            self.sim.log_in()
            self.assertEqual(self.me().status, 200)


class Actions(SimCase):
    WORDS = ("--frozen", "--queues", "5", "--agents", "10")

    def names(self) -> set[str]:
        return {q["name"] for q in self.sim.sim("truth")["queues"].values()}

    def test_queues_change_at_their_time(self) -> None:
        self.sim.sim("faults", [{"at_s": 0, "do": "queues", "op": "create", "name": "Fresh"},
                                {"at_s": 3, "do": "queues", "op": "rename", "id": "Fresh", "name": "Stale"},
                                {"at_s": 6, "do": "queues", "op": "delete", "id": "Stale"}])
        self.assertIn("Fresh", self.names())
        self.assertEqual(len(self.sim.sim("faults")["actions_waiting"]), 2)
        wait_for(lambda: "Stale" in self.names())
        self.assertNotIn("Fresh", self.names())
        wait_for(lambda: "Stale" not in self.names())

    def test_a_scenario_file_brings_config_steps_and_expectations(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            scenario = Path(directory) / "scenario.json"
            scenario.write_text(json.dumps({
                "story": "the night of the 429s", "config": {"token_life_s": 60, "speed": 5},
                "steps": [{"on": "GET /api/v2/users", "answer": 429, "retry_after_s": 1, "count": 1},
                          {"do": "freeze"}], "expect": {"throttled": 1}}))
            sim = Sim("--queues", "3", "--agents", "3", "--scenario", str(scenario))
            self.addCleanup(sim.close)
            self.assertEqual(sim.sim("scenario")["expect"], {"throttled": 1})
            self.assertEqual(sim.grant().json["expires_in"], 60)
            self.assertEqual([sim.call("GET", "/users").status for _ in range(2)], [429, 200])
            self.assertTrue(sim.sim("truth")["frozen"])

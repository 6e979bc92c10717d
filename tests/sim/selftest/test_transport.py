# SPDX-License-Identifier: MIT
"""TLS, keep-alive, compression, counters, start and stop."""
from __future__ import annotations

import datetime
import email.utils
import gzip
import http.client
import json
import signal
import socket
import ssl
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Optional

from .support import BUSY_S, Sim, SimCase, wait_for


class Tls(SimCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "3")
    TLS = True

    def fetch(self, listener: str, ca: Optional[str] = None, cert: Optional[tuple[str, str, Optional[str]]] = None,
              name: str = "localhost") -> int:
        context = ssl.create_default_context(cafile=ca or self.sim.ready["ca"])
        if cert:
            context.load_cert_chain(*cert)
        connection = http.client.HTTPSConnection(name, self.sim.ready[listener + "_port"], context=context, timeout=30)
        try:
            connection.request("GET", "/api/v2/organizations/me")
            return connection.getresponse().status
        finally:
            connection.close()

    def test_our_authority_is_enough_by_name_and_by_address(self) -> None:
        self.assertEqual(self.fetch("https"), 401)
        self.assertEqual(self.fetch("https", name="127.0.0.1"), 401)
        self.assertEqual(sum(n for k, n in self.sim.sim("counters")["tls_handshakes"].items()
                             if k.startswith("https ok TLSv1.")), 2)

    def test_bad_certificates_are_refused_by_a_client_that_verifies(self) -> None:
        for listener, ca, words in (("https_expired", None, "expired"), ("https_wrong_host", None, "Hostname mismatch"),
                                    ("https", self.sim.ready["wrong_ca"], "unable to get local issuer")):
            with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                self.fetch(listener, ca)
            self.assertIn(words, str(caught.exception))
        wait_for(lambda: any("failed" in k for k in self.sim.sim("counters")["tls_handshakes"]))

    def test_a_client_certificate_is_demanded(self) -> None:
        ready = self.sim.ready
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.fetch("https_mtls")
        self.assertEqual(self.fetch("https_mtls", cert=(ready["client_cert"], ready["client_key"], None)), 401)
        protected = (ready["client_cert"], ready["client_key_protected"], ready["client_key_passphrase"])
        self.assertEqual(self.fetch("https_mtls", cert=protected), 401)
        self.assertEqual(self.sim.sim("counters")["tls_client_certificates"], {"collectd test client": 2})
        with self.assertRaises(ssl.SSLError):
            self.fetch("https_mtls", cert=(*protected[:2], "wrong"))

    def test_a_body_that_ends_with_the_connection_ends_cleanly(self) -> None:
        self.sim.sim("faults", [{"on": "* *", "answer": "http10"}])
        context = ssl.create_default_context(cafile=self.sim.ready["ca"])
        with socket.create_connection(("127.0.0.1", self.sim.ready["https_port"]), timeout=30) as plug:
            with context.wrap_socket(plug, server_hostname="localhost", suppress_ragged_eofs=False) as secured:
                secured.sendall(b"GET /api/v2/users HTTP/1.1\r\n\r\n")
                got = b""
                while piece := secured.recv(4096):
                    got += piece
        self.assertIn(b"authentication.required", got)

    def test_the_files_are_private(self) -> None:
        for key in ("client_key", "client_key_protected", "client_secret_file"):
            self.assertEqual(Path(self.sim.ready[key]).stat().st_mode & 0o077, 0)

    def test_a_mute_client_delays_no_other(self) -> None:
        with socket.create_connection(("127.0.0.1", self.sim.ready["https_port"]), timeout=30):
            self.assertEqual(self.fetch("https"), 401)


class Http(SimCase):
    WORDS = ("--frozen", "--queues", "60", "--agents", "20")

    def connection(self) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection("127.0.0.1", self.sim.port, timeout=30)
        self.addCleanup(made.close)
        return made

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.sim.port), timeout=30) as plug:
            plug.sendall(request)
            plug.shutdown(socket.SHUT_WR)
            got = b""
            while piece := plug.recv(65536):
                got += piece
            return got

    def test_connections_are_kept_alive(self) -> None:
        self.sim.log_in()
        self.sim.sim("reset-counters", {})
        connection = self.connection()
        for _ in range(5):
            connection.request("GET", "/api/v2/organizations/me", headers={"Authorization": "Bearer " + self.sim.token})
            self.assertEqual(json.loads(connection.getresponse().read())["state"], "active")
        record = self.sim.sim("counters")
        self.assertEqual(record["requests"]["GET /api/v2/organizations/me"], {"200": 5})
        self.assertEqual(record["connections"]["http"] - 1, 1)  # the other one requests the counters

    def test_an_idle_connection_is_closed_without_a_notice(self) -> None:
        self.sim.sim("config", {"keep_alive_s": 0.1})
        connection = self.connection()
        connection.request("GET", "/api/v2/users")
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.getheader("connection"), "keep-alive")
        self.assertEqual(connection.sock.recv(1), b"")

    def test_large_answers_are_compressed_on_request(self) -> None:
        for accept, packed in (("gzip", True), ("deflate, gzip", True), ("identity", False), ("gzip;q=0", False)):
            answer = self.sim.call("GET", "/routing/queues", headers={"Accept-Encoding": accept}, lenient=True)
            self.assertEqual(answer.headers.get("content-encoding") == "gzip", packed, accept)
            body = gzip.decompress(answer.raw) if packed else answer.raw
            self.assertEqual(len(json.loads(body)["entities"]), 25)
        small = self.sim.call("GET", "/organizations/me", headers={"Accept-Encoding": "gzip"})
        self.assertNotIn("content-encoding", small.headers)
        self.assertEqual(self.sim.sim("counters")["gzip_answers"], 2)

    def test_an_answer_has_the_headers_of_the_platform(self) -> None:
        headers = self.sim.call("GET", "/organizations/me").headers
        self.assertEqual(headers["content-type"], "application/json")
        self.assertRegex(headers["date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertIn("no-cache", headers["cache-control"])
        self.assertFalse([h for h in headers if "ratelimit" in h.lower()])

    def test_malformed_requests_get_400_and_odd_forms_are_read(self) -> None:
        self.assertIn(b"400", self.raw(b"nonsense\r\n\r\n"))
        self.assertIn(b"400", self.raw(b"GET /x HTTP/1.1\r\nNo colon\r\n\r\n"))
        self.assertIn(b"400", self.raw(b"POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"))
        self.assertEqual(self.raw(b""), b"")
        form = b"grant_type=client_credentials"
        head = b"POST /oauth/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
        got = self.raw(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form))
        self.assertTrue(got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400"), got)
        absolute = self.raw(b"GET http://api.example/api/v2/users HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertIn(b"authentication.required", absolute)

    def test_the_counters_record_requests_agents_and_secrets(self) -> None:
        self.sim.log_in()
        self.sim.sim("reset-counters", {})
        self.sim.sim("faults", [{"on": "GET /api/v2/users", "answer": "pass", "delay_ms": 2000}])
        threads = [threading.Thread(target=self.sim.call, args=("GET", "/users"),
                                    kwargs={"headers": {"User-Agent": "agent-%d" % n}}) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.sim.call("GET", "/organizations/me?x=" + self.sim.token)
        self.sim.http("GET", "/api/v2/users?client_secret=abc", headers={"Proxy-Authorization": "Basic eA=="})
        self.sim.grant()  # a request that does not count towards the API's rate limit
        record = self.sim.sim("counters?last=3")
        self.assertEqual(record["max_concurrent"], 3)
        self.assertEqual(record["requests_total"], 6)
        self.assertEqual(record["max_requests_per_60s"], 5)
        self.assertTrue({"agent-0", "agent-1", "agent-2"} <= set(record["user_agents"]))
        self.assertEqual(record["secrets_in_urls"], ["GET /api/v2/organizations/me", "GET /api/v2/users"])
        self.assertEqual(record["proxy_headers"], {"proxy-authorization": 1})
        self.assertEqual([r["status"] for r in record["last"]], ["200", "401", "200"])
        self.assertGreater(record["bytes_out"], 10_000)

    def test_the_last_requests_have_their_time(self) -> None:
        self.sim.call("GET", "/organizations/me")
        last = self.sim.sim("counters")["last"][-1]
        self.assertLess(abs(last["time"] - time.time()), 5)
        self.assertEqual((last["function"], last["listener"]), ("GET /api/v2/organizations/me", "http"))


class Controls(SimCase):
    WORDS = ("--queues", "6", "--agents", "10", "--speed", "400")

    def test_freeze_thaw_and_speed_govern_virtual_time(self) -> None:
        self.sim.sim("freeze", {})
        first = self.sim.sim("truth")
        second = self.sim.sim("truth")
        self.assertEqual((first["virtual_s"], first["queues"]), (second["virtual_s"], second["queues"]))
        self.assertLess(first["now_ms"], second["now_ms"] + 1)
        self.sim.sim("thaw", {})
        wait_for(lambda: self.sim.sim("truth")["virtual_s"] > first["virtual_s"] + 5)
        self.sim.sim("config", {"speed": 600})
        before = self.sim.sim("truth")["virtual_s"]
        wait_for(lambda: self.sim.sim("truth")["virtual_s"] > before + 120)

    def test_the_world_continues_without_requests(self) -> None:
        before = self.sim.sim("truth")["conversations_known"]
        wait_for(lambda: self.sim.sim("truth")["conversations_known"] > before)

    def test_totals_add_up_while_running(self) -> None:
        def offered() -> int:
            return sum(m["offered"] for q in self.sim.sim("truth")["queues"].values() for m in q["totals"].values())
        wait_for(lambda: offered() > 10)

    def test_a_queue_can_be_created_renamed_and_deleted(self) -> None:
        made = self.sim.sim("queues", {"op": "create", "name": "A/B"})
        one = self.sim.sim("contacts", {"op": "arrive", "queueId": "A/B"})["conversationIds"][0]
        record = self.sim.sim("conversation?id=" + one)
        self.assertEqual([p["purpose"] for p in record["participants"]][:2], ["customer", "acd"])
        self.assertEqual(self.sim.get("/routing/queues?name=A/B")["entities"][0]["id"], made["id"])
        self.assertEqual(self.sim.sim("queues", {"op": "rename", "id": made["id"], "name": "C"})["name"], "C")
        self.assertEqual(self.sim.get("/routing/queues/" + made["id"])["name"], "C")
        self.assertTrue(self.sim.sim("queues", {"op": "delete", "id": "C"})["deleted"])
        self.assertEqual(self.sim.call("GET", "/routing/queues/" + made["id"]).status, 404)
        self.assertEqual(self.sim.observe([made["id"]], ["oWaiting"])["results"], [])
        self.assertIn(made["id"], self.sim.sim("truth")["deleted_queues"])

    def test_mistakes_are_answered_with_400(self) -> None:
        rows: list[tuple[str, str, Any]] = [
            ("POST", "config", {"rate": 1}), ("POST", "config", {"speed": 0}), ("POST", "queues", {"op": "paint"}),
            ("POST", "queues", {"op": "delete", "id": "nobody"}),
            ("POST", "contacts", {"op": "arrive", "queueId": "x"}),
            ("POST", "tokens", {"op": "x"}), ("GET", "conversation?id=x", None)]
        for method, what, body in rows:
            answer = self.sim.http(method, "/sim/" + what, json.dumps(body).encode() if body else None)
            self.assertEqual(answer.status, 400, what)
        self.assertEqual(self.sim.http("GET", "/sim/nothing").status, 404)
        self.assertIn("GET /sim/truth", self.sim.sim("")["endpoints"])


class StartAndStop(unittest.TestCase):
    def test_the_ready_line_is_in_the_file_too(self) -> None:
        sim = Sim("--frozen", "--queues", "2", "--agents", "2")
        self.addCleanup(sim.close)
        self.assertEqual(json.loads((Path(sim.directory.name) / "sim.json").read_text()), sim.ready)
        self.assertEqual(sim.process.pid, sim.ready["pid"])

    def test_the_simulator_stops_at_once_even_with_a_hanging_client(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, None):
            sim = Sim("--frozen", "--queues", "2", "--agents", "2")
            self.addCleanup(sim.directory.cleanup)
            sim.sim("faults", [{"on": "* *", "answer": "hang"}])
            with socket.create_connection(("127.0.0.1", sim.port)) as plug:
                plug.sendall(b"GET /x HTTP/1.1\r\n\r\n")
                wait_for(lambda: sim.sim("counters")["in_flight"])
                begin = time.monotonic()
                sim.sim("quit", {}) if number is None else sim.process.send_signal(number)
                out, err = sim.process.communicate(timeout=30)
            self.assertLess(time.monotonic() - begin, 5 + BUSY_S)
            self.assertEqual((sim.process.returncode, out, err), (0, "", ""))

    def test_a_clock_that_is_ahead_shows_in_all_stamps(self) -> None:
        sim = Sim("--frozen", "--queues", "2", "--agents", "2", "--clock-offset", "3600", "--warmup", "0")
        self.addCleanup(sim.close)
        date = email.utils.parsedate_to_datetime(sim.call("GET", "/users").headers["date"]).timestamp()
        self.assertAlmostEqual(date - time.time(), 3600, delta=5)
        user = sim.get("/users?expand=presence")["entities"][0]
        since = datetime.datetime.fromisoformat(user["presence"]["modifiedDate"][:-1] + "+00:00").timestamp()
        self.assertAlmostEqual(since - time.time(), 3600, delta=5)

    def test_the_simulator_listens_on_ipv6(self) -> None:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        sim = Sim("--frozen", "--queues", "2", "--agents", "2", "--host", "::1", tls=True)
        self.addCleanup(sim.directory.cleanup)
        self.addCleanup(sim.stop)
        self.assertEqual(sim.ready["http"], "http://[::1]:%d" % sim.port)
        context = ssl.create_default_context(cafile=sim.ready["ca"])
        connection = http.client.HTTPSConnection("::1", sim.ready["https_port"], context=context, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v2/users")
        self.assertEqual(connection.getresponse().status, 401)

    def test_the_same_seed_gives_the_same_organisation(self) -> None:
        record = []
        for _ in range(2):
            sim = Sim("--frozen", "--seed", "9", "--queues", "5", "--agents", "5")
            queues = sim.sim("truth")["queues"]
            record.append({q: {k: v for k, v in x.items() if k != "media"} for q, x in queues.items()})
            sim.close()
        self.assertEqual(record[0], record[1])

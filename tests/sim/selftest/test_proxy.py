# SPDX-License-Identifier: MIT
"""The proxy, between a client and the simulator or an echo."""
from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any, Optional

from .support import Process, Sim, wait_for

BASIC = "Basic " + base64.b64encode(b"ops:p@ss").decode()


def echo() -> int:
    """Starts a server that echoes its input; returns the port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            plug, _ = server.accept()
            threading.Thread(target=repeat, args=(plug,), daemon=True).start()

    def repeat(plug: socket.socket) -> None:
        with plug:
            while piece := plug.recv(65536):
                plug.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]


class ProxyCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.sim = Sim("--frozen", "--queues", "2", "--agents", "2", tls=True)
        cls.addClassCleanup(cls.sim.close)
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        auth = Path(directory.name) / "auth"
        auth.write_text("ops:p@ss\n")
        cls.open = Process("proxy.py", "--cert", cls.sim.ready["workdir"] + "/server.pem",
                           "--key", cls.sim.ready["workdir"] + "/server.key")
        cls.guarded = Process("proxy.py", "--auth-file", str(auth))
        for proxy in (cls.open, cls.guarded):
            cls.addClassCleanup(proxy.stop)

    def own(self, proxy: Process, what: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.ready["port"], timeout=30)
        connection.request("GET" if body is None else "POST", "/proxy/" + what,
                           None if body is None else json.dumps(body))
        answer = connection.getresponse()
        record = json.loads(answer.read())
        connection.close()
        self.assertEqual(answer.status, 200, record)
        return record

    def through(self, proxy: Process, auth: Optional[str] = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.ready["port"], timeout=30)
        connection.request("GET", self.sim.ready["http"] + "/api/v2/users?pageSize=1",
                           headers={"Proxy-Authorization": auth} if auth else {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def tunnel(self, proxy: Process, port: int, auth: Optional[str] = None) -> tuple[socket.socket, bytes]:
        plug = socket.create_connection(("127.0.0.1", proxy.ready["port"]), timeout=30)
        self.addCleanup(plug.close)
        header = "Proxy-Authorization: %s\r\n" % auth if auth else ""
        plug.sendall(("CONNECT 127.0.0.1:%d HTTP/1.1\r\n%s\r\n" % (port, header)).encode())
        return plug, plug.recv(4096)

    def test_absolute_form_goes_through_and_is_seen_by_the_origin(self) -> None:
        self.sim.sim("reset-counters", {})
        status, body = self.through(self.open)
        self.assertEqual((status, json.loads(body)["code"]), (401, "authentication.required"))
        self.assertEqual(self.sim.sim("counters")["proxy_headers"], {"via": 1})
        target = "127.0.0.1:%d" % self.sim.port
        self.assertGreaterEqual(self.own(self.open, "counters")["targets"][target], 1)

    def test_tls_passes_through_a_tunnel(self) -> None:
        connection = http.client.HTTPSConnection("127.0.0.1", self.open.ready["port"], timeout=30,
                                                 context=ssl.create_default_context(cafile=self.sim.ready["ca"]))
        connection.set_tunnel("localhost", self.sim.ready["https_port"])
        connection.request("GET", "/api/v2/users")
        self.assertEqual(connection.getresponse().status, 401)
        connection.close()

    def test_credentials_are_asked_for_and_do_not_leak(self) -> None:
        self.own(self.guarded, "reset", {})
        self.sim.sim("reset-counters", {})
        self.assertEqual(self.through(self.guarded)[0], 407)
        self.assertEqual(self.through(self.guarded, "Basic " + base64.b64encode(b"ops:no").decode())[0], 407)
        self.assertEqual(self.through(self.guarded, "Basic !")[0], 407)
        self.assertEqual(self.sim.sim("counters")["requests_total"], 0)
        self.assertEqual(self.through(self.guarded, BASIC)[0], 401)
        self.assertNotIn("proxy-authorization", self.sim.sim("counters")["proxy_headers"])
        record = self.own(self.guarded, "counters")
        self.assertEqual((record["counts"]["refused_407"], record["users"]), (3, {"ops": 2}))

    def test_a_second_try_with_credentials_may_use_the_same_connection(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.guarded.ready["port"], timeout=30)
        self.addCleanup(connection.close)
        target = self.sim.ready["http"] + "/api/v2/users"
        connection.request("GET", target)
        refused = connection.getresponse()
        refused.read()
        self.assertEqual((refused.status, refused.getheader("Proxy-Authenticate")), (407, 'Basic realm="simulator"'))
        connection.request("GET", target, headers={"Proxy-Authorization": BASIC})
        self.assertEqual(connection.getresponse().status, 401)

    def test_a_tunnel_carries_any_bytes_both_ways_until_it_is_cut(self) -> None:
        plug, answer = self.tunnel(self.guarded, echo(), BASIC)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"))
        sent = bytes(range(256)) * 800
        threading.Thread(target=plug.sendall, args=(sent,), daemon=True).start()
        got = b""
        while len(got) < len(sent):
            got += plug.recv(65536)
        self.assertEqual(got, sent)
        wait_for(lambda: self.own(self.guarded, "counters")["open_now"] == 1)  # earlier ones may linger
        self.assertEqual(self.own(self.guarded, "cut", {})["cut"], 1)
        self.assertEqual(plug.recv(1), b"")
        wait_for(lambda: self.own(self.guarded, "counters")["open_now"] == 0)

    def test_an_upgrade_in_absolute_form_stays_one(self) -> None:
        with socket.create_connection(("127.0.0.1", self.open.ready["port"]), timeout=30) as plug:
            plug.sendall(b"GET http://127.0.0.1:%d/channels/x HTTP/1.1\r\nConnection: Upgrade\r\n"
                         b"Upgrade: websocket\r\n\r\nframes" % echo())
            got = b""
            while not got.endswith(b"frames"):
                got += plug.recv(4096)
        self.assertTrue(got.startswith(b"GET /channels/x HTTP/1.1\r\n"))
        self.assertIn(b"Connection: Upgrade\r\n", got)
        self.assertIn(b"Upgrade: websocket\r\n", got)

    def test_each_mode_fails_a_connection_in_its_way(self) -> None:
        self.addCleanup(self.own, self.open, "mode", {"mode": "pass"})
        for mode, status in (("deny", 403), ("unavailable", 502)):
            self.own(self.open, "mode", {"mode": mode})
            self.assertEqual(self.through(self.open)[0], status)
        self.own(self.open, "mode", {"mode": "reset"})
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
            self.through(self.open)
        self.own(self.open, "mode", {"mode": "hang"})
        plug = socket.create_connection(("127.0.0.1", self.open.ready["port"]), timeout=0.3)
        self.addCleanup(plug.close)
        plug.sendall(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")
        with self.assertRaises(TimeoutError):
            plug.recv(1)

    def test_an_unreachable_origin_is_a_bad_gateway(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.assertTrue(self.tunnel(self.open, port)[1].startswith(b"HTTP/1.1 502"))

    def test_an_https_proxy_opens_a_tunnel(self) -> None:
        context = ssl.create_default_context(cafile=self.sim.ready["ca"])
        with socket.create_connection(("127.0.0.1", self.open.ready["https_port"]), timeout=30) as plug:
            with context.wrap_socket(plug, server_hostname="localhost") as secured:
                secured.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % self.sim.port)
                self.assertTrue(secured.recv(4096).startswith(b"HTTP/1.1 200"))
                secured.sendall(b"GET /api/v2/users HTTP/1.1\r\nConnection: close\r\n\r\n")
                got = b""
                while piece := secured.recv(4096):
                    got += piece
        self.assertIn(b"authentication.required", got)

    def test_the_proxy_stops_at_once(self) -> None:
        proxy = Process("proxy.py")
        self.assertEqual(proxy.stop(), (0, "", ""))

# SPDX-License-Identifier: MIT
"""Receivers of collectd's own writers, and the files of examples/ that configure both sides."""
from __future__ import annotations

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional
from urllib.parse import parse_qs, urlsplit

from . import process
from .genesys import TOP
from .process import Program, free_port, wait_until

Found = dict[str, tuple[float, float]]


def example(path: str, changes: Optional[dict[str, str]] = None) -> str:
    """A file of examples/ with other addresses; each text to be replaced must be in it once."""
    text = (TOP / "examples" / path).read_text()
    for old, new in (changes or {}).items():
        if text.count(old) != 1:
            raise AssertionError("examples/%s has %r %d times" % (path, old, text.count(old)))
        text = text.replace(old, new)
    return text


def without_loads(text: str) -> str:
    """The text without LoadPlugin, which lib/collectd writes itself."""
    return re.sub(r"^LoadPlugin .*\n", "", text, flags=re.M)


class Records:
    """Records of collectd's JSON: the newest value of each series, and the errors of refused records."""
    FIELDS = {"dsnames": list, "dstypes": list, "values": list, "host": str, "plugin": str, "plugin_instance": str,
              "type": str, "type_instance": str, "time": (int, float), "interval": (int, float)}

    def __init__(self) -> None:
        self.newest: dict[tuple[str, str], tuple[float, float]] = {}
        self.metas: list[Any] = []
        self.complaints: list[str] = []
        self.count = 0

    def take(self, body: bytes) -> bool:
        """Reads a list of records; false if the OpenTelemetry Collector's receiver would refuse it."""
        try:
            records = json.loads(body.decode())
            for record in records:
                self._take_one(record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.complaints.append("%r in %r" % (error, body[:300]))
            return False
        return True

    def _take_one(self, record: dict[str, Any]) -> None:
        for field, kind in self.FIELDS.items():
            if not isinstance(record[field], kind):
                raise TypeError("%s is %r" % (field, record[field]))
        if not len(record["dsnames"]) == len(record["dstypes"]) == len(record["values"]):
            raise ValueError("dsnames, dstypes and values differ in length")
        if not isinstance(record.get("meta", {}), dict):
            raise TypeError("meta is %r" % record["meta"])
        self.count += 1
        self.metas += [record["meta"]] if "meta" in record else []
        for name, kind, value in zip(record["dsnames"], record["dstypes"], record["values"]):
            if kind not in ("gauge", "derive", "counter", "absolute") or not isinstance(value, (int, float, type(None))):
                raise ValueError("%r of the type %r" % (value, kind))
            qualifier = "-" + record["type_instance"] if record["type_instance"] else ""
            source = "" if len(record["dsnames"]) == 1 else "." + name
            key = "%s/%s%s%s" % (record["plugin_instance"], record["type"], qualifier, source)
            if record["plugin"] == "genesys" and value is not None:
                self.newest[record["host"], key] = (record["time"], value)

    def take_command(self, line: str) -> None:
        """Reads PUTVAL "HOST/genesys-INSTANCE/TYPE-QUALIFIER" interval=SECONDS TIME:VALUE."""
        found = re.fullmatch(r'PUTVAL (?:"((?:[^"\\]|\\.)*)"|(\S+)) interval=[\d.]+ ([\d.]+):(\S+)', line)
        if not found:
            self.complaints.append(line)
            return
        quoted, plain, at, value = found.groups()
        host, _, key = (re.sub(r"\\(.)", r"\1", quoted) if quoted else plain).partition("/")
        if key.startswith("genesys-"):
            self.newest[host, key.removeprefix("genesys-")] = (float(at), float(value.partition(":")[0]))

    def of(self, host: str) -> Found:
        """INSTANCE/TYPE-QUALIFIER -> (epoch, value)."""
        return {key: found for (of, key), found in list(self.newest.items()) if of == host}


class HttpReceiver:
    """An HTTP server that passes (path, query, headers, body) of each POST to `take`; answers 400 if that is false."""

    def __init__(self, take: Callable[[str, dict[str, list[str]], Any, bytes], bool], good: int = 200) -> None:
        self.port = free_port()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                parts = urlsplit(self.path)
                taken = take(parts.path, parse_qs(parts.query), self.headers, body)
                self.send_response(good if taken else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()


KCAT = process.program("kcat", "kafkacat")


class Kafka(Records):
    """librdkafka's mock broker. kcat runs the broker and reads the topic."""
    def __init__(self, topic: str) -> None:
        super().__init__()
        self.placed: list[tuple[str, str]] = []  # (partition, key) of each message
        self.program = Program([KCAT, "-C", "-u", "-t", topic, "-b", "127.0.0.1:1", "-f", "message %p %k %s\n",
                                "-X", "test.mock.num.brokers=1",
                                # librdkafka 2.8: the mock broker creates a topic only when a client requests it.
                                "-X", "allow.auto.create.topics=true"], env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"})
        line = wait_until(lambda: self.program.matching("Mock cluster enabled"), 20, "the broker listens")[0]
        self.address = line.split()[-1]
        self._read = 0

    def read(self) -> "Kafka":
        """Takes the messages that arrived since the last call."""
        lines = list(self.program.lines)
        for _, line in lines[self._read:]:
            if line.startswith("message "):
                _, partition, key, message = line.split(" ", 3)
                self.placed.append((partition, key))
                if message.startswith("PUTVAL "):
                    self.take_command(message)
                else:
                    self.take(message.encode())
        self._read = len(lines)
        return self

# SPDX-License-Identifier: MIT
"""A name server of a daemon's own, whose answers have a fault: with "black hole" it receives queries and answers none."""
from __future__ import annotations

import os
import shutil
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from . import process
from .report import Skip

UNKNOWN_NAME = "api.genesys-e2e.test"  # a name that no file has
SCRIPT = ('set -e; mount --bind "$1/resolv.conf" /etc/resolv.conf; mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf; '
          'shift; exec "$@"')
LATE_S = 3.0  # longer than the time-outs of the agents in fault_matrix.py
NO_ERROR, SERVER_FAILURE, NO_NAME, REFUSED = 0, 2, 3, 5  # RFC 1035, 4.1.1
TYPE_A, TYPE_TXT = 1, 16
RCODES = {"500": SERVER_FAILURE, "404": NO_NAME, "refused": REFUSED}


def _answer(query: bytes, fault: str) -> bytes:
    """The answer to a query for any name: 127.0.0.1, and no address of another family (RFC 1035, 4.1)."""
    asked = query[12:query.index(b"\0", 12) + 5]
    kind = struct.unpack("!H", asked[-4:-2])[0]
    if fault in RCODES:
        return query[:2] + struct.pack("!HHHHH", 0x8180 | RCODES[fault], 1, 0, 0, 0) + asked
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if kind == TYPE_A else 0, 0, 0) + asked
    if kind != TYPE_A:
        return head
    if fault == "wrong type":
        return head + b"\xc0\x0c" + struct.pack("!HHIH", TYPE_TXT, 1, 0, 5) + b"\x04text"
    return head + b"\xc0\x0c" + struct.pack("!HHIH", TYPE_A, 1, 0, 4) + bytes([127, 0, 0, 1])


def _spoil(answer: bytes, fault: str) -> bytes:
    if fault == "truncated":
        return answer[:len(answer) - 7]
    return answer[:2] + b"\xff" * 30 if fault == "malformed" else answer


@dataclass
class Resolver:
    wrapper: tuple[str, ...]  # of a daemon that has this resolver
    sink: socket.socket  # stays open: a closed port refuses the next query at once
    fault: str
    hits: int = 0  # queries since the fault was set
    asked: threading.Event = field(default_factory=threading.Event)  # it was asked for a name

    def apply(self, fault: str) -> None:
        self.fault, self.hits = fault, 0

    def serve(self) -> None:
        while True:
            query, client = self.sink.recvfrom(2048)
            self.asked.set()
            self.hits += 1
            if self.fault != "black hole":
                threading.Thread(target=self._send, args=(query, client), daemon=True).start()

    def _send(self, query: bytes, client: tuple[str, int]) -> None:
        if self.fault == "late":
            time.sleep(LATE_S)
        answer = _spoil(_answer(query, self.fault), self.fault)
        for _ in range(2 if self.fault == "duplicate" else 1):
            self.sink.sendto(answer, client)


def resolver(fault: str) -> Resolver:
    unshare = process.program("unshare")
    if os.geteuid() != 0 or not unshare or not shutil.which("mount"):
        raise Skip("needs root and unshare(1), for a resolv.conf of its own")
    sink, last = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 2 + os.getpid() % 250
    try:
        sink.bind(("127.0.0.%d" % last, 53))
    except OSError as error:
        raise Skip("no name server can listen there: %s" % error) from None
    folder = process.folder("resolver")
    (folder / "resolv.conf").write_text("nameserver 127.0.0.%d\noptions timeout:30 attempts:5\n" % last)
    (folder / "nsswitch.conf").write_text("hosts: files dns\n")
    wrapper = (unshare, "-m", "sh", "-c", SCRIPT, "sh", str(folder))
    tried = process.run([*wrapper, "true"])
    if tried.returncode != 0:
        raise Skip("no mount namespace here: %s" % tried.stdout.decode(errors="replace").strip())
    made = Resolver(wrapper, sink, fault)
    threading.Thread(target=made.serve, daemon=True).start()
    return made


def silent_resolver() -> Resolver:
    return resolver("black hole")

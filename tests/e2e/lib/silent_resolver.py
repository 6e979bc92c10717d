# SPDX-License-Identifier: MIT
"""A resolver that hangs: a name server that receives queries and answers none."""
from __future__ import annotations

import os
import shutil
import socket
import threading
from dataclasses import dataclass

from . import process
from .report import Skip

UNKNOWN_NAME = "api.genesys-e2e.test"  # a name that no file has
SCRIPT = ('set -e; mount --bind "$1/resolv.conf" /etc/resolv.conf; mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf; '
          'shift; exec "$@"')


@dataclass
class SilentResolver:
    wrapper: tuple[str, ...]  # of a daemon that has this resolver
    asked: threading.Event  # it was asked for a name
    sink: socket.socket  # stays open: a closed port refuses the next query at once


def silent_resolver() -> SilentResolver:
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
    asked = threading.Event()

    def listen() -> None:
        sink.recv(2048)
        asked.set()
    threading.Thread(target=listen, daemon=True).start()
    return SilentResolver(wrapper, asked, sink)

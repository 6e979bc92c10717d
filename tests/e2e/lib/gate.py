# SPDX-License-Identifier: MIT
"""A relay in front of a server: open, slow, closed (connections are refused), or a black hole."""
from __future__ import annotations

import select
import socket
import threading
from typing import Optional

from .process import free_port, wait_until, watch_for


class Gate:
    """Listens on its own port and relays connections to `target`, a port on the loopback interface."""

    def __init__(self, target: int, is_open: bool = True) -> None:
        self.target = target
        self.port = free_port()
        self.accepted = 0
        self.is_black_hole = False
        self.delay_s = 0.0  # of each piece of an answer
        self._listener: Optional[socket.socket] = None
        self._pairs: set[socket.socket] = set()
        if is_open:
            self.open()

    @property
    def url(self) -> str:
        return "https://127.0.0.1:%d" % self.port

    def open(self) -> None:
        self._listener = wait_until(lambda: socket.create_server(("127.0.0.1", self.port), backlog=64), 10,
                                    "listening on port %d" % self.port)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Refuses new connections and cuts the open ones."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for one in list(self._pairs):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def lead_to(self, target: int) -> None:
        """Relays to another port from now on; cuts the open connections."""
        self.close()
        self.target = target
        self.open()

    def stop_answering(self) -> None:
        """Accepts connections from now on, but answers nothing."""
        self.is_black_hole = True

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(client, listener), daemon=True).start()

    def _serve(self, client: socket.socket, listener: socket.socket) -> None:
        with client:
            if self.is_black_hole:
                self._discard(client)
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                return
            with server:
                self._relay(client, server, listener)

    @staticmethod
    def _discard(client: socket.socket) -> None:
        try:
            while client.recv(65536):
                pass
        except OSError:
            pass

    def _relay(self, client: socket.socket, server: socket.socket, listener: socket.socket) -> None:
        pair = {client, server}
        self._pairs |= pair
        try:
            # A close() before this pair was listed has not cut it.
            while listener is self._listener:
                for one in select.select([client, server], [], [])[0]:
                    piece = one.recv(65536)
                    if not piece:
                        return
                    if one is server and self.delay_s:
                        watch_for(self.delay_s)
                    if not self.is_black_hole:
                        (server if one is client else client).sendall(piece)
        except (OSError, ValueError):
            pass
        finally:
            self._pairs -= pair

# SPDX-License-Identifier: MIT
"""A private graphite-web over the files of a carbon-cache."""
from __future__ import annotations

import json
import subprocess
import urllib.parse
from typing import Any

from . import process
from .genesys import fetch
from .process import Program, free_port, wait_until
from .sinks import SYSTEM_PYTHON, Carbon

# server_bind is replaced, because http.server's own asks the resolver for the name of this host.
SERVER = """import socketserver, sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
class Server(WSGIServer):
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()
from graphite.wsgi import application
server = Server(("127.0.0.1", int(sys.argv[1])), WSGIRequestHandler)
server.set_app(application)
server.serve_forever()
"""


def has_graphite_web() -> bool:
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('graphite') is None)"
    return subprocess.run([SYSTEM_PYTHON, "-c", look], check=False).returncode == 0


class GraphiteWeb:
    def __init__(self, carbon: Carbon) -> None:
        folder = process.folder("graphite")
        (folder / "log" / "webapp").mkdir(parents=True)
        (folder / "genesys_test_settings.py").write_text(
            "SECRET_KEY = 'test'\nLOG_DIR = %r\nSTORAGE_DIR = %r\nCONF_DIR = %r\nSTANDARD_DIRS = [%r]\nCARBONLINK_HOSTS = []\n"
            "ALLOWED_HOSTS = ['*']\nTIME_ZONE = 'UTC'\nUTF8_METRICS = True\n"  # names such as サポート窓口
            % (str(folder / "log" / "webapp"), str(folder), str(folder), str(carbon.folder / "whisper"))
        )
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.program = Program(
            [SYSTEM_PYTHON, "-c", SERVER, str(self.port)],
            cwd=folder,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(folder),
                "PYTHONPATH": str(folder),
                "LC_ALL": "C.UTF-8",
                "DJANGO_SETTINGS_MODULE": "graphite.settings",
                "GRAPHITE_SETTINGS_MODULE": "genesys_test_settings",
            },
        )

    def wait_open(self) -> None:
        try:
            wait_until(lambda: process.listens(self.port) or not self.program.is_running(), 60, "graphite-web listens")
        except process.Late as late:
            raise process.Late("%s; its output:\n%s" % (late, self.program.text)) from None
        if not self.program.is_running():
            raise RuntimeError("graphite-web: " + self.program.text)

    def ask(self, path: str, **words: str) -> Any:
        return json.loads(fetch("%s%s?%s" % (self.url, path, urllib.parse.urlencode(words)), within_s=60))

    def render(self, target: str, span_s: int) -> list[dict[str, Any]]:
        return self.ask("/render", target=target, format="json", **{"from": "-%ds" % span_s}, maxDataPoints="300")

    def expand(self, query: str) -> list[str]:
        return self.ask("/metrics/expand", query=query)["results"]

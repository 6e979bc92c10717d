#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the Genesys Cloud simulator; see README.md beside it."""
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from simulator.application import Simulator  # noqa: E402
from simulator.clock import Clock  # noqa: E402
from simulator.settings import DEFAULT_CLIENT_ID, DEFAULT_SECRET, Settings  # noqa: E402
from simulator.stream import dump  # noqa: E402
from simulator.web import certificates  # noqa: E402
from simulator.web.server import Listener  # noqa: E402
from simulator.world.model import MEDIA  # noqa: E402
from simulator.world.world import World  # noqa: E402

STACK_BYTES = 512 * 1024  # of a connection's thread; the default is 8 MB of address space


def options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A Genesys Cloud organisation on the loopback interface.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="plain HTTP; 0: any free port")
    add("--tls-port", type=int, default=0)
    add("--no-tls", action="store_true", help="plain HTTP only; needs no openssl command")
    add("--seed", type=int, default=1)
    add("--speed", type=float, default=1.0, help="durations / X, arrivals * X")
    add("--queues", type=int, default=24)
    add("--agents", type=int, default=80)
    add("--media", default=",".join(MEDIA), help="media that have contacts")
    add("--plain-names", action="store_true")
    add("--warmup", type=float, default=1200.0, help="virtual seconds that are played before the start")
    add("--load", type=float, default=1.0, help="factor of the arrival rates")
    add("--frozen", action="store_true")
    add("--clock-offset", type=float, default=0.0, help="seconds the platform's clock is ahead")
    add("--clock-rate", type=float, default=1.0, help="the platform's clock runs X times as fast as ours")
    add("--scenario", type=Path, help="JSON: story, config, steps, expect")
    add("--workdir", type=Path, help="for certificates and sim.json; default: a temporary one")
    add("--client-id", default=DEFAULT_CLIENT_ID)
    add("--client-secret-file", type=Path)
    add("--token-life", type=float, default=86_400.0)
    add("--rate-limit", type=int, default=300, help="requests a minute; 0: none")
    add("--permissions", help="comma-separated; default: all")
    add("--dump-events", nargs=2, metavar=("N", "FILE"),
        help="write N conversation events and end: a message a line, or WebSocket frames when FILE ends in .ws")
    add("--scopes", help="comma-separated; named in the token answer (guide dialect)")
    return parser.parse_args(words)


def names(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def build(args: argparse.Namespace) -> Simulator:
    """The world, the settings and the scenario."""
    media = names(args.media) or []
    wrong = [m for m in media if m not in MEDIA]
    if wrong or not media:
        raise SystemExit("--media %s: give some of %s" % (args.media, ",".join(MEDIA)))
    settings = Settings(client_id=args.client_id, token_life_s=args.token_life, rate_limit=args.rate_limit,
                        permissions=names(args.permissions), token_scopes=names(args.scopes))
    if args.client_secret_file:
        settings.client_secret = args.client_secret_file.read_text().strip()
    clock = Clock(args.speed, args.frozen, args.clock_offset, args.clock_rate)
    world = World(clock, args.seed, args.queues, args.agents, media, args.plain_names, args.warmup, args.load)
    app = Simulator(world, settings, args.seed)
    if args.scenario:
        app.scenario = json.loads(args.scenario.read_text())
        app.control.change_config(dict(app.scenario.get("config", {})))
        app.control.post_steps(list(app.scenario.get("steps", [])), replace=True)
    return app


def dump_events(args: argparse.Namespace) -> int:
    app = build(args)
    count, size = dump.write(app.world, int(args.dump_events[0]), Path(args.dump_events[1]), args.seed)
    print(json.dumps({"events": count, "bytes": size, "mean_bytes": round(size / max(1, count))}))
    return 0


def listen(args: argparse.Namespace, app: Simulator, where: Path) -> tuple[list[Listener], dict[str, str]]:
    listeners = [Listener("http", args.host, args.port, app)]
    listeners.append(Listener("sqs", args.host, 0, app.flow.endpoint))
    files: dict[str, str] = {}
    if not args.no_tls:
        files = certificates.make(where)
        for name, port, certificate, client_ca in (
                ("https", args.tls_port, "server", ""), ("https_expired", 0, "server-expired", ""),
                ("https_soon", 0, "server-soon", ""),
                ("https_wrong_host", 0, "server-other", ""), ("https_mtls", 0, "server", files["client_ca"])):
            context = certificates.context(where, certificate, client_ca)
            listeners.append(Listener(name, args.host, port, app, context))
        listeners.append(Listener("sqs_tls", args.host, 0, app.flow.endpoint, certificates.context(where, "server")))
    return listeners, files


def announce(args: argparse.Namespace, app: Simulator, listeners: list[Listener], files: dict[str, str],
             where: Path) -> dict[str, Any]:
    """Prints the ready line with ports, URLs and files; writes it to sim.json as well."""
    secret_file = where / "client.secret"
    secret_file.write_text(app.settings.client_secret + "\n")
    secret_file.chmod(0o600)
    ready: dict[str, Any] = {"ready": True, "pid": os.getpid(), "workdir": str(where), "seed": args.seed,
                             "speed": args.speed, "clock_rate": args.clock_rate, "queues": args.queues, "agents": args.agents,
                             "client_id": app.settings.client_id, "client_secret_file": str(secret_file),
                             "control": listeners[0].url + "/sim/"}
    for listener in listeners:
        ready[listener.name] = listener.url
        ready[listener.name + "_port"] = listener.port
    ready.update(files)
    ready.update(app.flow.known(ready["sqs_port"], ready.get("sqs_tls_port", 0)))
    if args.client_secret_file is None:
        ready["client_secret"] = DEFAULT_SECRET  # a public constant, see settings.py
    temporary = where / "sim.json.tmp"
    temporary.write_text(json.dumps(ready, indent=1) + "\n")
    temporary.replace(where / "sim.json")
    return ready


def main(words: list[str]) -> int:
    args = options(words)
    if args.dump_events:
        return dump_events(args)
    threading.stack_size(STACK_BYTES)
    where = args.workdir or Path(tempfile.mkdtemp(prefix="genesys-sim-"))
    where.mkdir(parents=True, exist_ok=True)
    where = where.resolve()
    app = build(args)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=app.stopping.set).start())
    listeners, files = listen(args, app, where)
    ready = announce(args, app, listeners, files, where)
    for listener in listeners:
        listener.start()
    threading.Thread(target=app.tick, name="ticker", daemon=True).start()
    try:
        print(json.dumps(ready), flush=True)
    except BrokenPipeError:  # the program that started this one has ended
        app.stopping.set()
    app.stopping.wait()
    if args.workdir is None:
        shutil.rmtree(where, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)  # connections that hang on purpose must not delay the exit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

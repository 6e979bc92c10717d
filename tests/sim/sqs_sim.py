#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The SQS side of the simulator alone, and files of attribute events; see README.md beside it."""
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from simulator.flow.control import FlowControl  # noqa: E402
from simulator.flow.events import Maker, Plan  # noqa: E402
from simulator.flow.truth import Truth  # noqa: E402
from simulator.web import certificates  # noqa: E402
from simulator.web.server import Listener  # noqa: E402

STACK_BYTES = 512 * 1024


def options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Amazon SQS, its credentials and EventBridge's pushes.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="plain HTTP; 0: any free port")
    add("--tls-port", type=int, default=0)
    add("--no-tls", action="store_true", help="plain HTTP only; needs no openssl command")
    add("--region", default="eu-west-1")
    add("--seed", type=int, default=1)
    add("--workdir", type=Path, help="for certificates; default: a temporary one")
    add("--feed", type=json.loads, help="a plan of events for the queue, as POST /sim/flow/feed takes it")
    add("--dump", nargs=2, metavar=("N", "FILE"), help="write N event bodies, one a line, and FILE.truth; then end")
    add("--plan", type=json.loads, default={}, help="of --dump: {\"noise\": 50, …}")
    return parser.parse_args(words)


def dump(args: argparse.Namespace) -> int:
    truth, path = Truth(), Path(args.dump[1])
    plan = Plan.parse({"seed": args.seed, **args.plan, "events": int(args.dump[0])})
    with path.open("w", encoding="utf-8") as out:
        for portion in Maker(plan, truth, int(time.time() * 1000)).portions():
            out.write("\n".join(portion) + "\n")
    path.with_name(path.name + ".truth").write_text(json.dumps(truth.as_json(), ensure_ascii=False) + "\n")
    print(json.dumps({"events": truth.events, "bytes": path.stat().st_size, "counted": sum(truth.counts.values())}))
    return 0


def start(args: argparse.Namespace, flow: FlowControl, where: Path) -> dict[str, Any]:
    listeners, files = [Listener("sqs", args.host, args.port, flow.endpoint)], {}
    if not args.no_tls:
        files = certificates.make(where)
        listeners.append(Listener("sqs_tls", args.host, args.tls_port, flow.endpoint,
                                  certificates.context(where, "server")))
    for listener in listeners:
        listener.start()
    return {"ready": True, "pid": os.getpid(), "workdir": str(where), "control": listeners[0].url + "/sim/",
            **{listener.name + "_port": listener.port for listener in listeners}, **files,
            **flow.known(listeners[0].port, listeners[1].port if len(listeners) > 1 else 0)}


def main(words: list[str]) -> int:
    args = options(words)
    if args.dump:
        return dump(args)
    threading.stack_size(STACK_BYTES)
    where = args.workdir or Path(tempfile.mkdtemp(prefix="sqs-sim-"))
    where.mkdir(parents=True, exist_ok=True)
    flow, stopping = FlowControl(args.region, args.seed), threading.Event()
    flow.stopping = stopping
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=stopping.set).start())
    if args.feed:
        flow.feed(None, args.feed)  # type: ignore[arg-type]
    print(json.dumps(start(args, flow, where.resolve())), flush=True)
    stopping.wait()
    if args.workdir is None:
        shutil.rmtree(where, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)  # long polls must not delay the exit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

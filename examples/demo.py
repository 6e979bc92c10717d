#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the simulator and a private collectd, and shows live values, for demo.sh.

usage: demo.py SOURCE_FOLDER BUILD_FOLDER
"""

import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata
import urllib.request

PORT = 9103  # the usual port of collectd's write_prometheus
EVERY_S = 2
START_S = 30
COLLECTD = ("/usr/sbin/collectd", "/usr/local/sbin/collectd")
PLUGIN_FOLDERS = ("/usr/lib/collectd", "/usr/lib64/collectd", "/usr/local/lib/collectd")

CONFIG = """\
Hostname "demo"
BaseDir "{work}"
PIDFile "{work}/collectd.pid"
PluginDir "{work}/plugins"
TypesDB "{types}"
Interval 2

LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "{work}/collectd.log"
</Plugin>
LoadPlugin write_prometheus
<Plugin write_prometheus>
  Host "127.0.0.1"
  Port "{port}"
</Plugin>

LoadPlugin genesys
LoadPlugin genesys_realtime
LoadPlugin genesys_analytics
<Plugin genesys>
  <Account "demo">
{account}
  </Account>
</Plugin>
<Plugin genesys_realtime>
  <Queues "all">
    Account "demo"
    Observations "{observations}"
    ObservationInterval {interval}
  </Queues>
</Plugin>
<Plugin genesys_analytics>
  <Query "queues">
    Account "demo"
    Backfill "PT15M"
  </Query>
</Plugin>
"""


def fail(message):
    sys.exit(f"demo: {message}")


def first_existing(paths, what):
    for path in paths:
        if os.path.exists(path):
            return path
    return fail(f"no {what} found; install collectd")


def free_port(wanted):
    for port in (wanted, 0):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return s.getsockname()[1]
    return fail("no free port")


def copy_plugins(build, work):
    """Copies the plugins into one folder: collectd has only one plugin folder, and
    refuses symlinks."""
    folder = os.path.join(work, "plugins")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    theirs = first_existing(PLUGIN_FOLDERS, "collectd plugin folder")
    for name in ("logfile", "write_prometheus"):
        path = os.path.join(theirs, name + ".so")
        if not os.path.exists(path):
            fail(f"collectd's plugin {name} is not installed")
        shutil.copy(path, folder)
    for path in glob.glob(os.path.join(build, ".libs", "genesys*.so")):
        shutil.copy(path, folder)


def start_simulator(source, work):
    command = [sys.executable, os.path.join(source, "tests/sim/genesys_sim.py"),
               "--workdir", os.path.join(work, "sim"), "--speed", "10",
               "--queues", "8", "--agents", "40"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline() or "{}")
    if not ready.get("https"):
        fail("the simulator did not start")
    return process, ready


def account_of(ready):
    """Returns the options of the <Account> block."""
    if ready is None:
        lines = [f'Region "{os.environ["GENESYS_REGION"]}"',
                 f'ClientId "{os.environ["GENESYS_CLIENT_ID"]}"',
                 'ClientSecretEnv "GENESYS_CLIENT_SECRET"']
    else:
        lines = [f'BaseURL "{ready["https"]}"', f'CACert "{ready["ca"]}"',
                 f'ClientId "{ready["client_id"]}"',
                 f'ClientSecretFile "{ready["client_secret_file"]}"']
    return "\n".join("    " + line for line in lines)


def start_collectd(build, work, config):
    path = os.path.join(work, "collectd.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(config)
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.join(build, ".libs"))
    return subprocess.Popen([first_existing(COLLECTD, "collectd"), "-f", "-C", path],
                            env=environment)


LINE = re.compile(r'^collectd_genesys_(\w+)\{(.*)\} (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def scrape(port):
    """Returns {queue: {(type, type_instance): value}} from the Prometheus endpoint."""
    queues = {}
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        text = answer.read().decode("utf-8")
    for line in text.splitlines():
        match = LINE.match(line)
        if not match or not match[1].startswith("queue_"):
            continue
        labels = dict(LABEL.findall(match[2]))
        name = labels.get("genesys", "").replace('\\"', '"').replace("\\\\", "\\")
        queues.setdefault(name, {})[match[1], labels.get("type", "")] = float(match[3])
    return queues


COLUMNS = (("waiting", "queue_depth"), ("alerting", "queue_alerting"),
           ("talking", "queue_interacting"))
AGENTS = ("member", "on_queue", "available")
COUNTED = (("offered", "queue_offer_total"), ("answered", "queue_answer_total"),
           ("left", "queue_abandon_total"))


def padded(name, width):
    """Returns the name in `width` columns of a terminal; some characters take two."""
    out, used = "", 0
    for c in name:
        columns = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if used + columns > width - 1:
            break
        out, used = out + c, used + columns
    return out + " " * (width - used)


def total(values, kind):
    return sum(v for (k, _), v in values.items() if k == kind)


def row(name, values):
    cells = [padded(name, 28)]
    for _, kind in COLUMNS:
        cells.append(f"{total(values, kind):9.0f}")
    longest = [v for (k, _), v in values.items() if k == "queue_longest_wait"]
    cells.append(f"{max(longest, default=0):9.1f}s")
    for agent in AGENTS:
        cells.append(f"{values.get(('queue_agents', agent), 0):10.0f}")
    for _, kind in COUNTED:
        cells.append(f"{total(values, kind):9.0f}")
    return "".join(cells)


def show(queues, port, is_terminal):
    head = f"{'queue':28}" + "".join(f"{title:>9}" for title, _ in COLUMNS)
    head += f"{'longest':>10}" + "".join(f"{agent:>10}" for agent in AGENTS)
    head += "".join(f"{title:>9}" for title, _ in COUNTED)
    if is_terminal:
        print("\033[H\033[2J", end="")
    print(f"{time.strftime('%H:%M:%S')}  http://127.0.0.1:{port}/metrics  (Ctrl-C ends)\n")
    print(head)
    for name in sorted(queues):
        print(row(name, queues[name]))
    print(flush=True)


def watch(collectd, port, log, until):
    """Shows tables until the time is over; True if values came and changed."""
    seen, readings, stop = set(), 0, threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    started = time.monotonic()
    while not stop.is_set() and (until is None or time.monotonic() - started < until):
        if collectd.poll() is not None:
            print(open(log, encoding="utf-8").read() if os.path.exists(log) else "")
            fail("collectd ended")
        try:
            queues = scrape(port)
        except OSError:
            queues = {}
        if queues:
            readings += 1
            seen.add(json.dumps(sorted((q, sorted(map(str, v.items()))) for q, v in queues.items())))
            show(queues, port, sys.stdout.isatty())
        elif time.monotonic() - started > START_S:
            print(open(log, encoding="utf-8").read())
            fail(f"no values after {START_S} s; the log is above")
        stop.wait(EVERY_S)
    return readings > 1 and len(seen) > 1


def main():
    source, build = sys.argv[1:3]
    work = os.path.join(build, "demo")
    os.makedirs(work, exist_ok=True)
    copy_plugins(build, work)
    given = [bool(os.environ.get("GENESYS_" + k)) for k in ("CLIENT_ID", "CLIENT_SECRET", "REGION")]
    if any(given) and not all(given):
        fail("give all of GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_REGION, or none; "
             "sudo passes them on with -E only")
    own = all(given)
    simulator, ready = (None, None) if own else start_simulator(source, work)
    os.environ.pop("GENESYS_CLIENT_SECRET", None) if not own else None
    port = free_port(PORT)
    log = os.path.join(work, "collectd.log")
    if os.path.exists(log):
        os.remove(log)
    types = first_existing(("/usr/share/collectd/types.db", "/usr/local/share/collectd/types.db"),
                           "types.db")
    config = CONFIG.format(work=work, types=types, port=port, account=account_of(ready),
                           observations="activity" if own else "query",
                           interval=10 if own else 2)
    collectd = start_collectd(build, work, config)
    seconds = os.environ.get("DEMO_SECONDS")
    try:
        moved = watch(collectd, port, log, float(seconds) if seconds else None)
    finally:
        for process in (collectd, simulator):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(10)
    if seconds and not moved:
        fail("the values did not change")
    print(f"demo: ended; log and configuration are in {work}")


if __name__ == "__main__":
    main()

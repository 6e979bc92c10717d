#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the simulator, a private collectd and, if it is installed, Prometheus with rules and
wallboard; shows live values. demo.sh calls it.

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
OWN_PORT = 9104  # of genesys_prometheus
PROMETHEUS_PORT = 9090
EVERY_S = 2
START_S = 30
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
{endpoint}<Plugin genesys>
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


ENDPOINT = """\
LoadPlugin genesys_prometheus
<Plugin genesys_prometheus>
  Port {port}
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


def start(started, command, **more):
    """Starts a program that end_all() ends."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    started.append(process)
    return process


def end_all(started):
    """Ends all programs, the last one first."""
    for process in reversed(started):
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start_simulator(started, source, work):
    command = [sys.executable, os.path.join(source, "tests/sim/genesys_sim.py"),
               "--workdir", os.path.join(work, "sim"), "--speed", "10",
               "--queues", "8", "--agents", "40"]
    process = start(started, command, stdout=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline() or "{}")
    if not ready.get("https"):
        fail("the simulator did not start")
    return ready


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


def start_collectd(started, build, work, config):
    path = os.path.join(work, "collectd.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(config)
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.join(build, ".libs"))
    return start(started, [first_existing(COLLECTD, "collectd"), "-f", "-C", path], env=environment)


def prometheus_config(examples, work, port):
    """Returns the path of examples/prometheus/prometheus.yml with this demo's port, without
    Alertmanager; scrapes and rules run every 2 s."""
    folder = os.path.join(work, "prometheus")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(examples, "prometheus"), folder)
    path = os.path.join(folder, "prometheus.yml")
    with open(path, encoding="utf-8") as f:
        text = f.read().replace(f"127.0.0.1:{OWN_PORT}", f"127.0.0.1:{port}")
    text = re.sub(r"(?m)^alerting:\n(?: .*\n)+", "", text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"_interval: \d+s", f"_interval: {EVERY_S}s", text))
    return path


def start_prometheus(started, source, build, work, port):
    """Starts Prometheus with the rules of the examples and the wallboard. Returns the lines
    about its addresses, and its URL; None where it is not installed."""
    installed = shutil.which("prometheus")
    program = installed or os.path.join(build, "prometheus/usr/bin/prometheus")
    if not os.path.exists(program):
        return ["Prometheus   is not installed: no alerts and no wallboard"], None
    examples = os.path.join(source, "examples")
    config = prometheus_config(examples, work, port)
    url = f"127.0.0.1:{free_port(PROMETHEUS_PORT)}"
    command = [program, "--config.file=" + config, "--web.listen-address=" + url,
               "--storage.tsdb.path=" + os.path.join(work, "prometheus/data"), "--log.level=warn"]
    # Without the files of its package, Debian's Prometheus has no pages of its own.
    lines = [f"Prometheus   http://{url}/" + ("" if installed else "api/v1/alerts")]
    wallboard = os.path.join(examples, "wallboard")
    if os.path.exists(os.path.join(wallboard, "index.html")):
        command.append("--web.console.templates=" + wallboard)
        lines.append(f"wallboard    http://{url}/consoles/index.html")
    with open(os.path.join(work, "prometheus.log"), "w", encoding="utf-8") as log:
        start(started, command, cwd=work, stdout=log, stderr=log)
    return lines, "http://" + url


def prometheus_has_data(url):
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?query=genesys_queue_depth", timeout=5) as answer:
            return bool(json.load(answer)["data"]["result"])
    except OSError:
        return False


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


def show(queues, addresses, is_terminal):
    head = f"{'queue':28}" + "".join(f"{title:>9}" for title, _ in COLUMNS)
    head += f"{'longest':>10}" + "".join(f"{agent:>10}" for agent in AGENTS)
    head += "".join(f"{title:>9}" for title, _ in COUNTED)
    if is_terminal:
        print("\033[H\033[2J", end="")
    print("\n".join([*addresses, "", time.strftime("%H:%M:%S") + "  (Ctrl-C ends)", ""]))
    print(head)
    for name in sorted(queues):
        print(row(name, queues[name]))
    print(flush=True)


def watch(collectd, port, addresses, log, until):
    """Shows tables until the time is over or a signal arrives; returns True if values came and changed."""
    seen, readings = set(), 0
    stop = threading.Event()
    for name in SIGNALS:
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
            show(queues, addresses, sys.stdout.isatty())
        elif time.monotonic() - started > START_S:
            print(open(log, encoding="utf-8").read())
            fail(f"no values after {START_S} s; the log is above")
        stop.wait(EVERY_S)
    return readings > 1 and len(seen) > 1


def is_own_organisation():
    given = [bool(os.environ.get("GENESYS_" + k)) for k in ("CLIENT_ID", "CLIENT_SECRET", "REGION")]
    if any(given) and not all(given):
        fail("give all of GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_REGION, or none; "
             "sudo passes them on with -E only")
    if not any(given):
        os.environ.pop("GENESYS_CLIENT_SECRET", None)
    return all(given)


def run(started, source, build, work):
    """Starts everything and watches it until the end."""
    own = is_own_organisation()
    ready = None if own else start_simulator(started, source, work)
    port = free_port(PORT)
    log = os.path.join(work, "collectd.log")
    if os.path.exists(log):
        os.remove(log)
    types = first_existing(("/usr/share/collectd/types.db", "/usr/local/share/collectd/types.db"),
                           "types.db")
    addresses = [f"values       http://127.0.0.1:{port}/metrics (write_prometheus)"]
    endpoint, url = "", None
    if os.path.exists(os.path.join(work, "plugins/genesys_prometheus.so")):
        own_port = free_port(OWN_PORT)
        endpoint = ENDPOINT.format(port=own_port)
        addresses.append(f"             http://127.0.0.1:{own_port}/metrics (genesys_prometheus)")
        lines, url = start_prometheus(started, source, build, work, own_port)
        addresses += lines
    print("\n".join(addresses), flush=True)
    config = CONFIG.format(work=work, types=types, port=port, account=account_of(ready),
                           observations="activity" if own else "query",
                           interval=10 if own else 2, endpoint=endpoint)
    collectd = start_collectd(started, build, work, config)
    seconds = os.environ.get("DEMO_SECONDS")
    moved = watch(collectd, port, addresses, log, float(seconds) if seconds else None)
    if seconds and not moved:
        fail("the values did not change")
    if seconds and url and not prometheus_has_data(url):
        fail(f"Prometheus has no data; its log is {work}/prometheus.log")


def main():
    source, build = sys.argv[1:3]
    work = os.path.join(build, "demo")
    os.makedirs(work, exist_ok=True)
    copy_plugins(build, work)
    for name in SIGNALS:
        signal.signal(name, lambda number, _: sys.exit(128 + number))
    started = []
    try:
        run(started, source, build, work)
    finally:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        end_all(started)
    print(f"demo: ended; log and configuration are in {work}")


if __name__ == "__main__":
    main()

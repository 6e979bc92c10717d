#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does genesys-probe --once name the fault between this host and the servers, and change nothing?"""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Optional

from lib import process, report
from lib.collectd import DAEMON, FLOWS, Collectd, account, block, build_folder, built, polled, query, queues
from lib.flows import Sqs, attributes
from lib.genesys import Proxy, Simulator
from lib.hanging_disk import hanging_disk
from lib.process import free_port, wait_until
from lib.redis import SERVER, Redis
from lib.report import check, has_line, same
from lib.stream import Sibling
from lib.timeseries import INFLUXD, Influx1
from probe import PROBE, Place, ours

PROD = '<Account "prod">'
SMALL: dict[str, Any] = {"queues": 4, "agents": 4, "warmup": 0, "frozen": True, "plain_names": True}
LIMIT_S = 60


def environment(env: Optional[dict[str, str]] = None) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": str(build_folder() / ".libs"),
            "GENESYS_PROBE_LIBRARY": str(build_folder() / ".libs"), **(env or {})}


def run(config: Path, where: Path, env: Optional[dict[str, str]] = None) -> "subprocess.CompletedProcess[str]":
    """Runs genesys-probe --once; checks that it ends within its limit and shows no secret."""
    begin = time.monotonic()
    done = subprocess.run([str(PROBE), "--once", "-C", str(config)], env=environment(env), text=True, capture_output=True,
                          timeout=2 * LIMIT_S, cwd=where, check=False)
    took_s = time.monotonic() - begin
    check("the probe ends within %d s" % LIMIT_S, took_s < LIMIT_S, took_s)
    check("no secret is shown", "sim-secret" not in done.stdout + done.stderr, done.stdout)
    return done


def probe(text: str, more: tuple[str, ...] = (), env: Optional[dict[str, str]] = None) -> "subprocess.CompletedProcess[str]":
    """Checks a private collectd.conf, beside which no file appears."""
    place = Place(text, more)
    done = run(place.config, place.base, env)
    same("no file appears", place.files(), ["collectd.conf"])
    return done


def an_account_that_works_has_status_0() -> None:
    sim = Simulator(**SMALL)
    done = probe(ours(account(sim), polled()))
    same("status", (done.returncode, done.stderr), (0, ""))
    host = "127.0.0.1:%d" % sim.https_port
    has_line("the address", done.stdout, "ok", "dns", PROD, host, "is 127.0.0.1")
    has_line("the connection", done.stdout, "ok", "tcp", PROD, host, "connected to 127.0.0.1")
    has_line("the certificate", done.stdout, "ok", "tls", PROD, host, "CN=localhost < CN=Simulator CA", "82", "days left")
    has_line("the token", done.stdout, "ok", "token", PROD, "valid for 8", " s; it names no scope")
    has_line("the organisation", done.stdout, "ok", "organisation", PROD, "Simulated Contact Centre (")
    has_line("the clock", done.stdout, "ok", "clock", PROD, "agree: server 20", "Z, host 20")
    place = Place(ours(account(sim)))
    with open("/dev/full", "w", encoding="utf-8") as full:
        same("no room for the output: status",
             subprocess.run([str(PROBE), "--once", "-C", str(place.config)], env=environment(), stdout=full, stderr=subprocess.DEVNULL,
                            timeout=2 * LIMIT_S, cwd=place.base, check=False).returncode, 2)


def a_state_folder_that_cannot_be_made_is_a_failure() -> None:
    """It is looked at and not made; relative paths are those of BaseDir."""
    sim = Simulator(**SMALL)
    text = ours(account(sim), polled()).replace("<Plugin genesys>", '<Plugin genesys>\n  StateDir "FOLDER"', 1)
    done = probe(text.replace("FOLDER", "/dev/null/genesys"))
    has_line("the row", done.stdout, "failed", "folder", "genesys", "/dev/null")
    same("status", done.returncode, 2)
    done = probe(text.replace("FOLDER", "kept/genesys"))
    has_line("a folder that can be made", done.stdout, "ok", "folder", "genesys", "kept/genesys: can be made")


def relative_paths_are_those_of_basedir() -> None:
    """As the agent reads them, and not the files of these names in the folder where the probe was started."""
    sim = Simulator(**SMALL)
    files = {"ClientSecretFile": "genesys.secret", "CACert": "ca.pem"}
    place = Place(ours(account(sim, **files)))
    (place.base / "state" / "genesys.secret").write_text(sim.client_secret)
    (place.base / "state" / "genesys.secret").chmod(0o600)
    (place.base / "state" / "ca.pem").write_bytes(Path(sim.ca).read_bytes())
    for name in files.values():
        (place.base / name).write_text("not this one")
    done = run(place.config, place.base)
    same("stderr", done.stderr, "")
    has_line("the certificate authority", done.stdout, "ok", "tls", PROD, "CN=Simulator CA")
    has_line("the secret", done.stdout, "ok", "token", PROD, "valid for 8")


def a_wrong_account_has_its_row() -> None:
    """Each entry: the fault, the options, the status, the row, and the first check that is left out."""
    sim = Simulator(**SMALL)
    rows: list[tuple[str, dict[str, Any], int, tuple[str, ...], str]] = [
        ("wrong secret", {"ClientSecretFile": None, "ClientSecret": "tell-tale"}, 2,
         ("failed", "token", PROD, "refuses client id", sim.client_id), "organisation"),
        ("unknown host", {"BaseURL": "https://nowhere.invalid"}, 2,
         ("failed", "dns", PROD, "nowhere.invalid:443", "check Region (or BaseURL) and DNS"), "tcp"),
        ("a port without a listener", {"BaseURL": "https://localhost:1"}, 2, ("failed", "tcp", PROD, "localhost:1:"), "tls"),
        ("another host's certificate", {"BaseURL": sim.https_wrong_host}, 2,
         ("failed", "tls", PROD, "the certificate is another host's"), "token"),
        ("expired certificate", {"BaseURL": sim.https_expired}, 2, ("failed", "tls", PROD, "certificate has expired"), "token"),
        ("certificate for five more days", {"BaseURL": sim.https_soon}, 1, ("warning", "tls", PROD, "; 4 days left"), ""),
        ("not verified", {"BaseURL": sim.https_wrong_host, "VerifyHost": False}, 1,
         ("warning", "tls", PROD, "not verified"), ""),
    ]
    for name, changes, status, parts, left_out in rows:
        done = probe(ours(account(sim, **changes)))
        same(name + ": status", (done.returncode, done.stderr), (status, ""))
        has_line(name, done.stdout, *parts)
        has_line(name + ": the next step", done.stdout, "next: ")
        check(name + ": the secret is not shown", "tell-tale" not in done.stdout, done.stdout)
        check(name + ": the check that depends on it is left out",
              not left_out or not any(line.split()[1:2] == [left_out] for line in done.stdout.splitlines()), done.stdout)


def a_clock_that_is_wrong_has_its_row() -> None:
    for offset_s, status, parts in ((600, 2, ("failed", "clock", PROD, "this host is 600 s behind the server")),
                                    (-30, 1, ("warning", "clock", PROD, "this host is 30 s ahead of the server"))):
        sim = Simulator(clock_offset=offset_s, **SMALL)
        done = probe(ours(account(sim)))
        same("status", done.returncode, status)
        has_line("%d s" % offset_s, done.stdout, *parts)


def the_probe_ends_within_its_bound_when_a_server_hangs() -> None:
    sim = Simulator(**SMALL)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        done = probe(ours(account(sim, BaseURL="https://localhost:%d" % silent.getsockname()[1], ConnectTimeout=1)))
    same("no TLS: status", done.returncode, 2)
    has_line("no TLS", done.stdout, "failed", "tls", PROD, "check Timeout, ConnectTimeout")
    for path, row in (("/oauth/token", ("failed", "token", PROD, "timed out")),
                      ("/api/v2/tokens/me", ("failed", "organisation", PROD, "no answer within 12 s"))):
        sim.faults({"on": "* " + path, "answer": "hang"})
        done = probe(ours(account(sim)))
        same(path + ": status", done.returncode, 2)
        has_line(path + " hangs", done.stdout, *row)


def the_next_step_fits_the_answer() -> None:
    """A server that is unavailable or silent says nothing about the credentials, the clock or the roles."""
    sim = Simulator(**SMALL)
    sim.faults({"on": "* /oauth/token", "answer": 503})
    has_line("the token", probe(ours(account(sim))).stdout, "next: follow the words of the answer; if the client is refused, check ClientId")
    sim.faults({"on": "* /api/v2/tokens/me", "answer": "hang"})
    done = probe(ours(account(sim)))
    has_line("the organisation", done.stdout, "failed", "organisation", PROD, "no answer within 12 s")
    check("nothing is said about a Date that did not come", "clock" not in done.stdout, done.stdout)
    sim.faults({"on": "POST /api/v2/analytics/queues/observations/query", "answer": 500})
    done = probe(sections(sim, polled("all"))[0])
    has_line("the permission is not known", done.stdout, "warning", "permission", "analytics:queueObservation:view: not known")
    has_line("its next step", done.stdout, "next: if it is missing: Admin > People")


def sections(sim: Simulator, queues: str = "", queries: str = "", flows: str = "") -> tuple[str, tuple[str, ...]]:
    """A collectd.conf with these blocks, and the plugins that it needs."""
    text = ours(account(sim), queues)
    if queries:
        text += "LoadPlugin genesys_analytics\n<Plugin genesys_analytics>\n%s</Plugin>\n" % queries
    if flows:
        text += "LoadPlugin genesys_flowmetrics\n<Plugin genesys_flowmetrics>\n%s</Plugin>\n" % flows
    return text, (("genesys_analytics",) if queries else ()) + (("genesys_flowmetrics",) if flows else ())


def each_block_has_its_permissions_queues_and_poll() -> None:
    sim = Simulator(**SMALL)
    text, more = sections(sim, polled("few", Queue="Queue 0001*") + polled("all"), query(),
                          block("Flows", "flows", {"Account": "prod"}))
    done = probe(text, more)
    same("status", (done.returncode, done.stderr), (0, ""))
    few, every = ('genesys_realtime <Queues "%s">' % name for name in ("few", "all"))
    has_line("the list", done.stdout, "ok", "permission", few, "routing:queue:view: granted (GET /api/v2/routing/queues)")
    has_line("a poll by query", done.stdout, "ok", "permission", every, "analytics:queueObservation:view: granted", "observations")
    has_line("the selected queues", done.stdout, "ok", "queues", few, " of 4 queues: Queue 0001")
    has_line("the overlap", done.stdout, "ok", "queues", every, 'more belong to <Queues "few">, which selects them too')
    has_line("one poll", done.stdout, "ok", "poll", every, '"query": ', "queues asked for")
    has_line("an interval", done.stdout, "ok", "poll", 'genesys_analytics <Query "queues">', "groups in")
    has_line("aggregates", done.stdout, "ok", "permission", 'genesys_analytics <Query "queues">',
             "analytics:conversationAggregate:view: granted")
    has_line("flows", done.stdout, "ok", "permission", 'genesys_flowmetrics <Flows "flows">', "analytics:flowObservation:view: granted")
    lists = [one for one in sim.counters()["last"] if one["function"] == "GET /api/v2/routing/queues"]
    same("the list that three blocks need is requested once", sum("pageSize=1&" in json.dumps(one) for one in lists), 1)
    has_line("an interval of flows", done.stdout, "ok", "poll", 'genesys_flowmetrics <Flows "flows">', "groups in")
    done = probe(sections(sim, polled("all", Observations="activity", ObservationInterval=10))[0])
    same("activity: status", (done.returncode, done.stderr), (0, ""))
    has_line("a poll by activity", done.stdout, "ok", "permission", every, "presence:presenceDefinition:view: granted")
    has_line("its answer", done.stdout, "ok", "poll", every, '"activity": 4 queues asked for')


def a_missing_permission_is_named() -> None:
    sim = Simulator(permissions="routing:queue:view,architect:flow:view", **SMALL)
    text, more = sections(sim, polled("all"), query(), block("Flows", "flows", {"Account": "prod"}))
    done = probe(text, more)
    same("status", (done.returncode, done.stderr), (2, ""))
    for subject, permission in (('genesys_realtime <Queues "all">', "analytics:queueObservation:view"),
                                ('genesys_analytics <Query "queues">', "analytics:conversationAggregate:view"),
                                ('genesys_flowmetrics <Flows "flows">', "analytics:flowObservation:view"),
                                ('genesys_flowmetrics <Flows "flows">', "analytics:flowAggregate:view")):
        has_line(permission, done.stdout, "failed", "permission", subject, permission + ": missing: ")
    has_line("where to grant it", done.stdout, "next: ", "Roles / Permissions", "every division")
    has_line("the others are granted", done.stdout, "ok", "permission", "routing:queue:view: granted")
    sim = Simulator(permissions="analytics:queueObservation:view", **SMALL)
    done = probe(sections(sim, polled("all"))[0])
    has_line("the list is refused", done.stdout, "failed", "permission", "routing:queue:view: missing: ")
    has_line("the queues have a warning about the refused list", done.stdout, "warning", "queues", "the list is refused; 0 queues are named by id")


def a_block_without_queues_is_a_warning() -> None:
    sim = Simulator(**SMALL)
    done = probe(sections(sim, polled("none", Queue="Nothing like this"))[0])
    same("status", (done.returncode, done.stderr), (1, ""))
    has_line("the row", done.stdout, "warning", "queues", 'genesys_realtime <Queues "none">', "0 of 4 queues")


def a_gateway_of_the_guide_dialect_needs_no_lists() -> None:
    """The gateway has neither a list of queues nor one of channels, and names no organisation."""
    sim = Simulator(scopes="analytics:realtime:read", **SMALL)
    queue = next(iter(sim.truth()["queues"]))
    sim.faults(*({"on": "* " + path, "answer": 404} for path in
                 ("/api/v2/routing/*", "/api/v2/tokens/*", "/api/v2/notifications/*")))
    done = probe(ours(account(sim, Scope="analytics:realtime:read"),
                      queues("all", Stream="conversations", Observations="queue_metrics", ObservationInterval=5, Queue=queue)))
    same("status: all blocks work", (done.returncode, done.stderr), (0, ""))
    has_line("the list", done.stdout, "ok", "queues", "<Account", "404")
    has_line("the poll", done.stdout, "ok", "poll", 'genesys_realtime <Queues "all">', '"queue_metrics": 1 queues asked for')
    has_line("the stream", done.stdout, "ok", "channel", 'genesys_realtime <Queues "all">', "the conversation stream opened")
    sim.faults({"on": "* /api/v2/analytics/realtime/conversations", "answer": 403})
    done = probe(ours(account(sim, Scope="analytics:realtime:read"), queues("all", Stream="conversations", Observations="none", Queue=queue)))
    same("a stream that is refused: status", (done.returncode, done.stderr), (2, ""))
    has_line("a stream that is refused", done.stdout, "failed", "channel", 'genesys_realtime <Queues "all">', "403")
    sim = Simulator(scopes="other", **SMALL)
    done = probe(ours(account(sim, Scope="analytics:realtime:read")))
    same("a scope is missing: status", (done.returncode, done.stderr), (2, ""))
    has_line("a scope is missing", done.stdout, "failed", "token", PROD, "analytics:realtime:read")


def left_behind(sim: Simulator) -> list[tuple[int, Any]]:
    """The topics and sockets of each channel that the simulator has."""
    return [(len(one["topics"]), one["socket"]) for one in sim.call("channels")["channels"]]


def live(sim: Simulator) -> list[Any]:
    """The channels with a socket."""
    return [one for one in sim.call("channels")["channels"] if one["socket"] is not None]


def a_channel_is_tried_and_given_back() -> None:
    sim = Simulator(**SMALL)
    text = sections(sim, queues("all") + queues("again", Observations="topic"))[0]
    done = probe(text)
    same("status: the second block has no queue left", (done.returncode, done.stderr), (1, ""))
    has_line("the row", done.stdout, "ok", "channel", 'genesys_realtime <Queues "all">', "created beside 0 others, subscribed to 3 topics",
             "its topics are removed")
    same("one channel, without topics and socket", left_behind(sim), [(0, None)])
    check("the address of the channel is not shown", "/channels/" not in done.stdout.replace("notifications/channels", ""), done.stdout)


def each_failure_of_a_channel_has_its_row() -> None:
    sim = Simulator(**SMALL)
    text = sections(sim, queues("all"))[0]
    for on, words in (("POST /api/v2/notifications/channels", "channel_create"), ("PUT /api/v2/notifications/*", "subscriptions_replace"),
                      ("GET /channels/*", "the socket: ")):
        sim.faults({"on": on, "answer": 400})
        done = probe(text)
        same(on + ": status", (done.returncode, done.stderr), (2, ""))
        has_line(on, done.stdout, "failed", "channel", words)
        check(on + ": all is given back", all(one == (0, None) for one in left_behind(sim)), left_behind(sim))
    sim.faults({"on": "GET /channels/*", "answer": "hang"})
    has_line("a socket that hangs", probe(text).stdout, "failed", "channel", "the socket: ")
    check("all is given back", all(one == (0, None) for one in left_behind(sim)), left_behind(sim))
    sim = Simulator(permissions="routing:queue:view,analytics:queueObservation:view", **SMALL)
    done = probe(sections(sim, queues("all", Observations="topic"))[0])
    same("a topic without permission: status", (done.returncode, done.stderr), (2, ""))
    has_line("a topic without permission", done.stdout, "failed", "permission", "analytics:conversationAggregate:view: missing: the topic ",
             ".observations is rejected")
    check("the other topics are given back", all(one == (0, None) for one in left_behind(sim)), left_behind(sim))


def a_signal_gives_the_channel_back() -> None:
    """Ctrl-C while the socket hangs: the topics are removed, and the report has the finished checks."""
    sim = Simulator(**SMALL)
    place = Place(sections(sim, queues("all"))[0])
    sim.faults({"on": "GET /channels/*", "answer": "hang"})
    run = subprocess.Popen([str(PROBE), "--once", "-C", str(place.config)], env=environment(), text=True, cwd=place.base,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: any(topics > 0 for topics, _ in left_behind(sim)), 30, "a channel with a topic")
    begin = time.monotonic()
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=LIMIT_S)
    check("the probe ends before the socket's time-out", time.monotonic() - begin < 8, time.monotonic() - begin)
    same("the channel has no topic", left_behind(sim), [(0, None)])
    same("status", (run.returncode, errors), (2, ""))
    has_line("the checks before the signal", out, "ok", "poll", "genesys_realtime")
    has_line("the reason of the end", out, "failed", "end", "a signal ended genesys-probe")


def warnings_of_an_account_have_their_row() -> None:
    """The checks hide no warning that the agent would log."""
    sim = Simulator(**{**SMALL, "plain_names": False})
    secret = process.folder("exposed") / "secret"
    secret.write_text(sim.client_secret)
    secret.chmod(0o644)
    done = probe(sections(sim, queues("all"))[0].replace(sim.client_secret_file, str(secret)))
    same("status", (done.returncode, done.stderr), (1, ""))
    has_line("names that are equal", done.stdout, "ok", "queues", "<Account", "share their name with another")
    has_line("a secret that all can read", done.stdout, "warning", "log", "genesys", str(secret))


def a_channel_of_an_agent_is_never_dropped() -> None:
    """Twenty channels in use leave no room for a probe. The channel of an earlier probe leaves room, since the platform drops it first."""
    sim = Simulator(**SMALL)
    text = sections(sim, queues("all"))[0]
    has_line("the first probe", probe(text).stdout, "ok", "channel", "created beside 0 others")
    agents = [Sibling(sim) for _ in range(19)]
    has_line("with room", probe(text).stdout, "ok", "channel", "created beside 20 others")
    agents.append(Sibling(sim))
    same("the agents have their channels", len(live(sim)), len(agents))
    done = probe(text)
    same("status", (done.returncode, done.stderr), (1, ""))
    has_line("without room", done.stdout, "warning", "channel", "not tried: the OAuth client has 20 channels, all in use")
    same("the agents still have their channels", len(live(sim)), len(agents))


def flow_section(blocks: str) -> str:
    return "LoadPlugin genesys_flowmetrics\n<Plugin genesys_flowmetrics>\n%s</Plugin>\n" % blocks


FLOW = ("genesys_flowmetrics",)
IVR = 'genesys_flowmetrics <Attributes "ivr">'


def a_queue_of_sqs_is_read_and_left_as_it_was() -> None:
    sqs = Sqs()
    sqs.send('{"a":1}', '{"b":2}')
    done = probe(flow_section(attributes(sqs, VisibilityTimeout=60)), FLOW)
    same("status", (done.returncode, done.stderr), (0, ""))
    has_line("the row", done.stdout, "ok", "sqs", IVR, sqs.queue_url + ": a message was received, and stays in the queue")
    record = sqs.queue()
    same("nothing is deleted or in flight", (record["deleted"], record["in_flight"], record["visible"]), (0, 0, 2))
    wrong = sqs.private("wrong.secret", "tell-tale")
    for name, changes, words in (("wrong key", {"SecretAccessKeyFile": wrong}, "ReceiveMessage"),
                                 ("no such queue", {"QueueURL": sqs.queue_url + "x"}, "ReceiveMessage"),
                                 ("no such host", {"QueueURL": "https://nowhere.invalid/1/genesys"}, "nowhere.invalid")):
        done = probe(flow_section(attributes(sqs, **changes)), FLOW)
        same(name + ": status", (done.returncode, done.stderr), (2, ""))
        has_line(name, done.stdout, "failed", "sqs", IVR, words)
        check(name + ": the secret is not shown", "tell-tale" not in done.stdout, done.stdout)
    sqs.faults({"sqs": "*", "answer": "hang"})
    has_line("a queue that hangs", probe(flow_section(attributes(sqs)), FLOW).stdout, "failed", "sqs", IVR)


def a_redis_that_hangs_is_not_taken_for_a_disk() -> None:
    """Its last check has less time than the Redis of a block would have."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = "redis://127.0.0.1:%d/0" % silent.getsockname()[1]
        done = probe(ours("".join(block("Account", "a%d" % i, {"BaseURL": "http://127.0.0.1:1", "ClientId": "x", "ClientSecret": "y", "Host": "h%d" % i,
                                                              "LeaseURL": url}) for i in range(4))))
    rows = [line for line in done.stdout.splitlines() if line.split()[:2] == ["failed", "redis"]]
    same("each account has its row", len(rows), 4)
    same("rows about a disk", [line for line in rows if "disk" in line], [])


def the_rights_of_users(redis: Redis, webhook: dict[str, Any]) -> None:
    """A Redis user that lacks one documented right gets a row that names the command."""
    secret = process.folder("secret") / "redis"
    secret.write_text("right\n")
    stored = flow_section(block("Attributes", "ivr", {**webhook, "StateUser": "agent", "StatePasswordFile": secret}))
    leased = ours(account(Simulator(**SMALL), Host="pair", LeaseURL=redis.url, LeaseUser="agent", LeasePasswordFile=secret))
    for use, text, plugins, subject, pattern, rights in (
            ("lease", leased, (), "<Account", "~genesys:{lease}:*", "+eval +hmget +hgetall +hset +hdel"),
            ("store", stored, FLOW, IVR, "~genesys:{flowmetrics}:*",
             "+select +ping +eval +evalsha +script|load +config|get +hget +hset +hsetnx +hgetall +hlen +time +zadd "
             "+zrangebyscore +zrem +del +persist")):
        for name, given, status, words in (
                ("all rights", rights + " +multi", "ok", redis.url),
                ("all but HSET", rights.replace("+hset ", "") + " +multi", "failed", "'hset' command"),
                ("no MULTI", rights, "ok", "the rights of its user are not known")):
            redis.ask("ACL", "SETUSER", "agent", "reset", "on", ">right", pattern, *given.split())
            has_line("%s of the %s" % (name, use), probe(text, plugins).stdout, status, "redis", subject, words)


def a_redis_is_checked_for_durability_without_writing_a_key() -> None:
    redis = Redis()
    webhook = {"Source": "webhook", "Port": free_port(), "StateURL": redis.url}
    text = flow_section(block("Attributes", "ivr", webhook))
    done = probe(text, FLOW)
    same("status", (done.returncode, done.stderr), (0, ""))
    has_line("the row", done.stdout, "ok", "redis", IVR, redis.url + ": counts survive a crash")
    same("no key is written", redis.ask("DBSIZE"), ":0")
    redis.ask("CONFIG", "SET", "appendfsync", "everysec")
    done = probe(text, FLOW)
    same("not durable: status", (done.returncode, done.stderr), (1, ""))
    has_line("not durable", done.stdout, "warning", "redis", IVR, "set appendonly yes and appendfsync always")
    redis.ask("CONFIG", "SET", "appendfsync", "always")
    leased = ours(account(Simulator(**SMALL), Host="pair", LeaseURL=redis.url))
    has_line("the lease", probe(leased).stdout, "ok", "redis", "<Account", redis.url + ": a server that can keep the lease")
    locked = ours(account(Simulator(**SMALL), Host="pair", LeaseURL=Redis("requirepass right").url))
    has_line("the lease without its password", probe(locked).stdout, "failed", "redis", "<Account", "set LeasePasswordFile")
    same("no lease is taken", redis.ask("DBSIZE"), ":0")
    the_rights_of_users(redis, webhook)
    same("trying rights writes no key", redis.ask("DBSIZE"), ":0")
    redis.ask("REPLICAOF", "127.0.0.1", "1")
    has_line("a replica", probe(leased).stdout, "failed", "redis", "<Account", "replica")
    redis.ask("REPLICAOF", "NO", "ONE")
    redis.shut_down()
    has_line("no server", probe(leased).stdout, "failed", "redis", "<Account")
    done = probe(text, FLOW)
    same("gone: status", (done.returncode, done.stderr), (2, ""))
    has_line("gone", done.stdout, "failed", "redis", IVR)


def a_disk_that_hangs_fails_its_own_check_alone() -> None:
    """The secrets of Redis and of the database are on that disk; all other checks run."""
    redis, database, disk = Redis(), Influx1(user="collectd:right"), hanging_disk("secrets")
    for name in ("redis", "database"):
        (disk.below / name).write_text("right\n")
        (disk.below / name).chmod(0o600)
    webhook = {"Source": "webhook", "Port": free_port(), "StateURL": redis.url, "StatePasswordFile": disk.below / "redis"}
    text = (flow_section(block("Attributes", "ivr", webhook)) + "LoadPlugin genesys_influxdb\n"
            + database.node(User="collectd", PasswordFile=disk.below / "database"))
    disk.hang()
    done = probe(text, (*FLOW, "genesys_influxdb"), {**disk.env, "LD_PRELOAD": str(disk.shim)})
    same("status", (done.returncode, done.stderr), (2, ""))
    has_line("redis", done.stdout, "failed", "redis", IVR, "is StatePasswordFile or CACert on a disk that hangs?")
    has_line("influxdb", done.stdout, "failed", "influxdb", 'genesys_influxdb <Node "main">', str(disk.below / "database"))
    check("all checks end", "end   " not in done.stdout, done.stdout)


def a_database_is_checked_without_writing_a_line() -> None:
    database = Influx1(user="collectd:right")
    password = database.folder / "password"
    for name, given, store, status, words in (
            ("right", "right", "genesys", 0, ("ok", "may be written (204); nothing was")),
            ("wrong password", "tell-tale", "genesys", 2, ("failed", "401 for the database", "User and Password")),
            ("no such database", "right", "nothing", 2, ("failed", '404 for the database "nothing"'))):
        password.write_text(given + "\n")
        password.chmod(0o600)
        text = database.node(User="collectd", PasswordFile=password).replace('Database "genesys"', 'Database "%s"' % store)
        done = probe("LoadPlugin genesys_influxdb\n" + text, ("genesys_influxdb",))
        same(name + ": status", (done.returncode, done.stderr), (status, ""))
        has_line(name, done.stdout, words[0], "influxdb", 'genesys_influxdb <Node "main">', *words[1:])
        check(name + ": the secret is not shown", "tell-tale" not in done.stdout, done.stdout)
    same("nothing is written", database.ask("SHOW MEASUREMENTS"), [])


def a_proxy_is_named_with_its_origin() -> None:
    sim, proxy = Simulator(**SMALL), Proxy(auth="me:tell-tale")
    address = "127.0.0.1:%d" % proxy.port
    done = probe(ours(account(sim, Proxy="http://me:tell-tale@%s" % address), polled()))
    same("status", (done.returncode, done.stderr), (0, ""))
    has_line("the address is that of the proxy", done.stdout, "ok", "tcp", PROD, "(proxy %s of Proxy): connected to 127.0.0.1" % address)
    has_line("the certificate is the server's", done.stdout, "ok", "tls", PROD, "CN=localhost")
    check("the proxy's password is not shown", "tell-tale" not in done.stdout, done.stdout)
    done = probe(ours(account(sim)), env={"https_proxy": "http://%s" % address})
    same("no password: status", (done.returncode, done.stderr), (2, ""))
    has_line("no password", done.stdout, "failed", "tls", PROD, "407", "(proxy %s of https_proxy in the environment)" % address)
    has_line("the next step", done.stdout, "next: ", "user and password of Proxy")
    for name, proxy_url in (("no listener", "http://127.0.0.1:1"), ("unknown name", "http://nowhere.invalid:3128")):
        done = probe(ours(account(sim, Proxy=proxy_url)))
        rows = [line for line in done.stdout.splitlines() if line.startswith("failed ")]
        same(name + ": the row names the proxy once", [line.count(" of Proxy)") for line in rows if " values " not in line], [1])


def others(base: Path) -> list[str]:
    """All files of a collectd except its values."""
    return sorted(str(path) for path in base.rglob("*") if base / "csv" not in (path, *path.parents))


def the_live_agent_is_not_disturbed() -> None:
    """The probe reads the agent's own file while the agent has state store, health port and channel."""
    sim = Simulator(**SMALL)
    health = block("Health", None, {"Port": free_port()})
    daemon = Collectd(account(sim) + health, queues())
    daemon.wait_up()
    wait_until(lambda: len(live(sim)) == 1, 30, "the agent listens")
    before, said, files = live(sim), daemon.complaints(), others(daemon.base)
    done = run(daemon.config, daemon.base)
    same("status", (done.returncode, done.stderr), (0, ""))
    has_line("the probe has a channel of its own", done.stdout, "ok", "channel", "created beside 1 others")
    same("the agent keeps its channel and socket", live(sim), before)
    same("no file appears or disappears", others(daemon.base), files)
    same("the agent has no new complaint", daemon.complaints(), said)
    daemon.stop()


if __name__ == "__main__":
    report.main([an_account_that_works_has_status_0, a_state_folder_that_cannot_be_made_is_a_failure,
                 relative_paths_are_those_of_basedir,
                 a_wrong_account_has_its_row, a_clock_that_is_wrong_has_its_row,
                 the_probe_ends_within_its_bound_when_a_server_hangs, the_next_step_fits_the_answer, each_block_has_its_permissions_queues_and_poll,
                 a_missing_permission_is_named, a_block_without_queues_is_a_warning,
                 a_gateway_of_the_guide_dialect_needs_no_lists, a_channel_is_tried_and_given_back, each_failure_of_a_channel_has_its_row,
                 a_signal_gives_the_channel_back, warnings_of_an_account_have_their_row, a_channel_of_an_agent_is_never_dropped, a_proxy_is_named_with_its_origin, the_live_agent_is_not_disturbed,
                 *([a_queue_of_sqs_is_read_and_left_as_it_was] if built(FLOWS) else []),
                 *([a_redis_is_checked_for_durability_without_writing_a_key, a_redis_that_hangs_is_not_taken_for_a_disk] if built(FLOWS) and SERVER else []),
                 *([a_disk_that_hangs_fails_its_own_check_alone] if built(FLOWS) and built("genesys_influxdb") and SERVER and INFLUXD else []),
                 *([a_database_is_checked_without_writing_a_line] if built("genesys_influxdb") and INFLUXD else [])], {"collectd": DAEMON})

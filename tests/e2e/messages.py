#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does a mistake of the operator cause a message with the mistake, its place and the remedy?

A mistake in the configuration ends collectd with status 1; a mistake that only shows at run time does not end it.
"""
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, block, build_folder, built, queues, quote, system_plugins
from lib.genesys import TOP, Simulator
from lib.process import watch_for
from lib.report import check, same, has_line

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True}
PROD, ALL = 'genesys: <Account "prod">: ', 'genesys_realtime: <Queues "all">: '


def secret_file(text: str, mode: int = 0o600) -> Path:
    path = process.folder("secret") / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


# ---- mistakes that the configuration shows -----------------------------------------

def in_an_account(sim: Simulator) -> dict[str, tuple[dict[str, Any], tuple[str, ...]]]:
    """Changes of a valid Account, and the parts of the line about each."""
    return {
        "an option misspelt": ({"Regoin": "eu-west-1"}, ('unknown option "Regoin"', 'did you mean "Region"?',
                                                         "Accepted: Region, BaseURL")),
        "an unknown option": ({"Colour": "red"}, ('unknown option "Colour"', "Accepted: Region, BaseURL")),
        "an unknown word": ({"TokenAuth": "digest"}, ('TokenAuth "digest"', '"basic", "body"')),
        "a number too small": ({"Timeout": 0}, ("Timeout 0", "from 1 to 600")),
        "no number": ({"Timeout": "soon"}, ('Timeout "soon"', "from 1 to 600")),
        "neither true nor false": ({"VerifyPeer": "perhaps"}, ('VerifyPeer "perhaps"', "true, false")),
        "no ClientId": ({"ClientId": None}, ("ClientId is missing",)),
        "no secret": ({"ClientSecretFile": None}, ("no client secret", "ClientSecretFile", "ClientSecretEnv")),
        "two secrets": ({"ClientSecret": "tell-tale"}, ("more than one client secret", "only one of")),
        "an unknown region": ({"BaseURL": None, "Region": "eu-west-9"}, ('Region "eu-west-9"', "eu-west-1",
                                                                            "mypurecloud.ie")),
        "no region": ({"BaseURL": None}, ("Region is missing", "eu-west-1")),
        "plain http over the network": ({"BaseURL": "http://api.mypurecloud.ie"}, ("plain http", "loopback", "https")),
        "a key without its certificate": ({"ClientKey": sim.client_key}, ("ClientKey needs a ClientCert",)),
        "a proxy's scheme": ({"Proxy": "ftp://user:tell-tale@proxy:1"}, ("Proxy", "scheme must be http")),
        "a slash in a proxy's password": ({"Proxy": "http://user:tell/tale@proxy:1"}, ("Proxy", "%2F")),
    }


def the_examples_are_valid() -> None:
    """Each file of examples/collectd.conf.d as it is, and all of them together. A deliberate mistake after them ends
    collectd before it sends requests."""
    base = process.folder("examples")
    files = [path for path in sorted((Path(TOP) / "examples" / "collectd.conf.d").glob("*.conf")) if built(path.stem)]
    shutil.copy(system_plugins() / "logfile.so", base)
    for path in files:
        shutil.copy(build_folder() / ".libs" / (path.stem + ".so"), base)
    for name, included in [(path.name, [path]) for path in files] + [("all of them", files)]:
        config = base / "collectd.conf"
        config.write_text("BaseDir %s\nPluginDir %s\nLoadPlugin logfile\n<Plugin logfile>\nLogLevel warning\n"
                          "File stdout\n</Plugin>\n%sLoadPlugin genesys\n<Plugin genesys>\nEnd \"here\"\n</Plugin>\n"
                          % (quote(base), quote(base), "".join("Include %s\n" % quote(one) for one in included)))
        done = process.run([str(DAEMON), "-f", "-C", str(config)], env={"LD_LIBRARY_PATH": str(build_folder() / ".libs")})
        said = [line for line in done.stdout.decode(errors="replace").splitlines() if "genesys: " in line or "genesys_" in line]
        check("%s: the deliberate mistake is the only error" % name, len(said) == 1 and 'unknown option "End"' in said[0] and done.returncode == 1, said)


IN_QUEUES: dict[str, tuple[str, tuple[str, ...]]] = {
    "no Account": (queues(Account=None), (ALL, "Account is missing")),
    "an unknown source": (queues(Observations="topics"), (ALL, 'Observations "topics"', '"query", "activity"')),
    "an invalid medium": (queues(Media="v0ice"), (ALL, "v0ice", '"voice"')),
    "a bracket left open": (queues(Queue="Support["), (ALL, 'pattern "Support["', "without")),
    "an option outside of its block": ('Queue "x"\n', ("genesys_realtime: ", "belongs inside of a block", "<Queues")),
    "an unknown block": (block("Quues", "x", {"Account": "prod"}), ("unknown block", 'did you mean "Queues"?')),
    "two blocks of one name": (queues() + queues(), (ALL, "another block of this name")),
}


def refused(name: str, daemon: Collectd, *parts: str) -> None:
    status = daemon.program.wait(20)
    same("%s: collectd ends with status 1" % name, status, 1)
    has_line("%s: the line names the mistake" % name, daemon.text, "[error]", *parts)
    same("%s: the log has no secret" % name, [one for one in ("tell-tale", "tell/tale") if one in daemon.text], [])


def mistakes_in_accounts_end_collectd() -> None:
    sim = Simulator(**SMALL)
    runs = {name: (Collectd(account(sim, **changes), queues()), parts)
            for name, (changes, parts) in in_an_account(sim).items()}
    for name, (daemon, parts) in runs.items():
        refused(name, daemon, PROD, *parts)
    refused("two accounts without Host", Collectd(account(sim) + account(sim, "lab"), queues()),
            '<Account "lab">', 'same Host as <Account "prod">', "a Host of its own")
    refused("collectd -T", Collectd(account(sim, Timeout="soon"), queues(), words=("-T",)), PROD, 'Timeout "soon"')
    same("no request is sent", sim.counters()["requests_total"], 0)


def mistakes_in_queues_end_collectd() -> None:
    sim = Simulator(**SMALL)
    runs = {name: (Collectd(account(sim), blocks), parts) for name, (blocks, parts) in IN_QUEUES.items()}
    for name, (daemon, parts) in runs.items():
        refused(name, daemon, *parts)


# ---- mistakes that show at run time -----------------------------------------------------------

def logged_and_runs_on(name: str, daemon: Collectd, *parts: str, most: int = 1) -> None:
    """collectd logs the line at most `most` times and runs on."""
    try:
        line = daemon.says(*parts)
    except process.Late as late:
        check("%s: the line names the mistake" % name, False, late)
        return
    check("%s: the line names the mistake" % name, True)
    watch_for(1.2)
    lines = daemon.program.matching(*parts)
    check("%s: the line is not repeated" % name, len(lines) <= most, lines)
    check("%s: collectd runs on" % name, daemon.program.is_running(), line)
    check("%s: collectd ends with status 0" % name, daemon.stop()[1] == 0)


def an_unknown_account_stops_only_its_block() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), queues("bad", Account="pord") + queues("good"))
    daemon.wait_up("good")
    logged_and_runs_on("unknown account", daemon, "[error]", '<Queues "bad">', 'no <Account "pord">', 'defined: "prod"')


def wrong_credentials_are_named() -> None:
    sim = Simulator(**SMALL)
    wrong = secret_file("tell-tale-secret\n")
    runs = [
        ("wrong secret", account(sim, ClientSecretFile=wrong), ("refuses client id " + sim.client_id, "401",
                                                                "Region", "secret", "next try in 300 s")),
        ("unknown client (or another region's)", account(sim, ClientId="stranger"),
         ("refuses client id stranger", "400", "client of another region is unknown here")),
        ("no secret file", account(sim, ClientSecretFile="/nonexistent/secret"),
         ("cannot read the client secret /nonexistent/secret", "No such file", "collectd's user")),
        ("no credentials of systemd", account(sim, ClientSecretFile=None, ClientSecretCredential="gc"),
         ('ClientSecretCredential "gc"', "LoadCredential=gc:PATH")),
        ("no such variable", account(sim, ClientSecretFile=None, ClientSecretEnv="GC_NONE"), ("GC_NONE", "environment")),
    ]
    daemons = [(name, Collectd(one, queues()), parts) for name, one, parts in runs]
    for name, daemon, parts in daemons:
        logged_and_runs_on(name, daemon, "[error]", "account prod, token", *parts)
        same("%s: the wrong secret is not visible outside" % name, daemon.leaks("tell-tale-secret"), [])
    asked = sim.counters()["token_requests_total"]
    check("at most four tokens are requested in all", asked <= 4, asked)


def a_readable_secret_file_has_a_warning() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim, ClientSecretFile=secret_file(sim.client_secret, 0o644)), queues())
    daemon.wait_up()
    logged_and_runs_on("world-readable secret", daemon, "[warning]", PROD, "readable by every user", "chmod 0640")


def each_exposed_secret_has_its_own_line() -> None:
    sim = Simulator(**SMALL)
    key = process.folder("key") / "client.key"
    key.write_bytes(Path(sim.client_key).read_bytes())
    key.chmod(0o644)
    daemon = Collectd(account(sim, ClientSecretFile=secret_file(sim.client_secret, 0o644), VerifyPeer=False,
                              ClientCert=sim.client_cert, ClientKey=key), queues())
    daemon.wait_up()
    for part in ("VerifyPeer false", "the client secret", "the key of the client certificate"):
        line = daemon.says("[warning]", PROD, part)
        check("the log has a line about %s" % part, True, line)
    daemon.stop()


def mistakes_in_certificates_are_named() -> None:
    sim = Simulator(**SMALL)
    protected = {"BaseURL": sim.https_mtls, "ClientCert": sim.client_cert, "ClientKey": sim.client_key_protected}
    bad: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        ("expired", {"BaseURL": sim.https_expired}, ("certificate has expired", "clock of this host")),
        ("another host's", {"BaseURL": sim.https_wrong_host}, ("no alternative certificate",
                                                               "certificate is another host's")),
        ("unknown authority", {"CACert": sim.wrong_ca}, ("unable to get local issuer", "check CACert")),
        ("no such CACert", {"CACert": "/nonexistent/ca.pem"}, ("/nonexistent/ca.pem", "check CACert", "PEM")),
        # Two lines are possible: the server's refusal arrives as an alert or, after the server's close, as a broken connection.
        ("client certificate missing", {"BaseURL": sim.https_mtls}, ("wants a client certificate", "ClientCert")),
        ("wrong passphrase", {**protected, "ClientKeyPass": "tell-tale"}, ("private key", "ClientKeyPass")),
        ("passphrase missing", protected, ("private key", "ClientKeyPass")),
        ("plain http behind https://", {"BaseURL": "https://127.0.0.1:%d" % sim.http_port},
         ("does not speak TLS", "check port")),
    ]
    good: list[tuple[str, dict[str, Any]]] = [
        ("client certificate", {"BaseURL": sim.https_mtls, "ClientCert": sim.client_cert, "ClientKey": sim.client_key}),
        ("key with passphrase", {**protected, "ClientKeyPass": sim.client_key_passphrase}),
        ("VerifyHost false", {"BaseURL": sim.https_wrong_host, "VerifyHost": False}),
        ("VerifyPeer false", {"BaseURL": sim.https_expired, "VerifyPeer": False}),
    ]
    refusals = [(name, Collectd(account(sim, **changes), queues()), parts) for name, changes, parts in bad]
    for name, daemon, parts in refusals:
        logged_and_runs_on(name, daemon, "account prod, token: no token: 127.0.0.1:", *parts,
                         most=2 if name == "client certificate missing" else 1)
        check("%s: the log has no passphrase" % name, "tell-tale" not in daemon.text)
    for name, changes in good:
        daemon = Collectd(account(sim, **changes), queues())
        daemon.wait_up()
        same("%s: the log has no complaints" % name, [line for line in daemon.complaints() if " false: " not in line], [])
        daemon.stop()


def a_missing_permission_is_named() -> None:
    sim = Simulator(**SMALL)
    every = {"routing:queue:view", "presence:presenceDefinition:view", "analytics:queueObservation:view"}
    cases = {
        "routing:queue:view": ("list of queues", "queues: the API answered 403"),
        "analytics:queueObservation:view": ("queues-all", "queue_observations: the API answered 403"),
        "presence:presenceDefinition:view": ("list of presences", "presences: the API answered 403"),
    }
    for lacking, parts in cases.items():
        sim.config(permissions=sorted(every - {lacking}))
        source = "activity" if lacking.startswith("presence") else "query"
        daemon = Collectd(account(sim), queues(Observations=source))
        logged_and_runs_on(lacking, daemon, "[error]", parts[0], parts[1],
                         "needs the permission " + lacking, "role of the OAuth client", "division", "correlation id")


def unresolvable_and_refused_addresses_are_named() -> None:
    sim = Simulator(**SMALL)
    closed = process.free_port()
    cases = [
        ("no such host", "https://no-such-host.invalid", ("no-such-host.invalid:443", "Could not resolve", "and DNS")),
        ("refused", "https://127.0.0.1:%d" % closed, ("127.0.0.1:%d" % closed, "check Region (or BaseURL), Proxy")),
    ]
    for name, url, parts in cases:
        logged_and_runs_on(name, Collectd(account(sim, BaseURL=url), queues()), "account prod, token: no token", *parts)


def a_selection_without_queues_has_a_warning() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), queues(Queue="Nothing*"))
    logged_and_runs_on("no queue", daemon, "queues-all, selection", "no queue matches", "OAuth client's roles")
    same("no query is sent", sim.counters()["requests"].get("POST /api/v2/analytics/queues/observations/query"), None)


def a_plan_beyond_the_month_has_a_warning() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim, MonthlyRequests=100_000), queues())
    logged_and_runs_on("too many requests", daemon, "[warning]", "account prod: its blocks plan 259", " requests in 30 days",
                       "2592000 of them in queues-all", "MonthlyRequests is 100000")
    daemon = Collectd(account(sim, MonthlyRequests=10_000_000), queues())
    daemon.lives_until(lambda: daemon.latest("account-prod", "api_month_share"), 20, "api_month_share")
    same("enough requests: complaints", daemon.complaints(), [])
    daemon.stop()


if __name__ == "__main__":
    report.main([mistakes_in_certificates_are_named, the_examples_are_valid, mistakes_in_accounts_end_collectd,
                 wrong_credentials_are_named, a_missing_permission_is_named,
                 mistakes_in_queues_end_collectd, an_unknown_account_stops_only_its_block,
                 a_readable_secret_file_has_a_warning, each_exposed_secret_has_its_own_line,
                 unresolvable_and_refused_addresses_are_named,
                 a_selection_without_queues_has_a_warning, a_plan_beyond_the_month_has_a_warning], {"collectd": DAEMON})

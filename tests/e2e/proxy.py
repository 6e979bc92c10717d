#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do all requests go through the proxy, with its password, and do lines about its refusals name the remedy?"""
from __future__ import annotations

from lib import process, report, stream
from lib.collectd import DAEMON, Collectd, account, queues
from lib.genesys import Proxy, Simulator
from lib.process import Program, listens, wait_until, watch_for
from lib.report import Skip, check, same

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True}
USER, PASSWORD = "agent", "tell-tale%3A%40%2F"  # ":@/" percent-encoded, as a URL requires
PLAIN = "tell-tale:@/"
TINYPROXY = process.program("tinyproxy")


def address(proxy: Proxy, who: str = "", scheme: str = "http") -> str:
    port = proxy.https_port if scheme == "https" else proxy.port
    return "%s://%s127.0.0.1:%d" % (scheme, who + "@" if who else "", port)


def works(daemon: Collectd, proxy: Proxy, sim: Simulator) -> None:
    daemon.wait_up()
    record = proxy.counters()
    check("all requests use CONNECT to the API", set(record["targets"]) == {"127.0.0.1:%d" % sim.https_port}, record["targets"])
    same("the log has no complaints", daemon.complaints(), [])
    same("the API receives no header of the proxy", sim.counters()["proxy_headers"], {})
    same("the password is not visible outside", daemon.leaks(PLAIN, PASSWORD), [])
    daemon.stop()


def all_requests_use_the_proxy_with_its_password() -> None:
    sim, proxy = Simulator(**SMALL), Proxy(auth="%s:%s" % (USER, PLAIN))
    daemon = Collectd(account(sim, Proxy=address(proxy, "%s:%s" % (USER, PASSWORD))), queues())
    works(daemon, proxy, sim)
    same("the proxy sees only our user", set(proxy.counters()["users"]), {USER})


def a_wrong_or_missing_password_is_named() -> None:
    sim, proxy = Simulator(**SMALL), Proxy(auth="%s:%s" % (USER, PLAIN))
    for name, who in (("wrong", USER + ":tell-tale-wrong"), ("none", "")):
        daemon = Collectd(account(sim, Proxy=address(proxy, who)), queues(), level="debug")
        line = daemon.says("account prod, token: no token", "the proxy answered 407", within_s=8)
        check("%s: the line names the option and its form" % name, 'Proxy "http://user:password@host:port"' in line, line)
        watch_for(1.2)
        same("%s: the log has one line" % name, len(daemon.complaints()), 1)
        same("%s: the password is not visible outside" % name, daemon.leaks("tell-tale"), [])
        check("%s: collectd runs on" % name, daemon.program.is_running())
        daemon.stop()
    same("no request reaches the API", sim.counters()["requests_total"], 0)


def the_stream_uses_the_proxy() -> None:
    sim, proxy = stream.simulator(queues=4, agents=8, plain_names=True), Proxy(auth="%s:%s" % (USER, PLAIN))
    daemon = Collectd(account(sim, Proxy=address(proxy, "%s:%s" % (USER, PASSWORD))), stream.block(), level="debug")
    stream.wait_listening(daemon)
    same("all requests use CONNECT to the API", set(proxy.counters()["targets"]), {"127.0.0.1:%d" % sim.https_port})
    start = stream.now(sim)
    proxy.call("cut", {})
    wait_until(lambda: len(stream.sockets(sim)) == 2, 8, "another socket")
    stream.wait_listening(daemon)
    sim.thaw()
    sim.call("contacts", {"op": "arrive", "queueId": next(iter(sim.truth()["queues"])), "mediaType": "voice", "count": 5})
    wait_until(lambda: stream.total(stream.counted(sim, start), "queue_offer") >= 5, 10, "offers")
    sim.freeze()
    stream.counters_equal("the counters equal the truth after the proxy's restart", sim, daemon, start)
    check("at least five offers are counted", stream.total(stream.shown(daemon), "queue_offer") >= 5)
    same("the proxy sees only our user", set(proxy.counters()["users"]), {USER})
    same("the API receives no header of the proxy", sim.counters()["proxy_headers"], {})
    same("the password is not visible outside", daemon.leaks(PLAIN, PASSWORD), [])
    daemon.stop()


def a_proxy_that_refuses_the_stream_leaves_the_gauges() -> None:
    """NoProxy names the API; the channels' own address needs the proxy."""
    sim, proxy = stream.simulator(queues=4, agents=8, plain_names=True), Proxy()
    sim.config(connect_base="wss://localhost:%d" % sim.https_port)
    proxy.mode("deny")
    daemon = Collectd(account(sim, Proxy=address(proxy), NoProxy="127.0.0.1"), stream.block())
    daemon.says("account prod, stream: ", "the proxy answered 403")
    stream.gauges_equal("the gauges equal the truth without a stream", sim, daemon)
    proxy.mode("pass")
    stream.wait_listening(daemon)
    same("the log has one line", len(daemon.complaints()), 1)
    daemon.stop()


def hosts_of_no_proxy_bypass_the_proxy() -> None:
    sim, proxy = Simulator(**SMALL), Proxy()
    daemon = Collectd(account(sim, Proxy=address(proxy), NoProxy="example.org,127.0.0.1"), queues())
    daemon.wait_up()
    same("no connection goes through the proxy", proxy.counters()["counts"].get("connect", 0), 0)
    daemon.stop()


def the_environment_s_proxy_is_the_default() -> None:
    sim, proxy = Simulator(**SMALL), Proxy()
    daemon = Collectd(account(sim), queues(), env={"https_proxy": address(proxy)})
    works(daemon, proxy, sim)


def all_requests_use_an_https_proxy() -> None:
    sim = Simulator(**SMALL)
    proxy = Proxy(auth="%s:%s" % (USER, PLAIN), tls=sim)
    daemon = Collectd(account(sim, Proxy=address(proxy, "%s:%s" % (USER, PASSWORD), "https")), queues())
    works(daemon, proxy, sim)


def a_proxy_that_refuses_or_is_down_is_named() -> None:
    sim = Simulator(**SMALL)
    for mode, part in (("deny", "the proxy answered 403"), ("unavailable", "the proxy answered 502"),
                       ("hang", "check Timeout, ConnectTimeout, Proxy")):
        proxy = Proxy()
        proxy.mode(mode)
        daemon = Collectd(account(sim, Proxy=address(proxy), ConnectTimeout=1, Timeout=2), queues())
        line = daemon.says("account prod, token: no token", part, within_s=8)
        check("%s: the line has %s" % (mode, part), True, line)
        proxy.mode("pass")
        daemon.wait_up(within_s=25)
        check("%s: values begin without a restart when the proxy works" % mode, True)
        daemon.stop()
    gone = "http://127.0.0.1:%d" % process.free_port()
    daemon = Collectd(account(sim, Proxy=gone), queues())
    daemon.says("account prod, token: no token", gone.removeprefix("http://127.0.0.1:"), "Proxy", within_s=8)
    check("gone: the line names the proxy", True)
    daemon.stop()


def all_requests_use_tinyproxy() -> None:
    """An independent proxy."""
    if not TINYPROXY:
        raise Skip("tinyproxy is not installed")
    sim = Simulator(**SMALL)
    folder, port = process.folder("tinyproxy"), process.free_port()
    config = folder / "tinyproxy.conf"
    config.write_text("Port %d\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Connect\nPidFile \"%s\"\n"
                      "Allow 127.0.0.1\nBasicAuth %s %s\n" % (port, folder / "pid", USER, "tell-tale-1"))
    config.chmod(0o600)
    proxy = Program([TINYPROXY, "-d", "-c", str(config)])
    wait_until(lambda: listens(port), 5, "tinyproxy listens")

    def url(password: str) -> str:
        return "http://%s:%s@127.0.0.1:%d" % (USER, password, port)
    daemon = Collectd(account(sim, Proxy=url("tell-tale-1")), queues())
    daemon.wait_up()
    check("values arrive through tinyproxy", True)
    check("tinyproxy logs CONNECT", proxy.matching("CONNECT 127.0.0.1:%d" % sim.https_port), proxy.text[-500:])
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()
    daemon = Collectd(account(sim, Proxy=url("tell-tale-2")), queues())
    daemon.says("account prod, token: no token", "the proxy answered 4", within_s=8)
    same("the password is not visible outside", daemon.leaks("tell-tale"), [])
    line = daemon.complaints()[0]
    check("the line names the option and its form", 'Proxy "http://user:password@host:port"' in line, line)
    daemon.stop()


if __name__ == "__main__":
    report.main([a_proxy_that_refuses_or_is_down_is_named, all_requests_use_the_proxy_with_its_password,
                 a_wrong_or_missing_password_is_named, hosts_of_no_proxy_bypass_the_proxy,
                 the_environment_s_proxy_is_the_default, all_requests_use_an_https_proxy, the_stream_uses_the_proxy,
                 a_proxy_that_refuses_the_stream_leaves_the_gauges, all_requests_use_tinyproxy], {"collectd": DAEMON})

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does every line that was accepted reach a real database, once, through kills, hangs and full disks?

GC_KILLS: kills of each kind (3). influxdb_damage.py damages the spool itself.
"""
from __future__ import annotations

import os
import random
import re
import signal
from pathlib import Path
from typing import Any, Callable

from lib import process, report
from lib.collectd import ANALYTICS, DAEMON, Collectd, account, built, query, queues, read_csv_series
from lib.full_disk import full_disk
from lib.gate import Gate
from lib.genesys import Simulator
from lib.hanging_disk import hanging_disk
from lib.process import free_port, wait_until, watch_for
from lib.report import check, check_soon, note, same, same_soon
from lib.timeseries import INFLUXD, VICTORIA, Database, Influx1, Load, Victoria, get, spooled
from lib.windows import MINUTE_MS, NEEDS, Fast

KILLS = int(os.environ.get("GC_KILLS", "3"))
WINDOWS = 110  # of a back-fill
BATCH = 200  # BatchSize of the nodes
OURS = ("genesys", "genesys_influxdb")
DATABASES = (Influx1, Victoria)
IN_MEMORY_S = 15  # VictoriaMetrics 1.79 writes acknowledged lines to disk within 10 s
Make = Callable[[], Database]
Scenario = Callable[[], None]


def with_each_database(scenario: Callable[[Make], None]) -> list[Scenario]:
    """The scenario with each kind of database."""
    def one(make: Any) -> Scenario:
        def run() -> None:
            scenario(make)
        run.__name__ = "%s_%s" % (scenario.__name__, make.__name__.lower())
        return run
    return [one(make) for make in DATABASES]


def agent(load: Load, section: str, ours: tuple[str, ...] = OURS, **options: Any) -> Collectd:
    return Collectd("", more=load.socket.options + section, load=("unixsock",), ours=ours, **options)


def missing(database: Database, wanted: set[int]) -> list[int]:
    """Numbers that are not in the database under their series and time."""
    points = database.points(Load.MEASUREMENT)
    return [n for n in sorted(wanted) if n not in points.get(("s%d" % (n % 7), Load.time_ns(n)), [])]


def arrives(name: str, database: Database, wanted: set[int], within_s: float = 40) -> None:
    try:
        wait_until(lambda: not missing(database, wanted), within_s, name, every_s=0.3)
    except process.Late:
        pass
    left = missing(database, wanted)
    check(name, not left, "%d of %d are missing: %s …" % (len(left), len(wanted), left[:5]))


def sent_again(database: Database) -> int:
    return sum(len(values) - 1 for values in database.points(Load.MEASUREMENT).values())


def kills_of_agent_and_database_lose_no_accepted_line(make: Make) -> None:
    database, base, rng = make(), process.folder("agent"), random.Random(5)
    spool, load = base / "spool", Load()
    accepted: set[int] = set()
    for turn in range(KILLS):
        daemon = agent(load, database.node(SpoolDir=spool), base=base)
        load.start()
        wait_until(lambda: load.number > 500 * (turn + 1), 30, "values")
        watch_for(rng.uniform(0.2, 0.9))
        os.kill(daemon.program.pid, signal.SIGKILL)
        daemon.program.wait(5)
        load.stop()
        accepted |= spooled(spool)
    daemon = agent(load, database.node(SpoolDir=spool), base=base)
    first = load.number
    for turn in range(KILLS):
        load.start()
        watch_for(rng.uniform(0.2, 0.9))
        database.end()
        watch_for(rng.uniform(0.2, 0.9))
        database.start()
        load.stop()
    last = load.number
    before = len(accepted)
    check("lines were accepted before the kills", before > 100 * KILLS, before)
    accepted |= set(range(first, last))  # the agent still runs, so it accepts every line
    arrives("every accepted line is in the database", database, accepted)
    stop_s, status = daemon.stop()
    check("collectd stops in time with status 0", stop_s < 2.5 and status == 0, (stop_s, status))
    again = sent_again(database)
    check("only batches in flight were sent again", again <= 2 * KILLS * BATCH, again)
    note("%d agent kills, %d database kills, %d lines, %d sent again" % (KILLS, KILLS, last, again))


def a_killed_victoria_loses_its_last_seconds_only() -> None:
    """VictoriaMetrics acknowledges lines that it has in memory only; all other lines are there, once each."""
    database, load = Victoria(), Load()
    daemon = agent(load, database.node())
    load.start(0.01)
    watch_for(3)
    old = load.number
    watch_for(IN_MEMORY_S)
    database.kill()
    killed = load.number
    database.start()
    arrives("the lines that the database has saved are there", database, set(range(old - 100)))
    wait_until(lambda: load.number > killed + 300, 20, "values")
    load.stop()
    arrives("the lines after the kill are in the database", database, set(range(killed, load.number)))
    lost = missing(database, set(range(load.number)))
    check("only lines that were acknowledged shortly before the kill are lost", not lost or lost[0] >= old - 100, lost[:5])
    check("at most the batch in flight was sent again", sent_again(database) <= BATCH, sent_again(database))
    note("%d of %d lines lost by VictoriaMetrics" % (len(lost), load.number))
    daemon.stop()


def a_network_cut_of_30_s_loses_nothing(make: Make) -> None:
    database = make()
    gate = Gate(database.port)
    load = Load()
    daemon = agent(load, database.node(URL="http://127.0.0.1:%d" % gate.port))
    load.start(0.01)
    arrives("the first values are in the database", database, {0, 1, 2})
    gate.close()
    began = load.number
    watch_for(30)
    gate.open()
    wait_until(lambda: load.number > began + 100, 20, "values")
    load.stop()
    arrives("all values of the outage are in the database", database, set(range(load.number)))
    again = sent_again(database)
    check("at most the batch in flight was sent again", again <= BATCH, again)
    lines = daemon.complaints()
    check("the log has one line about the database", len(lines) == 1 and "node-main, database" in lines[0] and "lines wait in the spool" in lines[0], lines)
    check("the log has a line about its return", daemon.program.matching("node-main, database", "good again"), daemon.text)
    check("the input never waits for the database", load.slowest_s < 1, load.slowest_s)
    daemon.stop()


def a_slow_database_is_not_given_up(make: Make) -> None:
    """The database answers late, then later than Timeout, then normally: Telegraf's issue 16314."""
    database = make()
    gate = Gate(database.port)
    load = Load()
    daemon = agent(load, database.node(URL="http://127.0.0.1:%d" % gate.port, Timeout=2))
    load.start(0.002)
    arrives("the first values are in the database", database, {0, 1, 2})
    gate.delay_s = 0.5
    watch_for(4)
    gate.delay_s = 5
    daemon.says("node-main, database", "lines wait in the spool", within_s=20)
    tries = gate.accepted
    wait_until(lambda: gate.accepted >= tries + 2, 20, "further tries")
    gate.delay_s = 0
    load.stop()
    arrives("all values are in the database once it is fast again", database, set(range(load.number)))
    again, most = sent_again(database), BATCH * (gate.accepted + 1)
    check("only batches whose answer was late were sent again", again <= most, (again, most))
    load.put(100)
    arrives("the later values are in the database", database, set(range(load.number)))
    same("no other line is sent again", sent_again(database), again)
    if isinstance(database, Victoria):
        database.deduplicate()
        same("each line is there once, with -dedup.minScrapeInterval", sent_again(database), 0)
        same("no line is lost", missing(database, set(range(load.number))), [])
    check("the input never waits for the database", load.slowest_s < 1, load.slowest_s)
    note("%d lines, %d sent again, %d connections" % (load.number, again, gate.accepted))
    daemon.stop()


def a_silent_database_slows_neither_inputs_nor_other_writers(make: Make) -> None:
    database = make()
    gate = Gate(database.port)
    gate.stop_answering()
    load = Load()
    exposition = free_port() if built("genesys_prometheus") else 0
    section = database.node(URL="http://127.0.0.1:%d" % gate.port, Timeout=60)
    if exposition:
        section += '<Plugin genesys_prometheus>\nPort %d\nPlugin "load"\n</Plugin>\n' % exposition
    daemon = agent(load, section, ours=(*OURS, *(["genesys_prometheus"] if exposition else [])))
    load.put(3000)
    check("3,000 values were taken", load.number == 3000, load.number)
    check("no value took a second", load.slowest_s < 1, load.slowest_s)

    def in_csv() -> int:
        folder = daemon.csv / "agent" / "load"
        return sum(len(p.read_text().splitlines()) - 1 for p in folder.glob("gauge-*")) if folder.is_dir() else 0
    # csv itself loses some values of a burst: its five threads append to one file.
    wait_until(lambda: in_csv() > 2500, 15, "the values in csv")
    check("csv continues", True)
    if exposition:
        def newest() -> set[int]:
            text = get("http://127.0.0.1:%d/metrics" % exposition).decode()
            return {int(n) for n in re.findall(r"^collectd_load_gauge\{.*\} (\d+)$", text, re.M)}
        same_soon("genesys_prometheus shows the newest value of each series", newest, set(range(2993, 3000)))
    took, status = daemon.stop()
    check("collectd stops in time with a request open", took < 2.5 and status == 0, (took, status))
    same("all values are in the spool", len(spooled(daemon.base / "genesys_influxdb-main")), 3000)


def a_full_disk_stops_only_the_disk(make: Make) -> None:
    """The lines go from memory to the database; without the database they wait, and the figures say so."""
    database = make()
    gate = Gate(database.port)
    base = process.folder("agent")
    spool, load = base / "spool", Load()
    disk = full_disk(spool)
    section = database.node(URL="http://127.0.0.1:%d" % gate.port, SpoolDir=spool)
    daemon = agent(load, section, base=base, preload=str(disk.shim), env=disk.env)

    def figures() -> tuple[bool, bool, bool]:
        up, waiting, age = (daemon.latest("node-main", *name) for name in
                            (("writer_up",), ("spool_bytes", "waiting"), ("spool_age",)))
        return up == 1, bool(waiting), bool(age)
    load.put(300)
    arrives("the values before the disk fails are in the database", database, set(range(300)))
    disk.fill()
    load.put(1000)
    daemon.says("node-main, spool", "cannot save lines", "No space left", within_s=10)
    arrives("the values that the disk does not take are in the database", database, set(range(1300)))
    same_soon("writer_up is 0 and nothing waits", figures, (False, False, False), 20)
    gate.close()
    load.put(1000)
    same_soon("the lines wait", figures, (False, True, True), 20)
    gate.open()
    arrives("the values that waited in memory are in the database", database, set(range(2300)))
    same_soon("nothing waits any more", figures, (False, False, False), 20)
    disk.empty()
    load.put(300)
    arrives("the values after that are in the database", database, set(range(2600)))
    same_soon("writer_up is 1", figures, (True, False, False), 20)
    check("at most the batch in flight was sent again", sent_again(database) <= BATCH, sent_again(database))
    check("the log has one line about the disk", len([one for one in daemon.complaints() if "node-main, spool:" in one]) == 1, daemon.complaints())
    daemon.stop()


def past_spool_max_the_oldest_are_dropped_and_counted(make: Make) -> None:
    database = make()
    gate = Gate(database.port, is_open=False)
    load = Load()
    daemon = agent(load, database.node(URL="http://127.0.0.1:%d" % gate.port, SpoolMax=2**20, BatchSize=5000))
    load.put(15000)
    daemon.says("node-main", "the oldest, were dropped", within_s=20)
    gate.open()
    arrives("the newest values are in the database", database, set(range(10000, 15000)))
    lost = missing(database, set(range(15000)))
    # collectd's five write threads reorder neighbours.
    check("the missing values are the oldest", lost and lost[-1] < len(lost) + 50, (len(lost), lost[-3:]))
    same_soon("writer_lines-dropped counts them", lambda: daemon.latest("node-main", "writer_lines", "dropped"), len(lost))
    daemon.stop()


def a_corrected_password_and_ca_need_no_restart() -> None:
    sim = Simulator(queues=1, frozen=True)
    database = Influx1(user="agent:right-password", cert=sim.folder / "server.pem", key=sim.folder / "server.key", ca=sim.ca)
    folder = process.folder("secret")
    password, ca = folder / "password", folder / "ca.pem"
    password.write_text("wrong-password\n")
    password.chmod(0o600)
    ca.write_bytes(Path(sim.folder / "server.key").read_bytes())  # no certificate at all
    load = Load()
    daemon = agent(load, database.node(User="agent", PasswordFile=password, CACert=ca))
    load.put(100)
    daemon.says("node-main, database", "check CACert", within_s=15)
    ca.write_bytes(Path(sim.ca).read_bytes())
    daemon.says("node-main, database", "401", "check TokenFile", within_s=60)
    password.write_text("right-password\n")
    arrives("the values are in the database after both were corrected, without a restart", database, set(range(100)), within_s=80)
    same("visible passwords", daemon.leaks("wrong-password", "right-password"), [])
    daemon.stop()


def a_line_that_the_database_refuses_is_set_aside() -> None:
    database = Influx1()
    load = Load()
    base = process.folder("agent")
    # The field exists already as a text in this shard: values of it conflict.
    database.get("/write?db=genesys", ('collectd_load_gauge,host=x,type_instance=s3 value="text" %d' % Load.time_ns(0)).encode())
    daemon = agent(load, database.node(SpoolDir=base / "spool", Plugin=["load", "genesys"]), base=base)
    load.put(50)
    aside = base / "spool" / "refused.lines"
    wait_until(lambda: aside.read_text().count("collectd_load_gauge,") == 50, 40, "the lines in refused.lines")
    check("refused.lines has the database's words", "field type conflict" in aside.read_text(), aside.read_text()[:300])
    check_soon("other lines are in the database", lambda: ["genesys_writer_requests"] in database.ask("SHOW MEASUREMENTS")[0]["values"],
               lambda: database.ask("SHOW MEASUREMENTS"))
    daemon.says("the database refuses")  # after the file
    check("the log has one line about the refusal", len([x for x in daemon.complaints() if "refuses" in x]) == 1, daemon.complaints())
    daemon.stop()


def a_field_of_another_type_costs_few_requests() -> None:
    """A shard has the field as a text. Its values there, many and scattered, are set aside; the next shard has the others."""
    database, load, base = Influx1(), Load(), process.folder("agent")
    database.get("/write?db=genesys", ('collectd_other_gauge value="text" %d' % load.time_ns(0)).encode())
    section = database.node(SpoolDir=base / "spool", BatchSize=500, FlushInterval=3, Plugin=["other", "load", "genesys"])
    daemon = agent(load, section, base=base)
    week_s = 7 * 24 * 3600
    load.socket.ask(["PUTVAL \"agent/%s/gauge-n%d\" interval=1 %d:%d"
                     % ("other" if n % 3 == 0 else "load", n, load.time_ns(n) // 10**9 + (week_s if n >= 300 else 0), n)
                     for n in range(450)])
    aside = base / "spool" / "refused.lines"
    same_soon("refused.lines has the values of the shard, and no others",
              lambda: sorted(int(n) for n in re.findall(r"^collectd_other_gauge,\S*type_instance=n(\d+)", aside.read_text(), re.M))
              if aside.exists() else [], list(range(0, 300, 3)), 40)

    def numbers() -> list[int]:
        found = [*database.points("collectd_load_gauge", "type_instance"), *database.points("collectd_other_gauge", "type_instance")]
        return sorted(int(name[1:]) for name, _ in found if name)
    same_soon("all others are in the database", numbers, sorted(set(range(450)) - set(range(0, 300, 3))), 20)
    same_soon("writer_lines-refused counts them", lambda: daemon.latest("node-main", "writer_lines", "refused"), 100, 20)
    failed = daemon.latest("node-main", "writer_requests", "failed") or 0
    check("few requests were refused", failed <= 60, failed)
    note("%d requests were refused for 100 lines" % failed)
    daemon.stop()


def names_and_numbers_are_read_back_unchanged(make: Make) -> None:
    """Reads names and numbers back from the database: escapes, UTF-8, floats and integers."""
    database = make()
    load = Load()
    daemon = agent(load, database.node())
    names = ["plain", "a b", "a,b", "a=b", "a, =b", 'q"uo\'te', "C:\\x", "Caf\u00e9 \u6f22", "#x", "\\n"]
    for name in names + ["end\\", "a\\,b"]:
        load.send("agent/load-%s/gauge-%s" % (name, name), "3")
    names += ["end_", "a_,b"]  # a backslash before an escaped character cannot be written
    same_soon("tags", lambda: sorted(database.points(Load.MEASUREMENT, "instance", "type_instance")),
              sorted((name, name, load.time_ns(0)) for name in names), 20)
    gauges, integers = ["0.1", "-2.5", "123456789012", "0"], ["0", "-7", "123456789012345"]
    if make is Influx1:  # VictoriaMetrics keeps fewer digits
        gauges += ["0.30000000000000004", "1.7976931348623157e+308", "5e-324"]
        integers += ["4611686018427387905", "9223372036854775807", "-9223372036854775808"]
    for text in gauges:
        load.send("agent/load/gauge-%s" % text, text)
    load.send("agent/load/gauge-nan", "U")
    for text in integers:
        load.send("agent/load/derive-%s" % text, text)

    def numbers(kind: str) -> dict[str, float]:
        found = database.points("collectd_load_%s" % kind, "type_instance")
        return {text: values[0] for (text, _), values in found.items() if text not in names}
    same_soon("floats, and no NaN", lambda: numbers("gauge"), {text: float(text) for text in gauges}, 20)
    same_soon("integers", lambda: numbers("derive"), {text: int(text) for text in integers}, 20)
    if isinstance(database, Influx1):
        same("the type of an integer", database.ask("SHOW FIELD KEYS FROM collectd_load_derive")[0]["values"],
             [["value", "integer"]])
    same("complaints", daemon.complaints(), [])
    daemon.stop()


def a_disk_that_hangs_delays_no_value(make: Make) -> None:
    database = make()
    disk = hanging_disk("spool")
    load = Load()
    daemon = agent(load, database.node(SpoolDir=disk.below / "in"), preload=str(disk.shim), env=disk.env)
    load.put(100)
    arrives("the values before the disk fails are in the database", database, set(range(100)))
    disk.hang()
    load.put(2000)
    check("all values were taken", load.number == 2100, load.number)
    check("no value took a second", load.slowest_s < 1, load.slowest_s)
    took, status = daemon.stop()
    check("collectd stops in time", took < 3 and status == 0, (took, status))
    check("the log has a line about the disk", daemon.program.matching("the disk of SpoolDir does not answer"), daemon.text)
    disk.answer()


def the_rows_are_those_of_guides_b_and_c() -> None:
    """Compares the rows with those of the guides: measurements, tags, fields and their types, letter by letter."""
    database = Influx1()
    sim = Simulator(queues=3, agents=10, rate_limit=0, plain_names=True)
    section = database.node(Plugin="genesys").replace("</Node>", '  Tag "env" "prod"\n</Node>')
    daemon = Collectd(account(sim, RequestsPerMinute=10000),
                      queues(Stream="none", Observations="queue_metrics", ObservationInterval=5, Window=10),
                      queries=query("b", Source="queue_details"), ours=("genesys", "genesys_realtime", "genesys_influxdb"),
                      more=section)
    for measurement, tags, fields in (
            ("genesys_queue", {"queueId", "env"},
             {"answered": "integer", "abandoned": "integer", "offered": "integer", "waitTime": "float"}),
            ("queue_metrics", {"queue_id", "queue_name", "env"},
             dict.fromkeys(("queued_avg", "queued_min", "queued_max", "waiting_avg", "agentAvailable_avg", "agentBusy_avg"),
                           "integer"))):
        def kinds() -> dict[str, str]:
            found = database.ask('SHOW FIELD KEYS FROM "%s"' % measurement)
            return dict(found[0]["values"]) if found else {}
        same_soon("fields of %s" % measurement, kinds, fields, 60)
        # The fields are listed a moment before the first points are found.
        rows = wait_until(lambda: database.ask('SELECT * FROM "%s" GROUP BY *' % measurement), 20, "rows of %s" % measurement)
        same("tags of %s" % measurement, {frozenset(row["tags"]) for row in rows}, {frozenset(tags)})
        same("env of %s" % measurement, {row["tags"]["env"] for row in rows}, {"prod"})
        ids = {row["tags"].get("queueId") or row["tags"]["queue_id"] for row in rows}
        check("the queues of %s are the platform's" % measurement, ids and ids <= set(sim.truth()["queues"]), ids)
    found = database.ask("SELECT offered FROM genesys_queue GROUP BY queueId")
    names = {queue: record["name"] for queue, record in sim.truth()["queues"].items()}
    both = []
    for row in found:
        csv = dict(daemon.readings(names[row["tags"]["queueId"]], "queue_interval_number", "offered-all"))
        both += [(value, csv[at / 1e9]) for at, value in row["values"] if at / 1e9 in csv]
    check("%d numbers are those of csv" % len(both), both and all(a == b for a, b in both), both)
    daemon.stop()


class WithDatabase(Fast):
    """A platform with fast clocks whose intervals go to a database."""

    def blocks(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**super().blocks(options), "ours": OURS}


def each_interval_arrives(fast: Fast, database: Database) -> None:
    begin, end = fast.span()
    truth = fast.truth(begin, end, ["nOffered", "nConnected"], "PT1M")

    def differences() -> list[str]:
        made = database.points("genesys_queue_interval_number", "instance", "type_instance")
        return ["%s at %d: %s" % (key, over, stats) for (key, over), stats in truth.items()
                if (made.get((key.label, key.qualifier, over * 1000000)) or [None])[-1] != stats["count"]]
    left = process.wait_for_none(differences, 40, "all intervals in the database")
    check("each interval is in the database with its count (%d)" % len(truth), truth and not left, left[:5])


def no_interval_is_lost_while_the_database_is_away(make: Make) -> None:
    """The spool keeps the intervals of half an hour without the database; then the database gets each of them."""
    database = make()
    gate = Gate(database.port)
    fast = WithDatabase(120, queues=4, agents=12, warmup=1200)
    section = database.node(URL="http://127.0.0.1:%d" % gate.port, Plugin="genesys", FlushInterval=20, Timeout=600,
                            ConnectTimeout=300)
    daemon = fast.collectd(more=section, Backfill="PT20M")
    daemon.lives_until(lambda: fast.asked() and daemon.snapshot(), 30, "the first windows")
    fast.pass_until(fast.now_ms() + 3 * MINUTE_MS)
    gate.close()
    fast.pass_until(fast.now_ms() + 30 * MINUTE_MS)
    gate.open()
    fast.sim.freeze()
    fast.pass_until(fast.now_ms() + 5 * MINUTE_MS)
    each_interval_arrives(fast, database)
    daemon.stop()


def kills_during_a_backfill_lose_no_interval(make: Make) -> None:
    """A window counts as sent when it is on the spool's disk, however fast the windows of a back-fill follow each other."""
    database = make()
    fast = WithDatabase(1, queues=20, agents=60, warmup=7200)
    section = database.node(Plugin="genesys", FlushInterval=1)

    def written() -> int:
        """Windows that csv has; csv writes a value before the node has it."""
        folders = fast.base.glob("csv/agent/genesys-*")
        return max((len(read_csv_series(one, "queue_interval_number-nOffered-voice")) for one in folders), default=0)
    before, kills = 0, 0
    while kills < KILLS and before < WINDOWS - 20:  # a busy host may see the last windows only
        daemon = fast.collectd(more=section, Backfill="PT%dM" % WINDOWS)
        daemon.lives_until(lambda: written() >= before + 8, 60, "windows")
        kills += 1
        os.kill(daemon.program.pid, signal.SIGKILL)
        daemon.program.wait(5)
        before = written()
        note("%d windows at the kill" % before)
    daemon = fast.collectd(more=section, Backfill="PT%dM" % WINDOWS)
    daemon.lives_until(fast.is_saved, 60, "all windows are sent")
    each_interval_arrives(fast, database)
    daemon.stop()


EACH = [a_network_cut_of_30_s_loses_nothing, kills_of_agent_and_database_lose_no_accepted_line, a_slow_database_is_not_given_up,
        a_silent_database_slows_neither_inputs_nor_other_writers, a_full_disk_stops_only_the_disk, a_disk_that_hangs_delays_no_value,
        past_spool_max_the_oldest_are_dropped_and_counted, names_and_numbers_are_read_back_unchanged]
if all(NEEDS.values()):
    EACH += [no_interval_is_lost_while_the_database_is_away, kills_during_a_backfill_lose_no_interval]

if __name__ == "__main__":
    report.main([scenario for each in EACH for scenario in with_each_database(each)] +
                [a_killed_victoria_loses_its_last_seconds_only,
                 a_corrected_password_and_ca_need_no_restart,
                 a_line_that_the_database_refuses_is_set_aside, a_field_of_another_type_costs_few_requests,
                 *([the_rows_are_those_of_guides_b_and_c] if built(ANALYTICS) else [])],
                {"collectd": DAEMON, "genesys_influxdb": built("genesys_influxdb"), "influxd": INFLUXD,
                 "victoria-metrics": VICTORIA})

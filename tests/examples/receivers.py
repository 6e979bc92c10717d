#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files in examples/ for receivers of collectd's writers: are they well formed, and do both sides of each agree?

tests/e2e/backends.py runs those whose receiver Debian has.
"""
from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

try:
    import tomllib
    import yaml
except ImportError as error:
    print("SKIP: %s" % error)
    sys.exit(77)

TOP = Path(os.environ.get("top_srcdir", Path(__file__).resolve().parents[2])).resolve()
EXAMPLES = TOP / "examples"
found: list[str] = []


def same(name: str, got: Any, wanted: Any) -> None:
    if got != wanted:
        found.append("%s: %r, wanted %r" % (name, got, wanted))


def text(path: str) -> str:
    return (EXAMPLES / path).read_text(encoding="utf-8")


def ports(path: str) -> set[str]:
    """The UDP ports that the active lines of a network.conf name."""
    return set(re.findall(r'^ *Server "[^"]+" "(\d+)"', text(path), re.M))


def telegraf() -> None:
    inputs = tomllib.loads(text("telegraf/telegraf.conf"))["inputs"]["socket_listener"]
    same("telegraf.conf: listeners", len(inputs), 1)
    listener = inputs[0]
    # Options of Telegraf's socket_listener and of its parser for collectd.
    same("telegraf.conf: unknown options", set(listener) - {
        "service_address", "read_buffer_size", "data_format", "collectd_typesdb", "collectd_parse_multivalue",
        "collectd_security_level", "collectd_auth_file"}, set())
    same("telegraf.conf: format", listener["data_format"], "collectd")
    same("telegraf.conf: values", listener["collectd_parse_multivalue"] in ("split", "join"), True)
    same("telegraf.conf: types", {path.rsplit("/", 1)[1] for path in listener["collectd_typesdb"]}, {"types.db", "genesys.db"})
    address = urlsplit(listener["service_address"])
    same("telegraf.conf: port", ("udp", {str(address.port)}), (address.scheme, ports("influxdb1/network.conf")))


def influxdb() -> None:
    section = tomllib.loads(text("influxdb1/collectd-listener.conf"))["collectd"]
    same("collectd-listener.conf: listeners", len(section), 1)
    same("collectd-listener.conf: port", {section[0]["bind-address"].rpartition(":")[2]}, ports("influxdb1/network.conf"))


def opentelemetry() -> None:
    config = yaml.safe_load(text("opentelemetry/otelcol.yaml"))
    receiver = config["receivers"]["collectd"]
    same("otelcol.yaml: unknown options", set(receiver) - {"endpoint", "attributes_prefix", "timeout", "encoding"}, set())
    url = urlsplit(re.search(r'^ *URL "([^"]+)"', text("opentelemetry/write_http.conf"), re.M).group(1))
    same("otelcol.yaml: endpoint", receiver["endpoint"], url.netloc)
    prefixed = [key.startswith(receiver["attributes_prefix"]) for key in parse_qs(url.query)]
    same("write_http.conf: attributes", prefixed, [True])
    for name, pipeline in config["service"]["pipelines"].items():
        for kind, names in pipeline.items():
            same("otelcol.yaml: %s of %s that are not defined" % (kind, name), set(names) - set(config[kind]), set())
    scrape = config["receivers"]["prometheus"]["config"]["scrape_configs"][0]
    same("otelcol.yaml: target", scrape["static_configs"][0]["targets"], ["127.0.0.1:9104"])


def datadog() -> None:
    config = yaml.safe_load(text("datadog/openmetrics.d/conf.yaml"))
    same("conf.yaml: instances", len(config["instances"]), 1)
    instance = config["instances"][0]
    # Options of the Agent's OpenMetrics check, version 2.
    same("conf.yaml: unknown options", set(instance) - {
        "openmetrics_endpoint", "namespace", "metrics", "rename_labels", "min_collection_interval", "max_returned_metrics"},
        set())
    names = [name for entry in instance["metrics"] for name in entry]
    same("conf.yaml: entries that are no pair of names", [entry for entry in instance["metrics"] if len(entry) != 1], [])
    same("conf.yaml: names twice", sorted({name for name in names if names.count(name) > 1}), [])
    same("conf.yaml: counters with _total", [name for name in names if name.endswith("_total")], [])
    shown = {"genesys." + new for entry in instance["metrics"] for new in entry.values()}
    used = set(re.findall(r"`?\b(genesys\.[a-z_.]+?)(?:\.count|\.bucket)?[`{]", text("datadog/README.md")))
    same("README.md: metrics that conf.yaml does not list", used - shown, set())


def types() -> list[tuple[str, str, str, str]]:
    """The rows of docs/metrics.md: type, kind, the thing that it is of, unit."""
    page = (TOP / "docs" / "metrics.md").read_text(encoding="utf-8")
    table = page[page.index("<!-- metrics -->"):page.index("<!-- /metrics -->")]
    rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if line.startswith("| `")]
    return [(row[1].strip("`"), row[2], row[3].split(",")[0], row[5]) for row in rows]


def filled_in(match: re.Match[str], template: str) -> str:
    """Replaces $1 and ${1} by their groups, as Prometheus does."""
    return re.sub(r"\$\{?(\d)\}?", lambda group: match[int(group[1])] or "", template)


def relabelled(rules: list[dict[str, Any]], labels: dict[str, str]) -> dict[str, str]:
    """Returns the labels of one series after metric_relabel_configs."""
    made = dict(labels)
    for rule in rules:
        match = re.fullmatch(rule["regex"], ";".join(made.get(name, "") for name in rule["source_labels"]))
        if match:
            made[filled_in(match, rule["target_label"])] = filled_in(match, rule.get("replacement", "$1"))
    return made


def write_prometheus() -> None:
    """Each type has the name and the owner's label of genesys_prometheus."""
    rules = yaml.safe_load(text("prometheus/write_prometheus.yml"))["scrape_configs"][0]["metric_relabel_configs"]
    owners = {"queue": ("queue_name", "Support"), "user": ("user_name", "Jo"), "flow": ("flow_name", "IVR"),
              "block": ("block", "queues-all"), "account": ("account", "prod")}
    for kind, source, of, unit in types():
        label, owner = owners[of]
        for member in re.findall(r"(\w+) gauge,?", source) or [""]:
            end = ("_" + member if member else "") + ("_total" if source == "derive" else "")
            name = "collectd_genesys_" + kind + end
            made = relabelled(rules, {"__name__": name, "genesys": "account-prod" if of == "account" else owner,
                                      "type": "x", "exported_instance": "org"})
            same("write_prometheus.yml: %s: %s" % (name, label), made.get(label), owner)
            if unit == "s" and source != "derive":
                same("write_prometheus.yml: %s: _seconds" % name, "_seconds" in made["__name__"], True)
    made = relabelled(rules, {"__name__": "collectd_genesys_api_function_latency", "genesys": "account-prod", "type": "queues"})
    same("write_prometheus.yml: function", made.get("function"), "queues")
    made = relabelled(rules, {"__name__": "collectd_genesys_queue_observation", "genesys": "Support", "type": "oNew-count-voice"})
    same("write_prometheus.yml: parts of queue_observation", (made.get("metric"), made.get("media_type")), ("oNew", "voice"))


for check in (telegraf, influxdb, opentelemetry, datadog, write_prometheus):
    check()
print("\n".join(found) or "receivers: the files are well formed and agree")
sys.exit(1 if found else 0)

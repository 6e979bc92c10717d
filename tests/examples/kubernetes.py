#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the files of examples/kubernetes agree with each other, and do two pods become ready by their own start command and
probes, each with its share of the queues?

The pods are folders of this host, beside a simulator.
"""
from __future__ import annotations

import http.server
import json
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Optional

import probed
from lib import process, report
from lib.genesys import Simulator, direct
from lib.process import Program, free_port, wait_until
from lib.report import Skip, check, has_line, note, same

try:
    import yaml
except ImportError as error:
    print("SKIP: %s" % error)
    sys.exit(report.SKIPPED)

FOLDER = probed.TOP / "examples" / "kubernetes"
NAME = {"app.kubernetes.io/name": "genesys"}
TOKEN = "token-of-the-scraper"
READY_S = 60.0
QUEUES = 12


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def pod() -> Any:
    return load("statefulset.yaml")["spec"]["template"]["spec"]


def container() -> Any:
    return pod()["containers"][0]


def option(name: str) -> list[str]:
    """The values of an option in collectd.conf, without their quotes."""
    text = (FOLDER / "collectd.conf").read_text(encoding="utf-8")
    return [line.split(None, 1)[1].strip('"') for line in text.splitlines() if line.split()[:1] == [name]]


def the_files_agree() -> None:
    kustomization = load("kustomization.yaml")
    same("files of the kustomization", sorted(kustomization["resources"] + ["kustomization.yaml"]),
         sorted(path.name for path in FOLDER.glob("*.yaml")))
    kinds = {load(name)["kind"] + "/" + load(name)["apiVersion"] for name in kustomization["resources"]}
    same("kinds", kinds, {"ServiceAccount/v1", "Service/v1", "StatefulSet/apps/v1", "NetworkPolicy/networking.k8s.io/v1",
                          "PodDisruptionBudget/policy/v1"})
    same("image", container()["image"], kustomization["images"][0]["name"])
    same("ConfigMap", [one["configMap"]["name"] for one in pod()["volumes"] if "configMap" in one],
         [one["name"] for one in kustomization["configMapGenerator"]])
    same("service account", pod()["serviceAccountName"], load("serviceaccount.yaml")["metadata"]["name"])
    spec = load("statefulset.yaml")["spec"]
    same("selectors", [spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"], load("service.yaml")["spec"]["selector"],
                       load("networkpolicy.yaml")["spec"]["podSelector"]["matchLabels"],
                       load("poddisruptionbudget.yaml")["spec"]["selector"]["matchLabels"]], [NAME] * 5)
    same("service of the StatefulSet", spec["serviceName"], load("service.yaml")["metadata"]["name"])
    same("AGENTS", {one["name"]: one.get("value") for one in container()["env"]}["AGENTS"], str(spec["replicas"]))
    mounted = {one["name"] for one in container()["volumeMounts"]}
    same("volumes", mounted, {one["name"] for one in pod()["volumes"]}
         | {one["metadata"]["name"] for one in spec["volumeClaimTemplates"]})


def ports_and_paths_are_those_of_the_configuration() -> None:
    health, metrics = option("Port")
    port = container()["ports"][0]
    same("port of the metrics", (str(port["containerPort"]), port["name"]), (metrics, "metrics"))
    same("port of the service", [(str(one["port"]), one["targetPort"]) for one in load("service.yaml")["spec"]["ports"]],
         [(metrics, "metrics")])
    same("port of the policy", load("networkpolicy.yaml")["spec"]["ingress"][0]["ports"][0]["port"], "metrics")
    for probe in ("readinessProbe", "livenessProbe"):
        check(probe, "http://127.0.0.1:%s/health" % health in " ".join(container()[probe]["exec"]["command"]), container()[probe])
    mounts = [one["mountPath"] for one in container()["volumeMounts"]]
    places = option("BaseDir") + option("PIDFile") + option("ClientSecretFile") + option("TLSCert") + option("TLSKey") \
        + option("BearerTokenFile") + container()["args"]
    same("places outside of a volume", [place for place in places if not any(place.startswith(one) for one in mounts)], [])
    build = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    has_line("the user of the image", build, "USER %d:%d" % (pod()["securityContext"]["runAsUser"], pod()["securityContext"]["runAsGroup"]))


def prometheus_accepts_the_scrape_of_the_readme() -> None:
    promtool = process.program("promtool")
    if promtool is None:
        raise Skip("promtool is not installed")
    path = process.folder("prometheus") / "prometheus.yml"
    config = yaml.safe_load(probed.blocks(FOLDER / "README.md", "yaml")[0])
    job = config["scrape_configs"][0]
    # Debian's Prometheus is built without this discovery.
    same("discovery", job.pop("kubernetes_sd_configs"), [{"role": "endpoints", "namespaces": {"names": [load("kustomization.yaml")["namespace"]]}}])
    path.write_text(yaml.safe_dump(config))
    ran = Program([promtool, "check", "config", "--syntax-only", str(path)])
    same("promtool", ran.wait(probed.WITHIN_S), 0)
    same("targets that the relabelling keeps", job["relabel_configs"][0]["regex"],
         "%s;%s" % (load("service.yaml")["metadata"]["name"], container()["ports"][0]["name"]))
    check("the job of the alerts", 'job="%s"' % job["job_name"] in (probed.TOP / "examples/prometheus/genesys.rules.yml").read_text())


class Pod:
    """One pod: its folder, and the program that its container runs."""

    def __init__(self, number: int, sim: Simulator, plugins: Path) -> None:
        self.home = process.folder("pod")
        self.health, self.metrics = free_port(), free_port()
        for name in ("bin", "genesys", "tls", "run", "state", "etc"):
            (self.home / name).mkdir()
        for name, program in (("genesys-probe", probed.PROBE), ("collectd", probed.DAEMON)):
            (self.home / "bin" / name).write_text("#!/bin/sh\nexec %s \"$@\"\n" % program)
            (self.home / "bin" / name).chmod(0o755)
        for name, text in (("client-id-%d" % number, sim.client_id), ("client-secret-%d" % number, sim.client_secret),
                           ("metrics-token", TOKEN)):
            self.secret("genesys/" + name, text)
        self.secret("tls/tls.crt", (sim.folder / "server.pem").read_text())
        self.secret("tls/tls.key", (sim.folder / "server.key").read_text())
        text = (FOLDER / "collectd.conf").read_text(encoding="utf-8")
        text = text.replace('Region "eu-west-1"', 'BaseURL "%s"\n    CACert "%s"' % (sim.https, sim.ca))
        self.config = self.home / "etc/collectd.conf"
        self.config.write_text('PluginDir "%s"\n' % plugins + self.here(text))
        self.environment = {**probed.ENVIRONMENT, "PATH": "%s/bin:/usr/bin:/bin" % self.home, "POD_NAME": "genesys-%d" % number,
                            "AGENTS": str(load("statefulset.yaml")["spec"]["replicas"]), "GENESYS_SECRETS": str(self.home / "genesys")}

    def secret(self, name: str, text: str) -> None:
        (self.home / name).write_text(text)
        (self.home / name).chmod(0o440)

    def here(self, text: str) -> str:
        """The text with the places and ports of this pod."""
        health, metrics = option("Port")
        for place, name in (("/run/secrets/", ""), ("/var/lib/collectd", "state"), ("/run/genesys", "run")):
            text = text.replace(place, "%s/%s" % (self.home, name))
        return text.replace("Port " + health, "Port %d" % self.health).replace("Port " + metrics, "Port %d" % self.metrics) \
            .replace(":%s/" % health, ":%d/" % self.health)

    def start(self, **changes: Optional[str]) -> Program:
        environment = {key: value for key, value in {**self.environment, **changes}.items() if value is not None}
        return Program([str(FOLDER / "genesys-start"), str(self.config), str(self.home / "run/collectd.conf")], env=environment)

    def probe(self, name: str) -> int:
        """The exit status of one of the container's probes."""
        return subprocess.run([self.here(word) for word in container()[name]["exec"]["command"]], capture_output=True,
                              timeout=probed.WITHIN_S, check=False).returncode

    def document(self) -> Any:
        with direct.open("http://127.0.0.1:%d/health" % self.health, timeout=10) as answer:
            return json.loads(answer.read())


def need_curl() -> None:
    if process.program("curl") is None:
        raise Skip("curl is not installed")


def two_pods_share_the_queues() -> None:
    need_curl()
    sim = Simulator(queues=QUEUES, agents=20, frozen=True, plain_names=True, rate_limit=0)
    plugins = probed.plugins()
    subprocess.run(["cp", str(Path(probed.system_plugins()) / "logfile.so"), str(plugins)], check=True)
    pods = [Pod(number, sim, plugins) for number in range(2)]
    same("not ready before the start", [pod.probe("readinessProbe") != 0 for pod in pods], [True, True])
    running = [pod.start() for pod in pods]
    for one, program in zip(pods, running):
        wait_until(lambda: one.probe("readinessProbe") == 0 or not program.is_running(), READY_S, "a pod that is ready")
        check("the pod runs", program.is_running(), program.text)
        same("the liveness probe succeeds", one.probe("livenessProbe"), 0)
    selected = [[one["selected"] for one in pod.document()["blocks"] if "selected" in one][0] for pod in pods]
    note("queues of the pods: %s" % selected)
    check("each queue has one pod", sum(selected) == QUEUES and 0 not in selected, selected)
    context = ssl.create_default_context(cafile=str(sim.ca))
    url = "https://127.0.0.1:%d/metrics" % pods[1].metrics
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + TOKEN})
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        check("values with the name of the pod", 'host="genesys-1"' in answer.read().decode())
    try:
        urllib.request.urlopen(url, timeout=10, context=context)
        check("no values without the token", False)
    except urllib.error.HTTPError as refused:
        same("no values without the token", refused.code, 401)


def a_start_that_cannot_work_says_why() -> None:
    sim = Simulator(frozen=True)
    plugins = probed.plugins()
    one = Pod(0, sim, plugins)
    for words, changes in (("has no share: AGENTS is 2", {"POD_NAME": "genesys-2"}), ("POD_NAME has no number", {"POD_NAME": "genesys"}),
                           ("the Secret has no client-id-1", {"POD_NAME": "genesys-1"}), ("AGENTS is no number", {"AGENTS": "two"})):
        program = one.start(**changes)
        same(words + ": status", program.wait(probed.WITHIN_S), 1)
        has_line(words, program.text, "genesys-start: ", words)
    one.config.write_text(one.config.read_text().replace("Shard ", "Shrad "))
    program = one.start()
    same("a mistake: status", program.wait(probed.WITHIN_S), 1)
    has_line("the words of the probe", program.text, "unknown option", "Shrad")
    has_line("the file is named", program.text, "genesys-start: ", "collectd.conf has a mistake")
    check("no secret is shown", sim.client_secret not in program.text, program.text)


def flow_metrics_can_be_enabled() -> None:
    text = (FOLDER / "collectd.conf").read_text(encoding="utf-8").replace("#~ ", "")
    text = text[text.index("LoadPlugin genesys\n"):]
    for word, value in (("@POD@", "genesys-0"), ("@NUMBER@", "0"), ("@SHARD@", "1/2"), ("@CLIENT_ID@", "an-id")):
        text = text.replace(word, value)
    words = probed.refusal(probed.write_main(process.folder("flows"), probed.plugins(), text))
    if "no hiredis" in words:
        raise Skip("this build has no hiredis")
    check("no mistake", words == "" or "failed: 0" in words, words)
    check("the block of SQS is there", words == "" or "<Attributes" in words, words)


def answered(document: str, status: int) -> int:
    """The exit status of the liveness probe for an answer of /health."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(document.encode())

        def log_message(self, *_words: Any) -> None:
            pass
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = [word.replace(":8080/", ":%d/" % server.server_port) for word in container()["livenessProbe"]["exec"]["command"]]
        status = subprocess.run(words, capture_output=True, timeout=probed.WITHIN_S, check=False).returncode
        server.shutdown()
        return status


def only_threads_that_hang_end_a_pod() -> None:
    need_curl()
    same("a pod lives while the platform does not answer", answered('{"blocks":[{"state":"down"}]}', 503), 0)
    check("a pod whose threads hang ends", answered('{"blocks":[{"name":"queues-all","state":"stuck"}]}', 503) != 0)


if __name__ == "__main__":
    report.main([two_pods_share_the_queues, a_start_that_cannot_work_says_why, flow_metrics_can_be_enabled, the_files_agree,
                 ports_and_paths_are_those_of_the_configuration, prometheus_accepts_the_scrape_of_the_readme,
                 only_threads_that_hang_end_a_pod], probed.NEEDED)

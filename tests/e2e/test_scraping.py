"""Scraped as deploy/ says: what the alerts need arrives, the labels of a finding as they are, and the
node. Debian builds its Prometheus without Kubernetes discovery, so that part is played twice:

* Prometheus itself does the relabelling, the scraping and the alerts; the targets that its discovery would
  have made come from a file, with the same labels (discovered());
* VictoriaMetrics, which takes the same configuration, discovers the pods at an API server itself, and so
  shows that those labels are the right ones."""

import json
import re
import subprocess

import pytest
import yaml

from conftest import ROOT, pod, wait_until
from machine import SCRAPING
from pod_cluster import Cluster

NODE = "worker-7"


def kustomize(folder, kind):
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True,
                          timeout=600, check=True)
    (found,) = [o for o in yaml.safe_load_all(done.stdout) if o["kind"] == kind]
    return found


def documented():
    """The scrape configuration of deploy/README.md, word for word."""
    text = (ROOT / "deploy/README.md").read_text()
    (block,) = re.findall(r"^```yaml\n(scrape_configs:\n.*?)^```", text, re.M | re.S)
    (job,) = yaml.safe_load(block)["scrape_configs"]
    return job


def snake(name):
    return re.sub("([A-Z])", lambda letter: "_" + letter[1].lower(), name)


def generated_from_the_pod_monitor():
    """What the Prometheus operator makes of our PodMonitor, by its generatePodMonitorConfig()
    (pkg/prometheus/promcfg.go): discovery in the monitor's namespace, the selector and the port as
    keep rules, target labels from the pod, then the monitor's own relabelings. Left out is what does
    nothing here: sharding by a hash of the address, and limits that are not set."""
    monitor = kustomize(ROOT / "deploy/overlays/prometheus-operator", "PodMonitor")
    namespace, name = monitor["metadata"]["namespace"], monitor["metadata"]["name"]
    assert set(monitor["spec"]) == {"selector", "podMetricsEndpoints"}
    assert set(monitor["spec"]["selector"]) == {"matchLabels"}
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    # One that is not translated below would be a test of something else.
    assert set(endpoint) == {"port", "interval", "honorLabels", "relabelings"}
    rules = [{"source_labels": ["job"], "target_label": "__tmp_prometheus_job_name"},
             {"action": "drop", "source_labels": ["__meta_kubernetes_pod_phase"],
              "regex": "(Failed|Succeeded)"}]
    for label, value in sorted(monitor["spec"]["selector"]["matchLabels"].items()):
        meta = re.sub(r"[^a-zA-Z0-9_]", "_", label)
        rules.append({"action": "keep", "regex": f"({value});true",
                      "source_labels": [f"__meta_kubernetes_pod_label_{meta}",
                                        f"__meta_kubernetes_pod_labelpresent_{meta}"]})
    rules += [{"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_port_name"],
               "regex": endpoint["port"]},
              {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
              {"source_labels": ["__meta_kubernetes_pod_container_name"], "target_label": "container"},
              {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
              {"target_label": "job", "replacement": f"{namespace}/{name}"},
              {"target_label": "endpoint", "replacement": endpoint["port"]}]
    rules += [{snake(key): value for key, value in rule.items()} for rule in endpoint["relabelings"]]
    return {"job_name": f"podMonitor/{namespace}/{name}/0",
            "honor_labels": endpoint["honorLabels"],
            "honor_timestamps": True,
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [namespace]}}],
            "scrape_interval": endpoint["interval"],
            "relabel_configs": rules}


def pod_of_the_daemonset(name, address="127.0.0.1"):
    """As the API server would have it, of deploy/base."""
    daemonset = kustomize(ROOT / "deploy", "DaemonSet")
    made = json.loads(json.dumps(daemonset["spec"]["template"]))
    made |= {"apiVersion": "v1", "kind": "Pod"}
    made["metadata"] |= {"name": name, "namespace": daemonset["metadata"]["namespace"],
                         "uid": f"uid-{name}"}
    made["spec"]["nodeName"] = NODE
    made["status"] = {"phase": "Running", "hostIP": address, "podIP": address,
                      "podIPs": [{"ip": address}],
                      "conditions": [{"type": "Ready", "status": "True"}]}
    return made


def somebody_elses_pod():
    """A pod with a port, but neither our labels nor the annotations."""
    made = pod_of_the_daemonset("shop-0", "127.0.0.2")
    made["metadata"] |= {"labels": {"app": "shop"}, "annotations": {}}
    made["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": 20000}]
    return made


def discovered(pods, namespaces):
    """The targets of kubernetes_sd_configs with role: pod (discovery/kubernetes/pod.go): one for each
    container port."""
    def meta(kind, values):
        for name, value in values.items():
            name = re.sub(r"[^a-zA-Z0-9_]", "_", name)
            yield f"__meta_kubernetes_pod_{kind}_{name}", value
            yield f"__meta_kubernetes_pod_{kind}present_{name}", "true"
    for made in pods:
        metadata, status = made["metadata"], made["status"]
        if namespaces and metadata["namespace"] not in namespaces:
            continue
        for container in made["spec"]["containers"]:
            for port in container["ports"]:
                yield {"targets": [f"{status['podIP']}:{port['containerPort']}"], "labels": {
                    "__meta_kubernetes_namespace": metadata["namespace"],
                    "__meta_kubernetes_pod_name": metadata["name"],
                    "__meta_kubernetes_pod_node_name": made["spec"]["nodeName"],
                    "__meta_kubernetes_pod_phase": status["phase"],
                    "__meta_kubernetes_pod_container_init": "false",
                    "__meta_kubernetes_pod_container_name": container["name"],
                    "__meta_kubernetes_pod_container_port_name": port["name"],
                    **dict(meta("label", metadata["labels"])),
                    **dict(meta("annotation", metadata["annotations"]))}}


class Prometheus:
    PORT = 9090

    def __init__(self, machine, pods, config):
        (discovery,) = config.pop("kubernetes_sd_configs")
        names = discovery.get("namespaces", {}).get("names")
        machine.file("targets.json", json.dumps(list(discovered(pods, names))))
        config["file_sd_configs"] = [{"files": ["targets.json"]}]
        rules = kustomize(ROOT / "deploy/overlays/prometheus-operator", "PrometheusRule")["spec"]
        for rule in rules["groups"][0]["rules"]:
            if "alert" in rule:
                rule["for"] = "0s"
        machine.file("rules.yaml", yaml.safe_dump(rules))
        machine.file("prometheus.yml", yaml.safe_dump({
            "global": {"evaluation_interval": "1s"}, "rule_files": ["rules.yaml"],
            "scrape_configs": [config]}))
        machine.start("prometheus", f"--config.file={machine.directory}/prometheus.yml",
                      f"--storage.tsdb.path={machine.directory}/data",
                      f"--web.listen-address=127.0.0.1:{self.PORT}")


class VictoriaMetrics:
    PORT = 8428

    def __init__(self, machine, pods, config):
        cluster = Cluster(machine)
        for made in pods:
            cluster.tell("apply", pod=made)
        (discovery,) = config["kubernetes_sd_configs"]
        discovery |= {"api_server": f"https://127.0.0.1:{cluster.port}",
                      "tls_config": {"ca_file": str(cluster.pki / "ca.crt")},
                      "authorization": {"credentials_file": str(cluster.pki / "token")}}
        machine.file("scrape.yml", yaml.safe_dump({"scrape_configs": [config]}))
        machine.start("victoria-metrics", f"-promscrape.config={machine.directory}/scrape.yml",
                      f"-storageDataPath={machine.directory}/data", "-search.latencyOffset=0s",
                      f"-httpListenAddr=127.0.0.1:{self.PORT}")


def ask(machine, port, path, key, **parameters):
    words = [word for pair in parameters.items() for word in ("--data-urlencode", "=".join(pair))]
    done = machine.run("curl", "-s", "-g", "-G", *words, f"http://127.0.0.1:{port}/api/v1/{path}",
                       check=False)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        return []
    return json.loads(done.stdout).get("data", {}).get(key, [])


@pytest.mark.parametrize("job", [documented, generated_from_the_pod_monitor],
                         ids=["annotations", "pod-monitor"])
@pytest.mark.parametrize("server", [Prometheus, VictoriaMetrics])
def test_a_finding_keeps_its_labels_and_gets_the_node(machine, server, job):
    over = pod_of_the_daemonset("hostnet-agent-gone", "127.0.0.3")
    over["status"]["phase"] = "Failed"
    pods = [pod_of_the_daemonset("hostnet-agent-x7k2p"), over, somebody_elses_pod()]
    machine.file("pods/pod.yaml", pod(name="web", namespace="shop", port=8080))
    machine.listen(8080, name="squatter")
    machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    config = job()
    config |= yaml.safe_load(f"{{{SCRAPING}}}")
    server(machine, pods, config)

    def query(expression):
        return ask(machine, server.PORT, "query", "result", query=expression)

    found = wait_until(lambda: query("hostnet_port_conflict"), 30, "the conflict")
    assert len(found) == 1
    labels = found[0]["metric"]
    assert (labels["namespace"], labels["pod"], labels["container"]) == ("shop", "web", "main")
    assert labels["node"] == NODE
    assert not [name for name in labels if name.startswith("exported_")]
    # One target, ours; what the agent says of itself has its own pod's labels.
    (up,) = query("up")
    assert (up["metric"]["namespace"], up["metric"]["pod"]) == ("hostnet-agent", "hostnet-agent-x7k2p")
    assert up["metric"]["node"] == NODE and up["metric"]["instance"] == "127.0.0.1:20000"
    (source,) = query("hostnet_pod_source_pods")
    assert source["metric"]["pod"] == "hostnet-agent-x7k2p"

    if server is Prometheus:
        def alert():
            return [entry for entry in ask(machine, server.PORT, "alerts", "alerts") if
                    entry["labels"]["alertname"] == "HostPortConflict" and entry["state"] == "firing"]
        (fired,) = wait_until(alert, 10, "the alert")
        assert (fired["labels"]["namespace"], fired["labels"]["workload"]) == ("shop", "Pod/web")
        assert fired["annotations"]["summary"] == ("Host port 8080/tcp of Pod/web in shop: unmanaged_process "
                                                   "on 1 node")
        assert f"; on {NODE} it meets squatter" in fired["annotations"]["description"]

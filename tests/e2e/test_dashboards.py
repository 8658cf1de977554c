"""deploy/dashboards: what Grafana provisions is what the generator writes, and each of its queries finds series in a real
Prometheus that scrapes two real agents."""

import json
import re
import subprocess

import pytest
import yaml

from conftest import ROOT, pod, wait_until
from machine import SCRAPING
from prometheus_lab import query, quick

FOLDER = ROOT / "deploy/dashboards"
NAMES = ("fleet", "node")


def read(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def queries(name):
    return [(panel["title"], target["expr"]) for panel in read(name)["panels"] for target in panel.get("targets", [])]


def test_the_files_are_generated(tmp_path):
    subprocess.run([FOLDER / "generate", tmp_path], check=True, timeout=300)
    for name in NAMES:
        assert (tmp_path / f"{name}.json").read_text() == (FOLDER / f"{name}.json").read_text(), "run deploy/dashboards/generate"


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_one_that_grafana_takes(name):
    made = read(name)
    assert re.fullmatch(r"[\w-]{1,40}", made["uid"]) and made["title"] and made["schemaVersion"] >= 36
    assert made.get("id") is None  # provisioned ones have none
    panels = made["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["targets"] and len({t["refId"] for t in panel["targets"]}) == len(panel["targets"])
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        assert panel["type"] in {"stat", "timeseries", "table", "bargauge"}
    variables = {one["name"] for one in made["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(panels))) - {"__range", "__rate_interval"}
    assert used == variables, (used, variables)


def kustomized():
    done = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_the_sidecar_finds_them_as_config_maps_of_kustomize_and_of_the_chart():
    done = subprocess.run([ROOT / "tests/chart/render", ROOT / "tests/chart/values/dashboards.yaml"], capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    charted = [o for o in yaml.safe_load_all(done.stdout) if o and o["kind"] == "ConfigMap"]
    for maps in (kustomized(), charted):
        assert {o["metadata"]["name"] for o in maps} == {f"hostnet-agent-dashboard-{name}" for name in NAMES}
        for made in maps:
            assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
            ((file, text),) = made["data"].items()
            assert json.loads(text) == read(file.removeprefix("hostnet-").removesuffix(".json"))
            assert len(text) < 1 << 19  # an object may have 1 MiB
    assert charted[0]["metadata"]["annotations"] == {"grafana_folder": "Kubernetes"}


NODES = """
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b'kube_node_info{node="n1"} 1\\nkube_node_info{node="n2"} 1\\n')
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", 8081), Page).serve_forever()
"""


def test_every_query_finds_series(machine):
    machine.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "far")
    for name in ("eth0", "far"):
        machine.run("ip", "link", "set", name, "up")
    # Connections are tracked where a rule asks for it.
    machine.run("nft", "add table ip t; add chain ip t c { type filter hook input priority 0; }; "
                       "add rule ip t c ct state established accept")
    machine.file("pods/web.yaml", pod("web", 8080))
    machine.file("pods/api.yaml", pod("api", 31000))  # in the NodePort range
    machine.listen(8080, name="squatter")
    machine.python("import socket,signal; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',999)); signal.pause()")
    pods = ["--pods.source=manifests", f"--pods.manifests={machine.directory}/pods"]
    machine.agent(*pods)
    machine.agent(*pods, "--web.listen-address=127.0.0.1:20001", f"--fix.state-folder={machine.directory}/state")
    machine.python(NODES)
    config = machine.file("prometheus.yml", f"""
global: {{{SCRAPING}, evaluation_interval: 1s}}
rule_files: ['{quick(machine)}']
scrape_configs:
  - job_name: hostnet
    honor_labels: true
    static_configs:
      - {{targets: ['127.0.0.1:20000'], labels: {{node: n1}}}}
      - {{targets: ['127.0.0.1:20001'], labels: {{node: n2}}}}
  - {{job_name: kube-state-metrics, static_configs: [{{targets: ['127.0.0.1:8081']}}]}}
""")
    machine.start("prometheus", f"--config.file={config}", "--web.listen-address=127.0.0.1:9090",
                  f"--storage.tsdb.path={machine.directory}/data")
    assert queries("fleet") and queries("node")

    def silent():
        found = []
        for name in NAMES:
            for title, expr in queries(name):
                for variable, value in {"$__rate_interval": "60s", "$__range": "1h", "$node": "n1"}.items():
                    expr = expr.replace(variable, value)
                if not query(machine, expr):
                    found.append((name, title, expr))
        return found
    try:
        wait_until(lambda: not silent(), 60)
    except AssertionError:
        assert silent() == []

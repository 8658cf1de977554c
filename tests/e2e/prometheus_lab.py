"""The alerts' files, and a real Prometheus that reads them."""

import json
import re

import yaml
from conftest import ROOT
from machine import SCRAPING

ALERTS = ROOT / "deploy/alerts"
RUNBOOKS = ROOT / "deploy/runbooks"
GROUPS = yaml.safe_load((ALERTS / "rules.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
NAMES = [rule["alert"] for rule in RULES if "alert" in rule]


def port_forward(node, path, port=20000):
    return ("Ask the agent: kubectl -n hostnet-agent port-forward $(kubectl -n hostnet-agent get pods -o name "
            f"-l app.kubernetes.io/name=hostnet-agent --field-selector spec.nodeName={node}) {port} and then "
            f"curl http://localhost:{port}{path}")


def ask(machine, path, *parameters):
    words = [word for pair in parameters for word in ("--data-urlencode", pair)]
    done = machine.run("curl", "-s", "-g", "-G", *words, f"http://127.0.0.1:9090/api/v1/{path}", check=False)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        return []
    answer = json.loads(done.stdout)
    return answer["data"] if answer["status"] == "success" else []


def query(machine, expression):
    found = ask(machine, "query", f"query={expression}")
    return found["result"] if found else []


def quick(machine, **texts):
    """The rules, evaluated every second."""
    text = (ALERTS / "rules.yml").read_text().replace("interval: 2m", "interval: 1s")
    for pattern, instead in texts.items():
        text = re.sub(rf"{pattern}: \w+", f"{pattern}: {instead}", text)
    return machine.file("rules.yml", text)


def prometheus(machine, rules, extra=""):
    config = machine.file("prometheus.yml", f"""
global: {{{SCRAPING}, evaluation_interval: 1s}}
rule_files: ['{rules}']
{extra}
scrape_configs:
  - job_name: hostnet
    honor_labels: true
    static_configs: [{{targets: ['127.0.0.1:20000'], labels: {{node: n1}}}}]
""")
    return machine.start("prometheus", f"--config.file={config}", "--web.listen-address=127.0.0.1:9090",
                         f"--storage.tsdb.path={machine.directory}/data")

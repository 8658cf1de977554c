"""deploy/: what `kubectl apply -k` would send, checked by ourselves and by Prometheus' own tool."""

import re
import shutil
import subprocess

import pytest
import yaml

from conftest import AGENT, ROOT

FOLDERS = [ROOT / "deploy", *sorted((ROOT / "deploy/overlays").iterdir())]


def render(folder):
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(folder, kind):
    return [o for o in yaml.safe_load_all(render(folder)) if o["kind"] == kind]


def container(folder):
    (daemonset,) = objects(folder, "DaemonSet")
    (only,) = daemonset["spec"]["template"]["spec"]["containers"]
    return only


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_our_own_check_has_nothing_to_say(folder):
    done = subprocess.run([AGENT, "check", "--offline", "-f", "-"], input=render(folder),
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 critical, 0 warnings, 0 info" in done.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_agent_starts_with_the_flags_of_the_daemonset(folder, machine):
    flags = [flag.replace("/host/", "/") for flag in container(folder)["args"]]
    # There is no cluster here: of the flags that name one, only that they exist.
    known = machine.once("--help").stdout
    for flag in flags:
        assert re.search(re.escape(flag.partition("=")[0]) + r"\s", known), flag
    flags = [flag for flag in flags if not flag.startswith(("--pods.", "--report."))]
    machine.agent(*flags, "--pods.source=none",  # waits until it is ready
                  f"--fix.state-folder={machine.directory}/state")


def test_the_image_is_the_one_that_packaging_makes():
    version = subprocess.run([AGENT, "--version"], capture_output=True, text=True,
                             check=True).stdout.split()[-1]
    assert container(ROOT / "deploy")["image"] == f"hostnet-agent:{version}"


def test_the_daemonset_has_the_rights_that_the_systemd_unit_has():
    unit = (ROOT / "packaging/debian/hostnet-agent.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("AmbientCapabilities=")]
    wanted = {name.removeprefix("CAP_") for name in line.partition("=")[2].split()}
    rights = container(ROOT / "deploy")["securityContext"]["capabilities"]
    assert rights["drop"] == ["ALL"] and set(rights["add"]) == wanted
    least = container(ROOT / "deploy/overlays/least")["securityContext"]
    assert least["capabilities"] == {"drop": ["ALL"]} and least["runAsNonRoot"]


def test_the_overlay_that_reports_has_the_rights_for_it_and_no_others():
    folder = ROOT / "deploy/overlays/events"
    assert {"--report.events", "--report.node-condition"} <= set(container(folder)["args"])
    roles = {role["metadata"]["name"]: role["rules"] for role in objects(folder, "ClusterRole")}
    assert roles == {
        "hostnet-agent": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}],
        "hostnet-agent-report": [
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
            {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]}]}
    bound = {b["roleRef"]["name"]: b["subjects"] for b in objects(folder, "ClusterRoleBinding")}
    assert bound.keys() == roles.keys()
    assert bound["hostnet-agent"] == bound["hostnet-agent-report"]


# --- What deploy/README.md tells to type ---------------------------------------------------------

PAGE = (ROOT / "deploy/README.md").read_text()


def test_the_kustomization_of_the_readme_is_one(tmp_path):
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "components:" in block]
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", symlinks=True)
    (tmp_path / "kustomization.yaml").write_text(text)
    made = list(yaml.safe_load_all(render(tmp_path)))
    (daemonset,) = [o for o in made if o["kind"] == "DaemonSet"]
    (only,) = daemonset["spec"]["template"]["spec"]["containers"]
    assert only["image"] == "registry.example/hostnet-agent:0.1.0" and "--report.events" in only["args"]
    assert {"PodMonitor", "PrometheusRule"} <= {o["kind"] for o in made}


def test_what_the_readme_gives_to_an_engine_is_what_the_daemonset_asks_for(machine):
    (line,) = re.findall(r"docker run .*?(?=\ncurl)", PAGE, re.S)
    rights = container(ROOT / "deploy")["securityContext"]["capabilities"]["add"]
    assert re.findall(r"--cap-add=(\w+)", line) == rights
    flags = line.partition("hostnet-agent:0.1.0")[2].replace("\\", "").split()
    assert flags[:2] == container(ROOT / "deploy")["args"]
    machine.agent(*(flag.replace("/host/", "/") for flag in flags))


def test_every_component_and_its_value_are_in_the_readme():
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (.*) \|$", PAGE[PAGE.index("| component |"):PAGE.index("## Beside")], re.M)
    assert {name for name, _ in rows} == {path.name for path in (ROOT / "deploy/components").iterdir()}
    values = yaml.safe_load((ROOT / "deploy/chart/values.yaml").read_text())
    for _, said in rows:
        for value in re.findall(r"`([\w.]+)", said):
            at = values
            for step in value.split("."):
                at = at[step]

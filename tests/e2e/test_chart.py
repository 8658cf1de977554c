"""deploy/chart: what Helm makes of it, compared with what kustomize makes of deploy/, checked against
the API's schemas, by ourselves and by running what it says. tests/chart has the tools and the values."""

import itertools
import json
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import AGENT, ROOT

CHART = ROOT / "deploy/chart"
VALUES = sorted((ROOT / "tests/chart/values").glob("*.yaml"))
COMPONENTS = ROOT / "deploy/components"
REGISTRY = "registry.example/"
OVERLAYS = [path for path in sorted((ROOT / "deploy/overlays").iterdir())
            if (ROOT / f"tests/chart/values/{path.name}.yaml").exists()]
FOLDERS = [ROOT / "deploy", *sorted((ROOT / "deploy/overlays").iterdir())]
OLD = "--kube-version=1.29"  # the last that has no field for AppArmor
NEW = "--kube-version=1.34"
APPARMOR = "container.apparmor.security.beta.kubernetes.io/hostnet-agent"


@pytest.fixture(scope="module")
def tools():
    done = subprocess.run([ROOT / "tests/chart/tools"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def call(*words, check=True, **options):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=900, **options)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def render(*words, check=True):
    done = call(ROOT / "tests/chart/render", *words, check=check)
    return done.stdout if check else done


def kustomize(folder):
    return call("kubectl", "kustomize", folder).stdout


def objects(text):
    return [o for o in yaml.safe_load_all(text) if o]


def only(text, kind):
    (found,) = [o for o in objects(text) if o["kind"] == kind]
    return found


CHARTS_OWN = ("app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
              "app.kubernetes.io/version", "helm.sh/chart")


def without(value, names):
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value


def canonical(value):
    return json.dumps(value, sort_keys=True)


def sorted_volumes(value):
    """A pod's volumes and mounts in one order: theirs means nothing."""
    if isinstance(value, dict):
        return {k: sorted(v, key=canonical) if k in ("volumes", "volumeMounts") else sorted_volumes(v)
                for k, v in value.items()}
    return [sorted_volumes(v) for v in value] if isinstance(value, list) else value


def comparable(text):
    """By kind and name, without the labels by which Helm knows its own; namespace and registry are the user's."""
    found = {}
    for made in objects(text.replace(REGISTRY, "")):
        if made["kind"] == "Namespace":
            continue
        made = sorted_volumes(without(made, CHARTS_OWN))
        made["metadata"].pop("labels", None)
        found[made["kind"], made["metadata"]["name"]] = made
    return found


@pytest.mark.parametrize("folder", [ROOT / "deploy", *OVERLAYS], ids=lambda path: path.name)
def test_the_chart_is_what_kustomize_makes_field_by_field(tools, folder):
    values = [] if folder.name == "deploy" else [ROOT / f"tests/chart/values/{folder.name}.yaml"]
    assert comparable(render(*values, NEW)) == comparable(kustomize(folder))


def test_every_overlay_can_be_had_from_the_chart():
    # The annotation for AppArmor is chosen by the version, not by a value.
    assert {path.name for path in FOLDERS[1:]} - {path.name for path in OVERLAYS} == {"apparmor-annotation"}
    assert {path.name for path in FOLDERS[1:]} == {path.name for path in COMPONENTS.iterdir()}


def combined(tmp_path, *components):
    """A user's own kustomization, which needs paths relative to itself."""
    root = tmp_path / "deploy"
    if not root.exists():
        shutil.copytree(ROOT / "deploy", root, symlinks=True)
    mine = tmp_path / "mine"
    mine.mkdir(exist_ok=True)
    (mine / "kustomization.yaml").write_text(yaml.safe_dump({
        "resources": ["../deploy/base"], "components": [f"../deploy/components/{name}" for name in components]}))
    return kustomize(mine)


def test_components_combine_in_any_order_and_are_then_the_chart_with_both_values(tools, tmp_path):
    names = [path.name for path in OVERLAYS]
    for one, other in itertools.combinations(names, 2):
        if {one, other} == {"bpf", "least"}:
            continue  # a capability for who wants none
        values = [ROOT / f"tests/chart/values/{name}.yaml" for name in (one, other)]
        made = comparable(combined(tmp_path, one, other))
        again = comparable(combined(tmp_path, other, one))
        wanted = comparable(render(*values, NEW))
        for text in (made, again, wanted):
            (container,) = text["DaemonSet", "hostnet-agent"]["spec"]["template"]["spec"]["containers"]
            container["args"].sort()  # whose order means nothing
        assert made == again == wanted, (one, other)
    everything = combined(tmp_path, *names, "apparmor-annotation")
    assert comparable(everything).keys() >= comparable(kustomize(ROOT / "deploy")).keys()


def test_before_there_is_a_field_for_apparmor_the_chart_is_the_overlay_with_the_annotation(tools):
    overlay = kustomize(ROOT / "deploy/overlays/apparmor-annotation")
    assert "appArmorProfile" not in overlay and f"{APPARMOR}: unconfined" in overlay
    assert comparable(render(OLD)) == comparable(overlay)
    assert APPARMOR not in kustomize(ROOT / "deploy") and APPARMOR not in render(NEW)


def test_nothing_that_newer_kustomize_calls_deprecated_is_used():
    for path in (ROOT / "deploy").rglob("kustomization.yaml"):
        keys = yaml.safe_load(path.read_text()).keys()
        assert not keys & {"bases", "patchesStrategicMerge", "patchesJson6902", "commonLabels", "vars",
                           "imageTags", "helmChartInflationGenerator"}, path


def complaints(tools, *texts):
    made = [o for text in texts for o in objects(text)]
    # OpenShift's own kind is in no schema that we have.
    made = [o for o in made if o["kind"] != "SecurityContextConstraints"]
    done = call("node", ROOT / "tests/chart/validate.mjs", cwd=tools, check=False,
                input=json.dumps(made))
    assert done.returncode in (0, 1) and done.stderr == "", done.stderr
    return done.stdout.splitlines()


def test_the_schemas_of_the_api_have_nothing_to_say(tools):
    assert complaints(tools, *map(kustomize, [*FOLDERS, ROOT / "deploy/policies"]), render(), render(OLD),
                      *(render(values) for values in VALUES)) == []


def test_the_schemas_would_have_something_to_say(tools):
    spoilt = render().replace("hostPID:", "hostPid:").replace("containerPort: 20000",
                                                              "containerPort: many")
    found = complaints(tools, spoilt)
    assert len(found) == 2
    assert "containerPort must be integer" in found[0]
    assert found[1].endswith("unknown field /spec/template/spec/hostPid")


@pytest.mark.parametrize("values", [None, *VALUES], ids=lambda path: path.stem if path else "defaults")
def test_our_own_check_has_nothing_to_say(tools, values):
    done = call(AGENT, "check", "--offline", "-f", "-", check=False,
                input=render(*([values] if values else [])))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 critical, 0 warnings, 0 info" in done.stdout


@pytest.mark.parametrize("values", [None, *VALUES], ids=lambda path: path.stem if path else "defaults")
def test_the_agent_takes_the_flags_and_the_configuration(tools, machine, values):
    text = render(*([values] if values else []))
    (container,) = only(text, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    known = machine.once("--help").stdout
    for flag in container["args"]:
        assert re.search(re.escape(flag.partition("=")[0]) + r"\s", known), flag
    # There is no cluster here, nor a Secret.
    flags = [flag for flag in container["args"] if not flag.startswith(
        ("--pods.", "--report.", "--fix.", "--web.config", "--web.details", "--web.listen-address"))]
    for made in objects(text):
        if made["kind"] == "ConfigMap" and "config.yaml" in made.get("data", {}):
            path = machine.file("config.yaml", made["data"]["config.yaml"])
            flags = [f"--config.file={path}" if flag.startswith("--config.file=") else flag
                     for flag in flags]
    agent = machine.agent(*(flag.replace("/host/", "/") for flag in flags), "--pods.source=none")
    assert agent.metric("^hostnet_config_last_reload_successful 1$")


def test_rights_are_given_only_for_what_is_switched_on(tools):
    def rules(*options):
        return {(resource, verb) for made in objects(render(*options)) if made["kind"] == "ClusterRole"
                for rule in made["rules"] for resource in rule["resources"]
                for verb in rule["verbs"]}
    pods = {("pods", "list"), ("pods", "watch")}
    assert rules() == pods
    assert rules("--set=podSource.type=kubelet") == {("nodes/pods", "get")}
    assert rules("--set=report.events=true") == pods | {("events", "create"), ("events", "patch")}
    assert rules("--set=report.nodeCondition=true") == pods | {("nodes/status", "patch")}
    assert rules("--set=report.nodeLabels=true") == pods | {("nodes/status", "patch")}
    quiet = render("--set=podSource.type=manifests")
    assert not [o for o in objects(quiet) if o["kind"].startswith("ClusterRole")]
    assert not [o for o in objects(render("--set=rbac.create=false"))
                if o["kind"].startswith("ClusterRole")]


@pytest.mark.parametrize("version, policy", [("1.20", None), ("1.21", None), ("1.22", "Local")])
def test_where_traffic_goes_is_said_to_those_that_know_the_field(tools, version, policy):
    service = only(render(ROOT / "tests/chart/values/everything.yaml", f"--kube-version={version}"), "Service")
    assert service["spec"].get("internalTrafficPolicy") == policy


@pytest.mark.parametrize("option, said", [
    ("leest=true", "'leest' not allowed"),
    ("podSource.type=guess", "/podSource/type"),
    ("service.port=70000", "/service/port"),
    ("updateStrategy.rollingUpdate.maxSurge=1", "maxSurge must be 0"),
    ("prometheus.monitor.enabled=true", "needs service.enabled"),
])
def test_a_bad_value_is_refused(tools, option, said):
    done = render(f"--set={option}", check=False)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_packaged_chart_is_whole_and_of_the_programs_version(tools, tmp_path):
    helm = f"{tools}/helm"
    call(helm, "lint", "--strict", CHART)
    call(helm, "package", CHART, "--destination", tmp_path)
    version = call(AGENT, "--version").stdout.split()[-1]
    package = tmp_path / f"hostnet-agent-{version}.tgz"
    values = ROOT / "tests/chart/values/prometheus-operator.yaml"
    done = call(helm, "template", "hostnet-agent", package, "--namespace", "hostnet-agent",
                "-f", ROOT / "tests/chart/registry.yaml", "-f", values)
    assert objects(done.stdout) == objects(render(values))
    assert only(done.stdout, "PrometheusRule")["spec"]["groups"][0]["rules"]
    (container,) = only(done.stdout, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{REGISTRY}hostnet-agent:{version}"


def install(tools, *options, check=True):
    return call(f"{tools}/helm", "install", "x", CHART, "--dry-run=client", "--namespace=net", *options, check=check)


def test_the_notes_name_what_the_namespace_needs_and_that_series_double(tools):
    said = install(tools, "--set=image.registry=r.example").stdout
    assert "kubectl label namespace net pod-security.kubernetes.io/enforce=privileged" in said
    assert "alongsideNodeExporter=true" in said
    beside = install(tools, "--set=image.registry=r.example,alongsideNodeExporter=true").stdout
    assert "alongsideNodeExporter" not in beside[beside.index("NOTES"):]


def test_without_a_registry_the_chart_says_how_to_get_an_image(tools):
    done = install(tools, check=False)
    assert done.returncode != 0
    assert "image.registry is empty, and the image is on no public registry: build it with packaging/image" in done.stderr
    for option in ("image.registry=r.example", "global.imageRegistry=r.example", "image.repository=r.example/hostnet-agent"):
        assert "image: \"r.example/hostnet-agent:" in install(tools, f"--set={option}").stdout


def test_a_quota_lets_the_priority_in_where_the_cluster_asks_for_one(tools):
    quota = only(render(), "ResourceQuota")
    assert quota["spec"]["scopeSelector"]["matchExpressions"][0]["values"] == ["system-node-critical"]
    for options in ("resourceQuota.create=false", "priorityClassName=mine", "priorityClassName="):
        assert not [o for o in objects(render(f"--set={options}")) if o["kind"] == "ResourceQuota"]


# --- The configuration, by the chart and by the agent --------------------------------------------

GOOD = [
    {"node_components": ["kubelet", "/opt/bin/x"]}, {"node_components": []},
    {"reserved_ports": [80, "443", "8000-9000", {"port": 53, "protocol": "UDP"}, {"ports": "1-2", "reason": "x"}]},
    {"node_port_range": "20000-30000"}, {"node_port_range": 31000},
    {"ignore": [{"verdict": "shared_port", "reason": "known"}]},
    {"ignore": [{"port": "8080", "protocol": "tcp", "holder_kind": "pod", "unit": "~ssh.*", "reason": "known"}]},
    {"ignore": [{"verdict": "~hostport_.*", "port": "~90.*", "exe": "~(?!/usr).*", "reason": "known"}]},
    {"grace": {"unmanaged_process": "30s", "shared_port": 10, "other_pod": "1h30m", "time_wait": "24h"}},
]
BAD = [
    {"node_component": ["kubelet"]}, {"node_components": "kubelet"}, {"node_components": [{"a": 1}]},
    {"reserved_ports": [0]}, {"reserved_ports": [70000]}, {"reserved_ports": ["http"]},
    {"reserved_ports": ["90-80"]}, {"reserved_ports": [{"reason": "no port"}]},
    {"reserved_ports": [{"port": 1, "ports": "1-2"}]}, {"reserved_ports": [{"port": 1, "protocol": "icmp"}]},
    {"reserved_ports": [{"port": 1, "why": "x"}]}, {"reserved_ports": {"port": 1}},
    {"node_port_range": "all"}, {"node_port_range": "32767-30000"}, {"node_port_range": [1, 2]},
    {"ignore": [{"verdict": "shared_port"}]}, {"ignore": [{"verdict": "shared_port", "reason": ""}]},
    {"ignore": [{"reason": "everything"}]}, {"ignore": [{"verdict": "share_port", "reason": "x"}]},
    {"ignore": [{"port": "0", "reason": "x"}]}, {"ignore": [{"port": "80-90", "reason": "x"}]},
    {"ignore": [{"protocol": "icmp", "reason": "x"}]}, {"ignore": [{"holder_kind": "nobody", "reason": "x"}]},
    {"ignore": [{"process": "x", "reason": "x"}]}, {"ignore": [{"holder": "~(", "reason": "x"}]},
    {"ignore": [{"holder": "~", "reason": "x"}]}, {"ignore": {"verdict": "shared_port", "reason": "x"}},
    {"grace": {"share_port": "30s"}}, {"grace": {"shared_port": "soon"}}, {"grace": {"shared_port": "25h"}},
    {"grace": {"shared_port": "-1s"}}, {"grace": ["shared_port"]},
]


def taken_by_the_agent(path):
    done = call(AGENT, "conflicts", f"--replay={ROOT}/tests/fixtures/nodes/busy", f"--config.file={path}", check=False)
    return path.name not in done.stderr


@pytest.mark.parametrize("config", [*GOOD, *BAD], ids=str)
def test_the_chart_refuses_of_the_configuration_what_the_agent_refuses(tools, tmp_path, config):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"config": config}))
    done = render(values, check=False)
    assert (taken_by_the_agent(path), done.returncode == 0) == ((True, True) if config in GOOD else (False, False)), \
        done.stderr


def test_the_chart_knows_every_verdict():
    schema = json.loads((CHART / "values.schema.json").read_text())["definitions"]["verdict"]["enum"]
    pages = {path.stem for path in (ROOT / "deploy/runbooks").glob("*_*.md")}
    assert set(schema) == pages


def test_a_token_for_the_details_is_mounted_and_named(tools):
    token = ("--set=details.policy=token", "--set=details.tokenSecretName=shown")
    made = render(*token)
    assert "--web.details=token" in made
    assert "--web.details-token-file=/etc/hostnet-agent/details/token" in made
    assert "secretName: shown" in made and "mountPath: /etc/hostnet-agent/details" in made
    assert "details.tokenSecretName" in render(token[0], check=False).stderr
    assert "--web.details" not in render()


def test_an_alert_names_the_release_as_it_is(tools):
    made = only(render("--set=prometheusRule.enabled=true,service.port=20443,webConfig.tls=true,nameOverride=ports,"
                       "namespaceOverride=net,prometheusRule.runbookUrl=https://wiki.example/ports/"), "PrometheusRule")
    rules = {rule["alert"]: rule for rule in made["spec"]["groups"][0]["rules"] if "alert" in rule}
    said = rules["HostPortConflict"]["annotations"]
    assert said["description"].endswith(
        "kubectl -n net port-forward $(kubectl -n net get pods -o name -l app.kubernetes.io/name=ports --field-selector "
        "spec.nodeName={{ with $nodes }}{{ (index . 0).Labels.node }}{{ end }}) 20443 and then "
        "curl https://localhost:20443/ports/{{ $labels.port }}")
    for rule in rules.values():
        assert rule["annotations"]["runbook_url"].startswith("https://wiki.example/ports/")
        text = rule["annotations"]["description"]
        assert "20000" not in text and "-n hostnet-agent" not in text and "http://" not in text

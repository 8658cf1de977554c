"""deploy/policies: the admission policies find in an object what the lint of the same name finds in its manifest. A
CEL evaluator from npm stands for the API server (tests/chart/admission.mjs)."""

import copy
import itertools
import json
import re
import subprocess

import pytest
import yaml

from conftest import AGENT, ROOT

POLICIES = ROOT / "deploy/policies"
OWN_NODE = list(yaml.safe_load_all((ROOT / "deploy/components/own-node/policy.yaml").read_text()))
LINTS = list(yaml.safe_load_all((POLICIES / "policies.yaml").read_text()))
PARAMS = LINTS[0]
CODE = "hostnet-agent.io/lint"


def kind_of(objects, kind):
    return [o for o in objects if o["kind"] == kind]


def code_of(policy):
    return policy["metadata"]["annotations"][CODE]


@pytest.fixture(scope="module")
def tools():
    done = subprocess.run([ROOT / "tests/chart/tools"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def admit(tools, policies, requests, params=PARAMS):
    """For each request {policy name: [message]}."""
    done = subprocess.run(["node", ROOT / "tests/chart/admission.mjs"], cwd=tools, capture_output=True, text=True,
                          timeout=300, input=json.dumps({"policies": policies, "params": params, "requests": requests}))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


RESOURCES = {"Pod": ("", "pods"), "ReplicationController": ("", "replicationcontrollers"),
             "Deployment": ("apps", "deployments"), "DaemonSet": ("apps", "daemonsets"),
             "StatefulSet": ("apps", "statefulsets"), "ReplicaSet": ("apps", "replicasets"),
             "Job": ("batch", "jobs"), "CronJob": ("batch", "cronjobs")}


def request(made, operation="CREATE", **more):
    group, resource = RESOURCES.get(made["kind"], ("", "nodes/status"))
    return {"group": group, "resource": resource, "operation": operation, "object": made,
            "namespace": made["metadata"].get("namespace", ""), **more}


# --- Objects of every shape that the rules tell apart --------------------------------------------

def with_pod(kind, spec, name, **more):
    metadata = {"name": name, "namespace": "default"}
    group = RESOURCES[kind][0]
    top = {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": metadata}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    if kind == "Pod":
        return {**top, "spec": spec}
    if kind == "CronJob":
        return {**top, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}}
    return {**top, "spec": {"template": template, **more}}


def pod_spec(ports=None, host_network=False, sidecar_ports=None, **more):
    container = {"name": "main", "image": "x"}
    if ports is not None:
        container["ports"] = ports
    spec = {"containers": [container], **more}
    if host_network:
        spec["hostNetwork"] = True
    if sidecar_ports is not None:
        spec["initContainers"] = [{"name": "side", "image": "x", "restartPolicy": "Always", "ports": sidecar_ports},
                                  {"name": "once", "image": "x", "ports": [{"containerPort": 30001, "hostPort": 30001}]}]
    return spec


NUMBERS = (8080, 6443, 53, 80, 29999, 30000, 32767, 32768, 40000, 60999, 61000, 2379, 2380)


def specs():
    for number, protocol in itertools.product(NUMBERS, (None, "TCP", "UDP", "SCTP")):
        port = {"containerPort": number, **({"protocol": protocol} if protocol else {})}
        yield pod_spec([port], host_network=True)
        yield pod_spec([port])
        yield pod_spec([{**port, "containerPort": 80, "hostPort": number}])
    for policy in ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"):
        yield pod_spec([{"containerPort": 8080}], host_network=True, dnsPolicy=policy)
        yield pod_spec([{"containerPort": 8080}], dnsPolicy=policy)
    for host_network in (True, False):
        yield pod_spec(None, host_network=host_network)
        yield pod_spec([], host_network=host_network)
        yield pod_spec([{"containerPort": 8080}], host_network=host_network, sidecar_ports=[{"containerPort": 30500}])
        yield pod_spec([{"containerPort": 8080}], host_network=host_network, sidecar_ports=[])
        yield pod_spec(None, host_network=host_network,
                       sidecar_ports=[{"containerPort": 30500, "hostPort": 30500}])
    for host_ip in ("::", "0.0.0.0", "10.0.0.1", "", None):
        more = {} if host_ip is None else {"hostIP": host_ip}
        yield pod_spec([{"containerPort": 80, "hostPort": 8080, **more}])
        yield pod_spec([{"containerPort": 8080, **more}], host_network=True)
        yield pod_spec([{"containerPort": 8080, **more}])


def updates():
    """(kind, what of its spec)"""
    surges = (None, 0, "0", "0%", 1, "25%", "100%")
    for surge in surges:
        for kind_type in (None, "RollingUpdate", "OnDelete"):
            strategy = {**({"type": kind_type} if kind_type else {}),
                        **({"rollingUpdate": {"maxSurge": surge}} if surge is not None else {})}
            yield "DaemonSet", {"updateStrategy": strategy}
    yield "DaemonSet", {}
    yield "Deployment", {}
    for surge, unavailable, replicas in itertools.product(surges, (None, 0, 1, "25%", "60%"), (None, 1, 3, 4)):
        rolling = {**({"maxSurge": surge} if surge is not None else {}),
                   **({"maxUnavailable": unavailable} if unavailable is not None else {})}
        yield "Deployment", {**({"replicas": replicas} if replicas else {}), "strategy": {"rollingUpdate": rolling}}
    yield "Deployment", {"strategy": {"type": "Recreate"}}


def corpus():
    made = []
    for number, spec in enumerate(specs()):
        for kind in RESOURCES if number % 8 == 0 else ("Pod", "Deployment"):
            made.append(with_pod(kind, copy.deepcopy(spec), f"x{len(made)}"))
    places = ({}, {"nodeName": "n1"}, {"nodeSelector": {"kubernetes.io/hostname": "n1"}}, {"nodeSelector": {"disk": "ssd"}})
    for (kind, more), place in itertools.product(updates(), places):
        for spec in (pod_spec([{"containerPort": 8080}], host_network=True, **place),
                     pod_spec([{"containerPort": 80, "hostPort": 8080}], **place), pod_spec([{"containerPort": 80}], **place)):
            made.append(with_pod(kind, spec, f"x{len(made)}", **copy.deepcopy(more)))
    for kind, replicas in itertools.product(("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"), (0, 1, 2)):
        made.append(with_pod(kind, pod_spec([{"containerPort": 8080}], host_network=True), f"x{len(made)}", replicas=replicas))
    return made


def linted(objects, tmp_path):
    """For each object the codes that the program finds; of max_surge only where the update never finishes."""
    found = [set() for _ in objects]
    path = tmp_path / "objects.yaml"
    path.write_text("\n---\n".join(map(json.dumps, objects)))
    done = subprocess.run([AGENT, "check", "--offline", "--format=json", "-f", path], capture_output=True, text=True,
                          timeout=600)
    for lint in json.loads(done.stdout)["lints"]:
        if lint["code"] != "max_surge" or "never finishes" in lint["message"]:
            found[lint["document"] - 1].add(lint["code"])
    return found


def test_a_policy_finds_what_the_lint_of_its_name_finds(tools, tmp_path):
    objects = corpus()
    policies = kind_of(LINTS, "ValidatingAdmissionPolicy")
    codes = {code_of(policy) for policy in policies}
    names = {policy["metadata"]["name"]: code_of(policy) for policy in policies}
    by_lint = linted(objects, tmp_path)
    by_policy = admit(tools, policies, [request(made) for made in objects])
    seen = set()
    for made, lints, answer in zip(objects, by_lint, by_policy):
        assert {names[name] for name in answer} == lints & codes, json.dumps(made)
        seen |= lints & codes
    assert seen == codes, codes - seen


def test_an_update_is_judged_when_it_changes_the_spec_and_pods_of_workloads_are_not(tools):
    policies = kind_of(LINTS, "ValidatingAdmissionPolicy")
    made = with_pod("Deployment", pod_spec([{"containerPort": 30000, "hostPort": 30000}]), "web")
    labelled = copy.deepcopy(made)
    labelled["metadata"]["labels"] = {"a": "b"}
    owned = with_pod("Pod", pod_spec([{"containerPort": 30000, "hostPort": 30000}]), "web-1")
    owned["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web", "controller": True}]
    rollout = copy.deepcopy(owned)
    rollout["metadata"]["ownerReferences"][0]["kind"] = "Rollout"
    mirror = with_pod("Pod", pod_spec([{"containerPort": 30000, "hostPort": 30000}]), "static-n1")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    elsewhere = [copy.deepcopy(made) for _ in range(2)]
    for one, namespace in zip(elsewhere, ("kube-system", "hostnet-agent")):
        one["metadata"]["namespace"] = namespace
    plain = with_pod("Deployment", pod_spec([{"containerPort": 80}]), "web")
    found = admit(tools, policies, [
        request(made), request(labelled, "UPDATE", oldObject=made), request(made, "UPDATE", oldObject=plain),
        request(owned), request(rollout), request(mirror), *map(request, elsewhere)])
    loud = {"hostnet-agent-in-node-port-range": [
        "in_node_port_range: a Service may get the port as its NodePort, and then takes its traffic"]}
    assert found == [loud, {}, loud, {}, loud, {}, {}, {}]


def test_ranges_come_from_the_parameters(tools):
    policies = kind_of(LINTS, "ValidatingAdmissionPolicy")
    params = {"data": {"nodePorts": "8000-8100", "ephemeralPorts": "9000-9100", "reservedPorts": "7000-7001/UDP"}}
    objects = [with_pod("Pod", pod_spec([{"containerPort": n, "protocol": protocol}], host_network=True, dnsPolicy="Default"), "x")
               for n, protocol in ((8050, "TCP"), (9050, "UDP"), (7001, "UDP"), (7001, "TCP"), (30000, "TCP"), (6443, "TCP"))]
    found = admit(tools, policies, list(map(request, objects)), params)
    assert [[name.removeprefix("hostnet-agent-") for name in one] for one in found] == [
        ["in-node-port-range"], ["in-ephemeral-range"], ["reserved-port"], [], [], []]


def test_the_file_is_generated_and_every_rule_is_a_lint(tmp_path):
    subprocess.run([POLICIES / "generate", tmp_path], check=True, timeout=300)
    for name in ("policies.yaml", "README.md"):
        assert (POLICIES / name).read_text() == (tmp_path / name).read_text(), "run deploy/policies/generate"
    catalogue = dict(re.findall(r'\{"(\w+)",\s*Severity::(\w+)', (ROOT / "agent/lint/catalogue.h").read_text()))
    for policy in kind_of(LINTS, "ValidatingAdmissionPolicy"):
        assert catalogue[code_of(policy)] == policy["metadata"]["annotations"]["hostnet-agent.io/severity"]
        assert policy["spec"]["failurePolicy"] == "Ignore"
    for binding in kind_of(LINTS, "ValidatingAdmissionPolicyBinding"):
        assert binding["spec"]["validationActions"] == ["Warn", "Audit"]


def test_every_lint_that_the_program_says_is_in_the_catalogue():
    source = "".join(path.read_text() for path in (ROOT / "agent/lint").glob("*.cpp"))
    said = set(re.findall(r'add\(\s*"(\w+)"', source)) | set(re.findall(r'\.code = "(\w+)"', source)) | set(
        re.findall(r'\? "(host_access\w+)" : "(host_access\w+)"', source)[0])
    catalogue = set(re.findall(r'\{"(\w+)",\s*Severity::', (ROOT / "agent/lint/catalogue.h").read_text()))
    assert said == catalogue


# --- An agent and its own node -------------------------------------------------------------------

NODE = {"kind": "Node", "metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "n1"}, "annotations": {"a": "b"}},
        "spec": {"podCIDR": "10.0.0.0/24"},
        "status": {"capacity": {"cpu": "2"}, "conditions": [{"type": "Ready", "status": "True"}],
                   "nodeInfo": {"kernelVersion": "6.1"}, "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}}
AGENT_OF_N1 = {"username": "system:serviceaccount:hostnet-agent:hostnet-agent",
               "extra": {"authentication.kubernetes.io/node-name": ["n1"]}}


def changed(*path, value):
    node = copy.deepcopy(NODE)
    at = node
    for step in path[:-1]:
        at = at.setdefault(step, {})
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return node


@pytest.mark.parametrize("node, said", [
    (NODE, None),
    (changed("status", "conditions", value=[{"type": "Ready", "status": "True"}, {"type": "HostPortConflict", "status": "True"}]), None),
    (changed("metadata", "labels", "hostports.hostnet-agent.io/tcp-8080", value="unmanaged"), None),
    (changed("metadata", "labels", "node-role.kubernetes.io/master", value=""), "labels that begin with"),
    (changed("metadata", "labels", "kubernetes.io/hostname", value="n2"), "labels that begin with"),
    (changed("metadata", "labels", "kubernetes.io/hostname", value=None), "labels that begin with"),
    (changed("status", "conditions", value=[{"type": "Ready", "status": "False"}]), "the condition HostPortConflict only"),
    (changed("status", "conditions", value=[]), "the condition HostPortConflict only"),
    (changed("status", "capacity", "cpu", value="64"), "nothing else of a node's status"),
    (changed("status", "addresses", value=[{"type": "InternalIP", "address": "10.0.0.9"}]), "nothing else of a node's status"),
    (changed("metadata", "annotations", "c", value="d"), "no annotations"),
    (changed("spec", "unschedulable", value=True), "no annotations"),
])
def test_an_agent_writes_of_its_own_node_only_what_is_its_own(tools, node, said):
    (policy,) = kind_of(OWN_NODE, "ValidatingAdmissionPolicy")
    users = [AGENT_OF_N1, {**AGENT_OF_N1, "extra": {"authentication.kubernetes.io/node-name": ["n2"]}},
             {"username": AGENT_OF_N1["username"]}, {"username": "system:node:n2"}]
    own, other, unknown, kubelet = (answer.get("hostnet-agent-own-node", []) for answer in admit(
        tools, [policy], [request(node, "UPDATE", oldObject=NODE, userInfo=user) for user in users]))
    assert len(own) == (said is not None) and all(said in one for one in own)
    assert any("its own node" in one for one in other) and any("its own node" in one for one in unknown)
    assert kubelet == []


# --- The same from the chart ---------------------------------------------------------------------

def rendered(*options):
    done = subprocess.run([ROOT / "tests/chart/render", "--kube-version=1.34", *options], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    return [o for o in yaml.safe_load_all(done.stdout) if o]


def without_labels(objects):
    for made in objects:
        made["metadata"].pop("labels", None)
    return {(made["kind"], made["metadata"]["name"]): made for made in objects}


def test_the_chart_has_the_same_policies(tools):
    done = subprocess.run(["kubectl", "kustomize", POLICIES], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    wanted = without_labels([o for o in yaml.safe_load_all(done.stdout) if o])
    made = without_labels(rendered("--set=policies.lints=true"))
    assert {key: made[key] for key in wanted} == wanted
    assert not [o for o in rendered() if o["kind"].startswith("Validating")]


def test_the_chart_denies_what_it_is_told_with_the_names_of_its_release(tools):
    made = rendered("--set=policies.lints=true,policies.ownNode=true,fullnameOverride=ports,namespaceOverride=net",
                    "--set=policies.deny={max_surge,in_node_port_range}", "--set=config.node_port_range=20000-22767",
                    "--set-json=config.reserved_ports=[25, {\"port\": \"53\", \"protocol\": \"udp\"}, \"100-200\"]")
    bindings = {o["metadata"]["name"]: o["spec"] for o in kind_of(made, "ValidatingAdmissionPolicyBinding")}
    denied = {name for name, spec in bindings.items() if spec["validationActions"][0] == "Deny"}
    assert denied == {"ports-max-surge", "ports-in-node-port-range", "ports-own-node"}
    assert all(spec["policyName"] == name for name, spec in bindings.items())
    assert bindings["ports-max-surge"]["paramRef"] == {
        "name": "ports-policies", "namespace": "net", "parameterNotFoundAction": "Allow"}
    (params,) = [o for o in kind_of(made, "ConfigMap") if o["metadata"]["name"] == "ports-policies"]
    assert params["metadata"]["namespace"] == "net"
    assert params["data"] == {"nodePorts": "20000-22767", "ephemeralPorts": "32768-60999",
                              "reservedPorts": "25-25/* 53-53/UDP 100-200/*"}
    text = json.dumps(made)
    assert "system:serviceaccount:net:ports" in text and "[\"kube-system\", \"net\"]" in text


@pytest.mark.parametrize("options, said", [
    (["--set=policies.deny={max_surge}"], "policies.deny needs policies.lints"),
    (["--set=policies.lints=true,policies.deny={dns_policy}"], "/policies/deny"),
    (["--set=policies.lints=true", "--kube-version=1.29"], "policies need Kubernetes 1.30"),
])
def test_the_chart_denies_warnings_only_and_where_there_are_policies(tools, options, said):
    done = subprocess.run([ROOT / "tests/chart/render", "--kube-version=1.34", *options], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode != 0 and said in done.stderr


def test_what_can_be_denied_is_what_is_a_warning():
    schema = json.loads((ROOT / "deploy/chart/values.schema.json").read_text())
    offered = schema["properties"]["policies"]["properties"]["deny"]["items"]["enum"]
    assert set(offered) == {code_of(policy) for policy in kind_of(LINTS, "ValidatingAdmissionPolicy")
                            if policy["metadata"]["annotations"]["hostnet-agent.io/severity"] != "info"}


# --- The example of a mutating policy --------------------------------------------------------------

AVOID = "hostports.hostnet-agent.io/avoid"


def test_the_mutating_example_adds_the_affinity_of_the_reference_to_pods_that_ask_for_it(tools):
    policy, binding = yaml.safe_load_all((POLICIES / "examples/avoid-held-ports.yaml").read_text())
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    (mutation,) = policy["spec"]["mutations"]
    page = (ROOT / "deploy/reference/pods.md").read_text()
    (affinity,) = [yaml.safe_load(block)["affinity"] for block in re.findall(r"```yaml\n(.*?)```", page, re.S)
                   if "DoesNotExist" in block]
    # The evaluator knows no JSONPatch: a map of the same members.
    patch = re.sub(r"\b(op|path|value):", r'"\1":', mutation["jsonPatch"]["expression"].replace("JSONPatch{", "{"))
    wanted = json.dumps([{"op": "add", "path": "/spec/affinity", "value": affinity}])
    spec = {key: policy["spec"][key] for key in ("matchConstraints", "matchConditions")}
    judge = [{"metadata": {"name": name}, "spec": {**spec, "validations": [{"expression": rule, "message": name}]}}
             for name, rule in (("asked", "false"), ("other", f"{patch} == {wanted}"))]

    def said(labels, **spec_of_pod):
        made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "default", **labels},
                "spec": {"containers": [], **spec_of_pod}}
        (answer,) = admit(tools, judge, [request(made)])
        return sorted(answer)
    asks = {"labels": {AVOID: "tcp-8080"}}
    assert said(asks) == ["asked"]
    assert said({"labels": {AVOID: "udp-53"}}) == ["asked", "other"]
    assert said(asks, affinity={"nodeAffinity": {}}) == said({}) == said({"labels": {AVOID: "tcp/8080"}}) == []

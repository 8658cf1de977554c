"""Calls on a node: they ask the running agent where there is one and it is to be believed, and scan
where not, with what the node's own kubelet uses."""

import json
import subprocess

import pytest
from conftest import AGENT, pod
from pod_cluster import NEW_KEY, Cluster, openssl

SOCKET = "/run/hostnet-agent/agent.sock"


@pytest.fixture
def conflict(machine):
    """An agent whose flags alone say which pods there are, and a squatter on a pod's port."""
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    return machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")


def test_a_call_without_flags_says_what_the_agent_says(machine, conflict):
    done = machine.once("conflicts")
    assert done.returncode == 1 and done.stderr == "", done.stderr
    assert "unmanaged_process" in done.stdout
    assert "from the running agent, pid " in done.stdout.splitlines()[-1]
    said = json.loads(machine.once("conflicts", "--format=json").stdout)
    assert said["answered_by"]["from"] == "agent" and said["answered_by"]["pid"] > 1
    assert said["findings"][0]["since"]
    # A scan does not know the daemon's flags, and says what it did.
    scanned = json.loads(machine.once("conflicts", "--from=scan", "--format=json").stdout)
    assert "answered_by" not in scanned and scanned["findings"] == []


@pytest.mark.parametrize("words,code", [
    (["risks"], 0), (["ports"], 0), (["ports", "8080"], 0), (["ports", "8080/tcp"], 0),
    (["check", "8080"], 1), (["check", "8081"], 0), (["check", "8080/udp"], 0),
    (["check", "8080", "--address=127.0.0.1"], 1), (["history"], 0)])
def test_every_call_asks_and_ends_with_its_exit_code(machine, conflict, words, code):
    done = machine.once(*words)
    assert done.returncode == code, done.stdout + done.stderr
    assert "from the running agent" in done.stdout
    assert json.loads(machine.once(*words, "--format=json").stdout)["answered_by"]["from"] == "agent"


def test_without_an_agent_a_call_scans_and_one_that_needs_it_says_so(machine):
    done = machine.once("ports")
    assert "running agent" not in done.stdout and done.stdout.startswith("PORT")
    for words in (["history"], ["conflicts", "--from=agent"]):
        done = machine.once(*words)
        assert done.returncode == 2 and SOCKET in done.stderr, done.stderr
    assert machine.once("conflicts", "--from=agent", "--pods.source=none").returncode == 64


def test_what_somebody_else_answers_there_is_not_believed(machine):
    """A process of another user that says that all is well."""
    machine.run("chown", "nobody", "/run/hostnet-agent")
    process = machine.start(
        "setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c",
        "import socket\n"
        f"s=socket.socket(socket.AF_UNIX); s.bind('{SOCKET}'); s.listen(); print('ready',flush=True)\n"
        "while True:\n"
        " c,_=s.accept(); c.recv(4096)\n"
        " try: c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nall is well\\n')\n"
        " except OSError: pass\n"
        " c.close()\n",
        stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    done = machine.once("conflicts")
    assert "all is well" not in done.stdout and done.stdout.startswith("PORT")
    assert "uid 65534" in done.stderr
    done = machine.once("conflicts", "--from=agent")
    assert done.returncode == 2 and done.stdout == "" and "uid 65534" in done.stderr


def test_an_agent_of_another_network_is_not_asked(machine, conflict):
    done = machine.run("unshare", "--net", AGENT, "conflicts", "--from=agent", check=False)
    assert done.returncode == 2 and "another network namespace" in done.stderr


def test_who_may_connect_needs_no_password_and_no_certificate(machine):
    config = machine.file("web.yaml", "basic_auth_users: {alice: "
                          "$2y$10$q0VCBXCkWZgD6PE.5xCcP.yCAhI1mSVoMzoDFMPhRCTgSuLBBWSuG}\n")
    agent = machine.agent("--pods.source=none", f"--web.config.file={config}", "--web.details=none")
    assert agent.curl("/conflicts")[0] == 401
    assert machine.once("conflicts").returncode == 0
    assert machine.run("stat", "-c", "%a", SOCKET).stdout.strip() == "600"
    agent.stop()
    assert machine.run("test", "-e", SOCKET, check=False).returncode == 1


def test_a_second_agent_leaves_the_socket_to_the_first(machine, conflict):
    other = machine.agent("--pods.source=none", "--web.listen-address=:20001", wait=None)
    try:
        machine.run("sh", "-c", "until curl -fs localhost:20001/readyz; do sleep 0.1; done")
        assert "one-shot calls will scan" in other.log()
        assert machine.once("conflicts").returncode == 1
    finally:
        other.stop()
    assert machine.once("conflicts").returncode == 1


def test_a_scan_reads_the_pods_with_the_kubelets_own_kubeconfig(machine):
    cluster = Cluster(machine)
    openssl(cluster.pki, "req", "-x509", *NEW_KEY, "-keyout", "kubelet.key", "-out", "kubelet.crt",
            "-days", "2", "-subj", "/O=system:nodes/CN=system:node:n1")
    (cluster.pki / "kubelet.pem").write_text(
        (cluster.pki / "kubelet.crt").read_text() + (cluster.pki / "kubelet.key").read_text())
    cluster.tell("set", state={"token": None})
    cluster.apply("web", 8080)
    machine.listen(8080, name="squatter")
    copy = machine.directory / "etc"
    machine.run("cp", "-a", "/etc", copy)
    machine.run("mount", "--bind", copy, "/etc")
    (copy / "kubernetes/manifests").mkdir(parents=True, exist_ok=True)

    def kubelet_conf(user):
        (copy / "kubernetes/kubelet.conf").write_text(f"""
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:6443',
  certificate-authority: {cluster.pki}/ca.crt}}}}]
users: [{{name: u, user: {user}}}]
""")

    kubelet_conf(f"{{client-certificate: {cluster.pki}/kubelet.pem, "
                 f"client-key: {cluster.pki}/kubelet.pem}}")
    done = machine.once("conflicts")
    assert done.returncode == 1 and "pods from apiserver" in done.stdout, done.stdout + done.stderr
    assert any("spec.nodeName%3Dn1" in r or "spec.nodeName=n1" in r for r in cluster.requests(False))

    kubelet_conf("{exec: {command: aws-iam-authenticator}}")
    (copy / "kubernetes/manifests/static.yaml").write_text(pod("static", 8080))
    done = machine.once("conflicts")
    assert done.returncode == 1 and "default/static" in done.stdout, done.stdout
    assert "only static pods are known" in done.stdout and "aws-iam-authenticator" in done.stdout
    assert json.loads(machine.once("conflicts", "--format=json").stdout)["complete"] is False

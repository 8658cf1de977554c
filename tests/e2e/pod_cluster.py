"""A cluster of one TLS server that fails in every way we know (fake_apiserver.py), and certificates for it."""

import json
import subprocess

from conftest import ROOT, pod

NODE = "n1"
QUICK = ("--pods.retry=10ms", "--pods.start-spread=1ms")
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(directory, *words):
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)


def self_signed(directory, name, *more):
    openssl(directory, "req", "-x509", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.crt",
            "-days", "2", "-subj", f"/CN={name}", *more)


def issue(directory, authority, names):
    """The server's certificate, for these names, signed by that authority."""
    openssl(directory, "req", *NEW_KEY, "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=server")
    (directory / "san").write_text(f"subjectAltName={names}")
    openssl(directory, "x509", "-req", "-in", "server.csr", "-CA", f"{authority}.crt", "-CAkey",
            f"{authority}.key", "-CAcreateserial", "-out", "server.crt", "-days", "2", "-extfile",
            "san")


def certificate(directory, authority="ca"):
    """An authority of that name and a certificate for 127.0.0.1 that it signed."""
    directory.mkdir(exist_ok=True)
    self_signed(directory, authority)
    issue(directory, authority, "IP:127.0.0.1")


def kubeconfig(machine, port):
    """Of an API server on that port, with the authority and the token in pki."""
    return machine.file("kubeconfig", f"""
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: pki/ca.crt}}}}]
users: [{{name: u, user: {{tokenFile: pki/token}}}}]
""")


class Cluster:
    def __init__(self, machine, port=6443):
        self.machine, self.port = machine, port
        self.pki = machine.directory / "pki"
        certificate(self.pki)
        machine.file("pki/token", "first")
        self.start()
        self.tell("set", state={"token": "first"})
        self.config = kubeconfig(machine, port)

    def start(self):
        self.process = self.machine.start(
            "/usr/bin/python3", ROOT / "tests/e2e/fake_apiserver.py", self.pki, self.port,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True)
        assert json.loads(self.process.stdout.readline()) == {"ready": True}

    def tell(self, do, **order):
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def apply(self, name, port, **options):
        self.tell("apply", pod=api_pod(name, port), **options)

    def agent(self, *flags, **options):
        return self.machine.agent("--pods.source=apiserver", *QUICK, f"--pods.kubeconfig={self.config}",
                                  f"--pods.node-name={NODE}", *flags, **options)

    def requests(self, watch):
        return [r for r in self.tell("look")["requests"] if ("watch=1" in r) == watch]


def api_pod(name, port):
    made = json.loads(pod(name=name, port=port, uid=f"uid-{name}"))
    made["spec"]["nodeName"] = NODE
    made["status"] = {"phase": "Running"}
    return made


def conflicts(agent):
    return {(f["port"], f["verdict"]) for f in agent.findings()}


def source_up(agent):
    return agent.metric("^hostnet_pod_source_up")[0].endswith(" 1")


def said(agent, what):
    return [line for line in agent.log().splitlines() if what in line]

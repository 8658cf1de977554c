"""deploy/ before a real API server, which says what it would not take."""

import subprocess

import pytest
import yaml

from cluster import ROOT, render

FOLDERS = ["deploy", *sorted(f"deploy/overlays/{folder.name}"
                             for folder in (ROOT / "deploy/overlays").iterdir())]
# Policies are of 1.30 and newer.
VALUES = ["", *sorted(path.name for path in (ROOT / "tests/chart/values").glob("*.yaml") if path.stem not in ("policies", "own-node"))]
# Kinds of the Prometheus operator and of OpenShift, which this cluster does not have.
UNKNOWN = ("PodMonitor", "ServiceMonitor", "PrometheusRule", "SecurityContextConstraints",
           "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")


def would_take(cluster, manifest):
    """Server-side dry run of everything the server knows; what it said."""
    objects = [o for o in yaml.safe_load_all(manifest) if o]
    known = [o for o in objects if o["kind"] not in UNKNOWN]
    assert {o["kind"] for o in known} >= {"DaemonSet", "ServiceAccount", "ClusterRole"}
    for each in known:
        # Not what other tests have installed: a dry run would be an update of it.
        if "namespace" in each["metadata"]:
            each["metadata"]["namespace"] = "default"
        # Fields that came after Kubernetes 1.20.
        each.get("spec", {}).pop("internalTrafficPolicy", None)
        for container in each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            container.get("securityContext", {}).pop("appArmorProfile", None)
    # --validate: a field that the API does not have is an error too.
    said = cluster.kubectl("apply", "--dry-run=server", "--validate=true", "-f", "-",
                           stdin=yaml.safe_dump_all(known))
    assert len(said.splitlines()) == len(known), said


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_api_server_takes_what_kustomize_makes(cluster, folder):
    would_take(cluster, render(folder))


@pytest.mark.parametrize("values", VALUES)
def test_the_api_server_takes_what_the_chart_makes(cluster, values):
    words = [ROOT / "tests/chart/values" / values] if values else []
    done = subprocess.run([ROOT / "tests/chart/render", *words, "--kube-version=1.20"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    would_take(cluster, done.stdout)


def test_the_api_server_would_have_said_so(cluster):
    broken = render("deploy").replace("readOnlyRootFilesystem", "readonlyRootFilesystem")
    with pytest.raises(AssertionError, match="readonlyRootFilesystem"):
        would_take(cluster, broken)

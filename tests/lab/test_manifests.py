"""deploy/ before a real API server, which says what it would not take."""

import subprocess

import pytest
import yaml

from cluster import ROOT, minor_version, render

FOLDERS = ["deploy", *sorted(f"deploy/overlays/{folder.name}"
                             for folder in (ROOT / "deploy/overlays").iterdir())]
VALUES = ["", *sorted(path.name for path in (ROOT / "tests/chart/values").glob("*.yaml"))]
WITH_POLICIES = ("policies.yaml", "own-node.yaml")
# Kinds of the Prometheus operator and of OpenShift, which this cluster does not have.
UNKNOWN = {"PodMonitor", "ServiceMonitor", "PrometheusRule", "SecurityContextConstraints"}
POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


def would_take(cluster, manifest):
    """Server-side dry run of everything the server knows; what it said."""
    objects = [o for o in yaml.safe_load_all(manifest) if o]
    unknown = UNKNOWN if minor_version() >= 30 else UNKNOWN | POLICIES
    known = [o for o in objects if o["kind"] not in unknown]
    assert {o["kind"] for o in known} >= {"DaemonSet", "ServiceAccount", "ClusterRole"}
    for each in known:
        # Not what other tests have installed: a dry run would be an update of it.
        if "namespace" in each["metadata"]:
            each["metadata"]["namespace"] = "default"
        forget_younger_fields(each.get("spec", {}))
    # --validate: a field that the API does not have is an error too.
    said = cluster.kubectl("apply", "--dry-run=server", "--validate=true", "-f", "-",
                           stdin=yaml.safe_dump_all(known))
    assert len(said.splitlines()) == len(known), said


def forget_younger_fields(spec):
    """Those that this cluster's version does not have."""
    if minor_version() < 22:
        spec.pop("internalTrafficPolicy", None)
    if minor_version() < 30:
        for container in spec.get("template", {}).get("spec", {}).get("containers", []):
            container.get("securityContext", {}).pop("appArmorProfile", None)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_api_server_takes_what_kustomize_makes(cluster, folder):
    would_take(cluster, render(folder))


@pytest.mark.parametrize("values", VALUES)
def test_the_api_server_takes_what_the_chart_makes(cluster, values):
    if values in WITH_POLICIES and minor_version() < 30:
        pytest.skip("the chart refuses policies before 1.30")
    words = [ROOT / "tests/chart/values" / values] if values else []
    done = subprocess.run([ROOT / "tests/chart/render", *words, f"--kube-version=1.{minor_version()}"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    would_take(cluster, done.stdout)


def test_the_api_server_would_have_said_so(cluster):
    broken = render("deploy").replace("readOnlyRootFilesystem", "readonlyRootFilesystem")
    with pytest.raises(AssertionError, match="readonlyRootFilesystem"):
        would_take(cluster, broken)

"""What tests change in the manifests of deploy/."""

import yaml
from cluster import NODE_IP


def changed(change):
    """The manifests with something else in the agent's pod."""
    def apply(manifest):
        objects = list(yaml.safe_load_all(manifest))
        (daemonset,) = [o for o in objects if o["kind"] == "DaemonSet"]
        change(daemonset["spec"]["template"]["spec"])
        return yaml.safe_dump_all(objects)
    return apply


def without(capability):
    return changed(lambda spec: spec["containers"][0]["securityContext"]["capabilities"]["add"].remove(
        capability))


def with_flags(*flags):
    return changed(lambda spec: spec["containers"][0]["args"].extend(flags))


# It serves at the node's address only. The certificate that it signed itself is for the node's name; the overlay pins
# it, so that it may be asked by address.
KUBELET = with_flags(f"--pods.kubelet-url=https://{NODE_IP}:10250")

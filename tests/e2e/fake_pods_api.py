"""The kubelet's Pods API as a real gRPC server: fake_pods_api.py SOCKET. Orders come as lines of JSON, and each
is answered by one: {"pods": [...]} (as JSON objects), {"refuse": [code, message]}, {"look": true}."""

import json
import sys
from concurrent import futures

import grpc

# k8s.io/api/core/v1/generated.proto and k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto.
OWNER = {"kind": (1, str), "name": (3, str), "controller": (6, bool)}
META = {"name": (1, str), "namespace": (3, str), "uid": (5, str), "annotations": (12, "map"),
        "ownerReferences": (13, [OWNER])}
PORT = {"name": (1, str), "hostPort": (2, int), "containerPort": (3, int), "protocol": (4, str), "hostIP": (5, str)}
ENV = {"name": (1, str), "value": (2, str)}
CONTAINER = {"name": (1, str), "image": (2, str), "ports": (6, [PORT]), "env": (7, [ENV]), "restartPolicy": (24, str)}
SPEC = {"containers": (2, [CONTAINER]), "dnsPolicy": (6, str), "nodeName": (10, str), "hostNetwork": (11, bool),
        "initContainers": (20, [CONTAINER])}
STATUS = {"phase": (1, str), "hostIP": (5, str), "podIP": (6, str)}
POD = {"metadata": (1, META), "spec": (2, SPEC), "status": (3, STATUS)}


def varint(number):
    text = b""
    while number > 0x7F:
        text, number = text + bytes([number & 0x7F | 0x80]), number >> 7
    return text + bytes([number])


def delimited(number, text):
    return varint(number << 3 | 2) + varint(len(text)) + text


def encode(shape, value):
    text = b""
    for name, (number, kind) in shape.items():
        if name not in value:
            continue
        if isinstance(kind, list):
            text += b"".join(delimited(number, encode(kind[0], one)) for one in value[name])
        elif isinstance(kind, dict):
            text += delimited(number, encode(kind, value[name]))
        elif kind == "map":
            pairs = (delimited(1, key.encode()) + delimited(2, one.encode()) for key, one in value[name].items())
            text += b"".join(delimited(number, pair) for pair in pairs)
        elif kind is str:
            text += delimited(number, value[name].encode())
        else:
            text += varint(number << 3) + varint(int(value[name]))
    return text


def masked(value, paths):
    """As the kubelet applies a field mask, through lists, too."""
    if isinstance(value, list):
        return [masked(one, paths) for one in value]
    kept = {}
    for name in {path[0] for path in paths} & value.keys():
        below = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        kept[name] = masked(value[name], below) if below else value[name]
    return kept


class Pods(grpc.GenericRpcHandler):
    def __init__(self):
        self.pods, self.refusal, self.asked = [], None, []

    def service(self, call):
        known = call.method == "/v1alpha1.Pods/ListPods"
        return grpc.unary_unary_rpc_method_handler(self.list_pods) if known else None

    def list_pods(self, request, context):
        assert request == b"", request
        mask = dict(context.invocation_metadata())["x-kubernetes-fieldmask"]
        self.asked.append(mask)
        if self.refusal:
            code, message = self.refusal
            context.abort(getattr(grpc.StatusCode, code), message)
        paths = [path.split(".") for path in mask.split(",")]
        return b"".join(delimited(1, encode(POD, masked(pod, paths))) for pod in self.pods)


def main():
    served = Pods()
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[served])
    server.add_insecure_port(f"unix:{sys.argv[1]}")
    server.start()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        served.pods = order.get("pods", served.pods)
        served.refusal = order.get("refuse", served.refusal)
        print(json.dumps(served.asked), flush=True)


main()

"""Makes pods and changes them through the API server, over kept connections.

    api_load.py SERVER CERTIFICATE KEY make NODES PODS        PODS for each of node-0, node-1…
    api_load.py SERVER CERTIFICATE KEY restart NODES PODS PER_MINUTE SECONDS FIRST
    api_load.py SERVER CERTIFICATE KEY annotate PER_MINUTE SECONDS POD…

SERVER is HOST:PORT. `restart` counts a container's restarts in the status of those pods, one after
the other, from FIRST on: a number that a pod has already is no event; `annotate` changes an annotation of pods by name. Says in JSON what was done."""

import http.client
import itertools
import json
import ssl
import sys
import threading
import time

SERVER, CERTIFICATE, KEY, DO = sys.argv[1:5]
WORDS = sys.argv[5:]
WORKERS = 8
PODS = "/api/v1/namespaces/default/pods"

lock = threading.Lock()
failures = []
done = 0


def pod(node, index):
    """Of the size that a pod of a Deployment has, without its managedFields."""
    variables = [{"name": f"SETTING_{i}", "value": "a value of some length " * 2} for i in range(12)]
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": f"p-{node}-{index}", "labels": {"lab": "fleet", "app": f"app-{index}"}},
        "spec": {"nodeName": f"node-{node}", "automountServiceAccountToken": False,
                 "containers": [{"name": "main", "image": "lab.local/busybox:1", "env": variables,
                                 "ports": [{"containerPort": 8000 + index,
                                            "hostPort": 8000 + index}]}]}}


def status(restarts):
    return {"status": {"phase": "Running", "containerStatuses": [{
        "name": "main", "image": "lab.local/busybox:1", "imageID": "", "ready": True, "started": True,
        "restartCount": restarts, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}


def requests():
    """(when it is due after the start, method, path, body), in order."""
    if DO == "make":
        nodes, pods = map(int, WORDS)
        for node, index in itertools.product(range(nodes), range(pods)):
            yield 0, "POST", PODS, pod(node, index)
        return
    rate, seconds = map(int, WORDS[2:4] if DO == "restart" else WORDS[:2])
    for number in range(rate * seconds // 60):
        due = number * 60 / rate
        if DO == "restart":
            nodes, pods, first = map(int, (*WORDS[:2], WORDS[4]))
            name = f"p-{number % nodes}-{number // nodes % pods}/status"
            yield due, "PATCH", f"{PODS}/{name}", status(first + number)
        else:
            name = WORDS[2 + number % len(WORDS[2:])]
            yield due, "PATCH", f"{PODS}/{name}", {
                "metadata": {"annotations": {"lab/event": str(number)}}}


def work(began, todo):
    global done
    context = ssl._create_unverified_context()
    context.load_cert_chain(CERTIFICATE, KEY)
    host, port = SERVER.split(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=60)
    while True:
        with lock:
            due, method, path, body = next(todo, (None, None, None, None))
        if method is None:
            return
        time.sleep(max(0, began + due - time.monotonic()))
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        connection.request(method, path, json.dumps(body), {"Content-Type": kind})
        answer = connection.getresponse()
        said = answer.read()
        with lock:
            if answer.status in (200, 201):
                done += 1
            else:
                failures.append(f"{answer.status} {said[:200]}")


def main():
    began = time.monotonic()
    todo = requests()
    workers = [threading.Thread(target=work, args=(began, todo)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps({"done": done, "seconds": time.monotonic() - began, "failures": failures[:3]}))


main()

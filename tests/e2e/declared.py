"""What the program says on a machine where pod demo/web declares a port of the host."""

import json

from machine import pod

PORT = 8080


def said(machine, *words, port=PORT, **options):
    """What a call says as JSON, with the pod's manifest as the source of pods."""
    manifest = machine.file("web.yaml", pod("web", port, namespace="demo", **options))
    done = machine.once(*words, "--format=json", "--pods.source=manifests",
                        f"--pods.manifests={manifest}")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def conflicts(machine, port=PORT, **options):
    """The conflicts; the answer is a whole one."""
    answer = said(machine, "conflicts", port=port, **options)
    assert (answer["complete"], answer["problems"]) == (True, [])
    return answer["findings"]

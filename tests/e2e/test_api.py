"""/openapi.json says what every path answers, errors included; watchers get 304."""

import email.utils
import json
import re

import jsonschema
import pytest
from conftest import pod, wait_until

JSON = ("-H", "Accept: application/json")


@pytest.fixture
def agent(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    made = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    wait_until(lambda: made.findings(), 5, "the conflict")
    return made


def strict(schema):
    """No member that the description does not name, in any object."""
    if isinstance(schema, dict):
        made = {key: strict(value) for key, value in schema.items()}
        if made.get("type") == "object" and "properties" in made:
            made["additionalProperties"] = False
        return made
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def validate(document, schema, value):
    jsonschema.Draft202012Validator(
        {**schema, "components": strict(document["components"])}).validate(value)


def description(agent):
    status, body = agent.curl("/openapi.json")
    assert status == 200
    return json.loads(body)


def test_the_description_is_openapi_31_whose_references_are_there(agent):
    document = description(agent)
    assert document["openapi"] == "3.1.0" and document["info"]["title"] == "hostnet-agent"
    text = json.dumps(document)
    for name in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text):
        assert name in document["components"]["schemas"], name
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path, item in document["paths"].items():
        wanted = set(re.findall(r"\{(\w+)\}", path))
        parameters = item["get"]["parameters"]
        assert wanted == {p["name"] for p in parameters if p["in"] == "path"}
        assert all(p["schema"] and p["description"] for p in parameters)
        assert "200" in item["get"]["responses"]


EXAMPLES = ["/?", "/conflicts?", "/conflicts?ignored=1", "/risks?", "/ports?", "/ports/8080?", "/ports/4444?",
            "/ports/8080/tcp?", "/ports/8080/TCP?", "/check?port=8080", "/check?port=8081&protocol=udp&address=127.0.0.1",
            "/check?port=1&address=203.0.113.9", "/history?", "/history?raw=1", "/interfaces?", "/routes?", "/routes?table=local"]


def described_path(path):
    path = re.sub(r"^/ports/\d+/\w+$", "/ports/{port}/{protocol}", path)
    return re.sub(r"^/ports/\d+$", "/ports/{port}", path)


@pytest.mark.parametrize("target", EXAMPLES)
def test_every_answer_is_as_described(agent, target):
    document = description(agent)
    operation = document["paths"][described_path(target.split("?")[0])]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validate(document, schema, agent.json(target.rstrip("?")))


def test_every_described_path_is_tried(agent):
    tried = {described_path(target.split("?")[0]) for target in EXAMPLES}
    others = {"/metrics", "/openapi.json", "/healthz", "/readyz"}
    assert set(description(agent)["paths"]) == tried | others
    for path in others:
        assert agent.curl(path)[0] == 200


ERRORS = [("/conflicts?ignored=maybe", 400), ("/ports/99999", 400), ("/ports/http", 400), ("/check", 400),
          ("/check?port=80&address=here", 400), ("/check?port=80/udp&protocol=tcp", 400), ("/interfaces?limit=0", 400), ("/routes?family=ipx", 400),
          ("/conflicts?width=1", 400), ("/nothing", 404), ("/conflicts/", 404), ("/healthz?x=%zz", 400),
          ("/metrics?collect[]=nonsense", 400)]


@pytest.mark.parametrize("target,status", ERRORS)
def test_every_error_is_as_described(agent, target, status):
    said, body = agent.curl(target, *JSON)
    assert said == status
    error = json.loads(body)
    document = description(agent)
    validate(document, {"$ref": "#/components/schemas/Error"}, error)
    assert error["error"]["status"] == status
    path = described_path(target.split("?")[0])
    if re.fullmatch(r"/ports/\w+", path):
        path = "/ports/{port}"
    if path in document["paths"]:
        assert str(status) in document["paths"][path]["get"]["responses"]


def test_refusals_are_as_described_too(machine):
    agent = machine.agent("--pods.source=none", "--web.details=none")
    document = description(agent)
    for flags, status in ((), 403), (("-X", "POST"), 405), (("-d", "x=1", "-X", "GET"), 413), (("-H", "X: " + "x" * 70_000), 431):
        said, body = agent.curl("/conflicts", *JSON, *flags)
        assert said == status
        validate(document, {"$ref": "#/components/schemas/Error"}, json.loads(body))
        assert str(status) in document["paths"]["/conflicts"]["get"]["responses"]
    refusal = agent.curl("/conflicts", "-H", "Host: evil.example")[1]
    assert "--web.details" in refusal


def fields(agent, path, *flags):
    """The header fields of an answer."""
    head = agent.machine.run("curl", "-si", *flags, f"http://127.0.0.1:20000{path}").stdout
    lines = head.replace("\r", "").partition("\n\n")[0].splitlines()[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


@pytest.mark.parametrize("path", ["/conflicts", "/nothing", "/metrics", "/ports/0"])
def test_every_answer_has_a_date_and_says_that_accept_matters(agent, path):
    said = fields(agent, path)
    assert email.utils.parsedate_to_datetime(said["date"]).tzinfo
    assert "Accept" in [name.strip() for name in said["vary"].split(",")]


def test_a_wildcard_for_applications_is_json(agent):
    assert fields(agent, "/conflicts", "-H", "Accept: application/*")["content-type"] == "application/json"


@pytest.mark.parametrize("path,meant", [("/conflicts/", "/conflicts"), ("/metric", "/metrics"), ("/port", "/ports")])
def test_a_path_that_is_not_there_names_the_nearest(agent, path, meant):
    assert agent.curl(path) == (404, f"there is no {path}, did you mean {meant}?\n")


def test_a_403_names_port_forward_first(machine):
    agent = machine.agent("--pods.source=none")
    said = agent.curl("/conflicts", "-H", "Host: evil.example:20000")[1]
    assert said.index("port-forward") < said.index("--web.details=all")


def tag(agent, path, *flags):
    head = agent.machine.run("curl", "-si", *flags, f"http://127.0.0.1:20000{path}").stdout
    return (int(head.split()[1]), re.search(r"^etag: (.*?)\r?$", head, re.I | re.M).group(1),
            head.partition("\n\n")[2])


@pytest.mark.parametrize("path", ["/conflicts?format=json", "/conflicts", "/ports?format=json", "/risks",
                                  "/history?format=json", "/check?port=8080&format=json"])
def test_who_watches_gets_304_until_something_changes(machine, agent, path):
    status, first, body = tag(agent, path)
    assert status == 200 and body
    generated = agent.json("/conflicts")["generated_at"]
    wait_until(lambda: agent.json("/conflicts")["generated_at"] != generated, 5, "another scan")
    status, again, body = tag(agent, path, "-H", f"If-None-Match: {first}")
    assert (status, again, body) == (304, first, "")
    assert tag(agent, path, "-H", 'If-None-Match: "other"')[0] == 200


def test_the_tag_changes_with_what_is_said(machine, agent):
    _, first, _ = tag(agent, "/conflicts?format=json")
    (machine.directory / "pods/pod.yaml").unlink()
    wait_until(lambda: not agent.findings(), 5, "the end of the conflict")
    assert tag(agent, "/conflicts?format=json", "-H", f"If-None-Match: {first}")[0] == 200


def test_answers_say_how_a_call_would_end(agent):
    def code(path):
        head = agent.machine.run("curl", "-si", f"http://127.0.0.1:20000{path}").stdout
        return re.search(r"^hostnet-exit-code: (\d)", head, re.I | re.M).group(1)
    assert [code(path) for path in ("/conflicts", "/risks", "/ports", "/check?port=8080", "/check?port=1")] == \
        ["1", "0", "0", "1", "0"]

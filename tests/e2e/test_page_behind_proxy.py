"""The page in a real Chromium, behind a reverse proxy that serves it below a prefix of its own."""

import subprocess

import pytest
from conftest import wait_until
from test_page import REFRESH, browser, complaints, each, follow, rows  # noqa: F401  (a fixture)

PREFIX, PROXY = "/tools/node-7", 8888
# Takes the prefix away and passes the request on; it tells of that as Traefik does.
REVERSE_PROXY = f"""
import http.client, http.server
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith('{PREFIX}/'):
            return self.send_error(404, 'not below the prefix: ' + self.path)
        agent = http.client.HTTPConnection('127.0.0.1', 20000)
        headers = dict(self.headers) | {{'X-Forwarded-Prefix': '{PREFIX}', 'Connection': 'close'}}
        agent.request('GET', self.path[len('{PREFIX}'):], headers=headers)
        answer = agent.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ('connection', 'transfer-encoding', 'date', 'server'):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.read())
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', {PROXY}), Proxy)
print('ready', flush=True)
server.serve_forever()
"""


@pytest.fixture
def proxied(machine):
    """The agent behind the proxy, and a listener on 8081."""
    machine.listen(8081)
    # Who sees the details behind a proxy is for the proxy to say.
    agent = machine.agent("--pods.source=none", "--web.details=all")
    proxy = machine.python(REVERSE_PROXY, stdout=subprocess.PIPE, text=True)
    assert proxy.stdout.readline() == "ready\n"
    return agent


def links(browser):
    return each(browser, "a[href]", "href")


def show(browser, path):
    browser.get(f"http://127.0.0.1:{PROXY}{PREFIX}{path}")


@pytest.mark.parametrize("path", ["/", "/ports", "/ports/8081", "/check?port=8081", "/no/such/page"])
def test_every_link_stays_below_the_prefix_and_leads_somewhere(proxied, browser, path):
    show(browser, path)
    found = links(browser)
    assert len(found) >= 14, found
    root = f"http://127.0.0.1:{PROXY}"
    assert [link for link in found if not link.startswith(f"{root}{PREFIX}/")] == []
    for link in set(found):
        place = link.partition("#")[0]
        status = proxied.machine.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", place).stdout
        assert status == ("404" if place.endswith("/no/such/page") else "200"), link


def test_one_goes_from_page_to_page_below_the_prefix(proxied, browser):
    show(browser, "/")
    for name in ("Ports", "8081/tcp", "History", "Overview", "hostnet-agent"):
        follow(browser, name)
        wait_until(lambda: browser.execute_script("return document.readyState") == "complete", 20,
                   f"the page of {name}")
        assert each(browser, "main")[0]
    assert browser.current_url == f"http://127.0.0.1:{PROXY}{PREFIX}/"


def test_a_page_below_the_prefix_refreshes_itself(machine, proxied, browser):
    show(browser, "/ports")
    machine.listen(8082)
    wait_until(lambda: any(row[0] == "8082/tcp" for row in rows(browser, "Ports")), REFRESH,
               "the new port on the page")
    assert complaints(browser) == []


def test_what_the_proxy_says_of_its_prefix_is_not_read(proxied):
    page = proxied.text("/check?port=8081", "-H", "Accept: text/html")
    said = proxied.text("/check?port=8081", "-H", "Accept: text/html",
                        "-H", "X-Forwarded-Prefix: //elsewhere.example")
    assert said == page and "elsewhere" not in said

"""The page as a person sees it: in a real Chromium, on the node."""

import contextlib
import ctypes
import os
import pathlib
import socket
import socketserver
import subprocess
import threading

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from conftest import ROOT, pod, wait_until
from machine import PATIENCE

CLONE_NEWNET = 0x40000000
# The page looks again by itself every five seconds.
REFRESH = 20


@contextlib.contextmanager
def inside_network(pid):
    """This thread, and what it starts, in the network of that process."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(descriptor):
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        enter(there)
        yield
    finally:
        enter(home)
        os.close(home)
        os.close(there)


@contextlib.contextmanager
def started_browser(tmp_path):
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", f"user-data-dir={tmp_path}/profile"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    started.set_page_load_timeout(PATIENCE)
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture
def browser(machine, tmp_path):
    with inside_network(machine.init), started_browser(tmp_path) as started:
        yield started


class Relay(socketserver.ThreadingTCPServer):
    """A port of this network that leads to a unix socket: a browser that comes this way has no socket on the
    machine, whose /proc does not show it."""
    daemon_threads = True

    def __init__(self, path):
        super().__init__(("127.0.0.1", 0), Relay.Connection)
        self.path = str(path)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *error):
        self.shutdown()
        super().__exit__(*error)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.socket(socket.AF_UNIX) as agent:
                agent.connect(self.server.path)
                back = threading.Thread(target=self.copy, args=(agent, self.request), daemon=True)
                back.start()
                self.copy(self.request, agent)
                back.join()

        @staticmethod
        def copy(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


def show(browser, path="/", width=1280, height=900, scheme="light", port=20000):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.get(f"http://127.0.0.1:{port}{path}")


def each(browser, selector, name="innerText"):
    """That property or attribute of all such elements, at one moment, for the page replaces them."""
    return browser.execute_script("""
        return [...document.querySelectorAll(arguments[0])]
            .map((element) => element[arguments[1]] ?? element.getAttribute(arguments[1]));""", selector, name)


def act(done):
    """Once more where the page has just replaced the element."""
    while True:
        with contextlib.suppress(StaleElementReferenceException):
            return done()


def follow(browser, words):
    """The link of these words."""
    act(lambda: browser.find_element(By.LINK_TEXT, words).click())


def rows(browser, caption):
    """The cells of the table with that caption, row by row, as they are shown: at one moment, for
    the page replaces them."""
    return browser.execute_script("""
        const table = [...document.querySelectorAll('table')]
            .find((t) => t.caption.textContent.includes(arguments[0]));
        return [...(table ? table.tBodies[0].rows : [])].filter((row) => row.checkVisibility())
            .map((row) => [...row.cells].map((cell) => cell.innerText));""", caption)


def complaints(browser):
    """What the console says of scripts that failed and of what the page's policy refused."""
    return [entry["message"] for entry in browser.get_log("browser")
            if not entry["message"].startswith("chrome://")]


def test_a_conflict_appears_on_the_open_page_and_goes_again(machine, browser):
    manifest = machine.file("web.yaml", pod("web", 8080))
    machine.agent("--pods.source=manifests", f"--pods.manifests={manifest}")
    show(browser)
    assert rows(browser, "Conflicts") == []
    holder = machine.listen(8080, name="squatter")
    row, = wait_until(lambda: rows(browser, "Conflicts"), REFRESH, "the conflict on the page")
    shown = " ".join(row)
    assert "8080/tcp" in shown and "unmanaged_process" in shown and "squatter" in shown
    machine.stop(holder)
    wait_until(lambda: rows(browser, "Conflicts") == [], REFRESH, "its end on the page")
    assert complaints(browser) == []


def test_every_page_of_the_menu_works_and_asks_nobody_else(machine, browser):
    machine.listen(8081)
    machine.agent("--pods.source=none")
    show(browser)
    places = each(browser, "nav a", "href")
    assert len(places) == 7
    for place in places:
        browser.get(place)
        assert each(browser, "h1")[0], place
        assert each(browser, "nav a[aria-current]", "href") == [place]
        asked = browser.execute_script(
            "return performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host)")
        assert set(asked) <= {"127.0.0.1:20000"}
    show(browser, "/ports")
    follow(browser, "8081/tcp")
    wait_until(lambda: browser.current_url.endswith("/ports/8081"), 10, "the port's page")
    assert "python3" in each(browser, "main")[0]
    assert complaints(browser) == []


def test_names_from_processes_are_text(machine, browser):
    # As long as the kernel lets a process call itself.
    machine.listen(8082, name="<img src=x:y/>")
    machine.agent("--pods.source=none")
    show(browser, "/ports/8082")
    assert "<img src=x:y/>" in each(browser, "main")[0]
    assert each(browser, "main img") == []
    assert complaints(browser) == []


def test_rows_are_filtered_while_one_types(machine, browser):
    for port in (8083, 8084):
        machine.listen(port)
    machine.agent("--pods.source=none")
    show(browser, "/ports")
    browser.find_element(By.ID, "filter").send_keys("8084")
    assert [row[0] for row in rows(browser, "Ports")] == ["8084/tcp"]


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_is_cut_off_on_a_narrow_screen(machine, browser, width):
    manifest = machine.file("web.yaml", pod("w" * 63, 8085))
    machine.listen(8085, name="squatter")
    machine.agent("--pods.source=manifests", f"--pods.manifests={manifest}")
    for path in ("/", "/conflicts", "/ports", "/ports/8085", "/interfaces", "/routes", "/history"):
        show(browser, path, width=width)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} pixels wide"


def luminance(color):
    """Of "rgb(r, g, b)", relative (WCAG 2.1)."""
    channels = [int(part) / 255 for part in color[color.index("(") + 1:-1].split(",")[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_color_schemes(machine, browser, scheme):
    manifest = machine.file("web.yaml", pod("web", 8086))
    machine.listen(8086, name="squatter")
    machine.agent("--pods.source=manifests", f"--pods.manifests={manifest}")
    show(browser, scheme=scheme)
    # Every element with text of its own, and the nearest background that is not transparent.
    colors = browser.execute_script("""
        const seen = new Map();
        for (const element of document.body.querySelectorAll('*')) {
          const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
          if (!own || !element.checkVisibility() || element.closest('.skip, script, style')) continue;
          let behind = element;
          while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
          const pair = [getComputedStyle(element).color, getComputedStyle(behind || document.body).backgroundColor];
          seen.set(pair.join(), [...pair, element.textContent.trim().slice(0, 40)]);
        }
        return [...seen.values()];""")
    assert len(colors) > 4
    for text, behind, where in colors:
        light, dark = sorted((luminance(text), luminance(behind)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{where!r}: {text} on {behind}"
    dark_page = luminance(browser.execute_script("return getComputedStyle(document.body).backgroundColor")) < 0.2
    assert dark_page == (scheme == "dark")


def test_the_screenshot_of_the_readme_is_a_page_with_a_conflict(machine, tmp_path):
    """HOSTNET_UPDATE_SCREENSHOT=1 writes deploy/reference/page.png anew."""
    machine.file("pods/web.yaml", pod("web-1", 8080))
    machine.file("pods/api.yaml", pod("api-1", 30080))
    machine.listen(8080, name="nginx")
    for port, name in ((22, "sshd"), (9100, "node_exporter"), (10250, "kubelet")):
        machine.listen(port, name=name)
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          "--web.listen-address=:20000", f"--web.listen-address=unix:{machine.directory}/page.sock")
    wait_until(lambda: "unmanaged_process" in agent.text("/conflicts"), 10, "the conflict")
    assert agent.json("/conflicts")["complete"], agent.json("/conflicts")["problems"]
    with Relay(machine.directory / "page.sock") as relay, started_browser(tmp_path) as browser:
        show(browser, width=1280, height=1330, port=relay.server_address[1])
        wait_until(lambda: rows(browser, "Conflicts"), REFRESH, "the page's conflict")
        assert "incomplete" not in each(browser, "body")[0]
        assert each(browser, ".map a", "textContent")
        picture = browser.get_screenshot_as_png()
    assert len(picture) > 20_000  # not a blank page
    path = ROOT / "deploy" / "reference" / "page.png"
    if os.environ.get("HOSTNET_UPDATE_SCREENSHOT"):
        path.write_bytes(picture)
    assert path.is_file()


@pytest.fixture(scope="module")
def axe():
    """axe-core's source, of npm (tests/chart/package.json)."""
    done = subprocess.run([ROOT / "tests/chart/tools"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return (pathlib.Path(done.stdout.strip()) / "node_modules/axe-core/axe.min.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_nothing_serious_on_any_page(machine, browser, axe, scheme):
    machine.file("pods/web.yaml", pod("web-1", 8080))
    machine.file("pods/api.yaml", pod("api-1", 30080))
    machine.listen(8080, name="nginx")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    wait_until(lambda: "unmanaged_process" in agent.text("/conflicts"), 10, "the conflict")
    show(browser, scheme=scheme)
    browser.set_script_timeout(120)
    places = each(browser, "nav a", "href")
    assert len(places) == 7
    serious = []
    for place in [*places, "http://127.0.0.1:20000/ports/8080"]:
        browser.get(place)
        browser.execute_script(axe)
        found = browser.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then((said) => done([said.passes.length, said.violations]), (error) => done([0, String(error)]));")
        passed, found = found
        assert passed > 10, found  # it did inspect the page
        serious += [(place, one["id"], one["impact"], [node["target"] for node in one["nodes"]][:5]) for one in found
                    if one["impact"] in ("serious", "critical")]
        print(place, [(one["id"], one["impact"]) for one in found])
    assert serious == []
    assert complaints(browser) == []

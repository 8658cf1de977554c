"""The page's pictures and tables in a real Chromium: port map, paths, timeline, rates, sorting; by keyboard,
with hostile names, with 4,000 ports."""

import subprocess

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conftest import pod, wait_until
from test_page import REFRESH, act, browser, complaints, each, rows, show  # noqa: F401  (a fixture)


@pytest.fixture
def conflict(machine):
    machine.file("pods/web.yaml", pod("web", 8080))
    machine.file("pods/api.yaml", pod("api", 30080))
    squatter = machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    wait_until(lambda: agent.findings(), 5, "the conflict")
    agent.squatter = squatter
    return agent


def focused(browser, attribute):
    return browser.execute_script("return document.activeElement.getAttribute(arguments[0])", attribute)


def press(browser, key):
    """On what has the focus."""
    act(lambda: browser.switch_to.active_element.send_keys(key))


def test_the_map_has_a_mark_for_each_port_that_leads_to_it(conflict, browser):
    show(browser, "/ports")
    marks = browser.execute_script("""return [...document.querySelectorAll('.map a')].map((a) =>
        [a.getAttribute('xlink:href'), a.querySelector('rect').getAttribute('class'), a.textContent])""")
    kinds = {href: css for href, css, _ in marks}
    assert kinds["ports/8080"] == "mark conflict"
    assert kinds["ports/30080"] == "mark declared"
    assert kinds["ports/20000"] == "mark held"
    (words,) = [text for href, _, text in marks if href == "ports/8080"]
    assert "squatter" in words and "default/web" in words and "unmanaged_process" in words
    bands = browser.execute_script(
        "return [...document.querySelectorAll('.map .band')].map((r) => r.getAttribute('class'))")
    assert {"band well", "band node", "band ephemeral"} <= set(bands)
    assert complaints(browser) == []


def test_the_map_is_walked_with_the_arrow_keys_and_followed_with_enter(conflict, browser):
    show(browser, "/ports")
    browser.execute_script("document.querySelector('.map a[tabindex=\"0\"]').focus()")
    first = focused(browser, "xlink:href")
    press(browser, Keys.ARROW_RIGHT)
    second = focused(browser, "xlink:href")
    assert int(second.split("/")[1]) > int(first.split("/")[1])
    press(browser, Keys.HOME)
    assert focused(browser, "xlink:href") == first == "ports/8080"
    press(browser, Keys.ENTER)
    wait_until(lambda: browser.current_url.endswith("/ports/8080"), 10, "the port's page")
    label, = each(browser, "#path svg.path", "aria-label")
    for word in "client", "0.0.0.0:8080", "tcp listen", "squatter":
        assert word in label
    assert label.index("0.0.0.0:8080") < label.index("tcp listen") < label.index("squatter")
    assert complaints(browser) == []


def test_tables_are_sorted_by_any_column_and_stay_so(conflict, browser):
    show(browser, "/ports")
    known = {"8080/tcp", "20000/tcp", "30080/tcp"}  # the browser has ports, too

    def ports():
        return [row[0] for row in rows(browser, "Ports") if row[0] in known]
    assert ports() == ["8080/tcp", "20000/tcp", "30080/tcp"]
    act(lambda: browser.find_element(By.CSS_SELECTOR, "#ports th button").send_keys(Keys.ENTER))
    assert ports() == ["8080/tcp", "20000/tcp", "30080/tcp"]
    press(browser, Keys.ENTER)
    assert ports() == ["30080/tcp", "20000/tcp", "8080/tcp"]
    assert each(browser, "#ports th", "aria-sort")[0] == "descending"
    shown = each(browser, ".meta time", "datetime")[0]
    wait_until(lambda: browser.execute_script("return document.querySelector('.meta time').dateTime") != shown,
               REFRESH, "another answer")
    assert ports() == ["30080/tcp", "20000/tcp", "8080/tcp"]
    assert browser.execute_script("return document.activeElement.tagName") == "BUTTON"


def test_a_conflict_comes_to_the_open_page_by_its_tag(machine, browser):
    """Prints how soon: 0.5 s on a quiet machine."""
    machine.file("pods/web.yaml", pod("web", 8080))
    machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                  "--watch.interval=500ms")
    show(browser)
    browser.execute_script("""
        window.seen = 0;
        window.asked = [];  // whether with the known tag or for the page, and the answer's status
        const ask = window.fetch;
        window.fetch = async (target, options) => {
          const answer = await ask(target, options);
          const kind = 'If-None-Match' in options.headers ? 'tag' : 'Accept' in options.headers ? 'page' : 'first';
          window.asked.push(kind + ' ' + answer.status);
          return answer;
        };
        const refused = setInterval(() => {
          if (document.querySelector('#conflicts tbody tr')) { window.seen = performance.now(); clearInterval(refused); }
        }, 20);""")
    wait_until(lambda: "tag 304" in browser.execute_script("return window.asked"), REFRESH, "the known tag")
    begin = browser.execute_script("return performance.now()")
    machine.listen(8080, name="squatter")
    seen = wait_until(lambda: browser.execute_script("return window.seen"), REFRESH, "the conflict on the page")
    print(f"conflict on the page after {seen - begin:.0f} ms")

    def asked_for_itself():
        asked = browser.execute_script("return window.asked")
        return ("tag 200", "page 200") in zip(asked, asked[1:])

    wait_until(asked_for_itself, REFRESH, "the page's asking because of another tag")
    assert complaints(browser) == []


def test_interfaces_show_rates_once_there_are_two_answers(machine, browser):
    machine.agent("--pods.source=none")
    show(browser, "/interfaces")
    wait_until(lambda: each(browser, ".spark polyline", "outerHTML"), REFRESH, "a sparkline")
    text = browser.execute_script("return document.querySelector('.traffic small').textContent")
    assert "rx" in text and "/s" in text
    assert complaints(browser) == []


def test_the_history_is_a_timeline(machine, conflict, request):
    # The browser's processes are not the machine's: sockets that nobody there has freeze findings.
    machine.stop(conflict.squatter)
    wait_until(lambda: not conflict.findings(port=8080), 5, "its end")
    browser = request.getfixturevalue("browser")  # noqa: F811
    show(browser, "/history")
    lanes = browser.execute_script("""return [...document.querySelectorAll('.lanes li')].map((li) =>
        [li.textContent, ...[...li.querySelectorAll('rect')].map((r) => r.getAttribute('class'))])""")
    assert any("8080/tcp" in lane[0] and "bar over" in lane[1:] for lane in lanes), lanes
    assert complaints(browser) == []


def test_the_page_says_what_it_cannot_see_why_and_the_fix(machine, browser):
    machine.agent("--pods.source=none", capabilities=[])
    show(browser)
    unseen, = each(browser, "#unseen")
    assert "cannot see, and why" in unseen and "NET_ADMIN" in unseen and "Fix: " in unseen


def test_without_scripts_everything_can_be_read(conflict):
    page = conflict.text("/", "-H", "Accept: text/html")
    body = page[:page.index("<script>")]
    for text in ("8080/tcp", "unmanaged_process", "squatter", 'class="map"', 'xlink:href="ports/8080"'):
        assert text in body
    assert " style=" not in page and "javascript:" not in page
    path = conflict.text("/ports/8080", "-H", "Accept: text/html")
    assert 'class="path astray"' in path and "Where a client lands" in path and "Details of 8080/tcp" in path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pictures_fit_any_screen(conflict, browser, width, scheme):
    for path in ("/", "/ports", "/ports/8080", "/history"):
        show(browser, path, width=width, scheme=scheme)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} pixels wide"


HOSTILE = ["</title><b>", "\"><svg/onload=", "'&lt;\x1b[31m"]


def test_hostile_names_are_text_in_every_picture(machine, browser):
    for at, name in enumerate(HOSTILE):
        machine.listen(8100 + at, name=name)
    machine.agent("--pods.source=none")
    for path in ("/ports", *(f"/ports/{8100 + at}" for at in range(len(HOSTILE)))):
        show(browser, path)
        assert each(browser, "main b[onload], main svg[onload], main title b", "outerHTML") == []
        assert browser.execute_script("return document.querySelectorAll('main script, main img').length") == 0
    show(browser, "/ports/8100")
    assert "</title><b>" in each(browser, "#path svg.path", "aria-label")[0]
    assert complaints(browser) == []


def test_four_thousand_ports_are_filtered_to_the_one_that_is_asked_for(machine, browser):
    """Prints the longest frame meanwhile: 60 ms on a quiet machine."""
    code = ("import socket,resource,signal,sys,pathlib\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE,(6000,6000))\n"
            "first=int(sys.argv[1]); ss=[]\n"
            "for p in range(first,first+95):\n"
            " s=socket.socket(); s.bind(('127.0.0.1',p)); s.listen(); ss.append(s)\n"
            "print('ready',flush=True); signal.pause()\n")
    processes = [machine.python(code, 2000 + 100 * i, stdout=subprocess.PIPE, text=True) for i in range(42)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    machine.agent("--pods.source=none")
    show(browser, "/ports")
    count = browser.execute_script("return document.querySelectorAll('#ports tbody tr').length")
    assert count >= 3900, count
    browser.execute_script("""
        window.frames_ = []; let before = performance.now();
        const tick = () => { const now = performance.now(); window.frames_.push(now - before); before = now;
                             requestAnimationFrame(tick); };
        requestAnimationFrame(tick);""")
    field = browser.find_element(By.ID, "filter")
    for letter in "4321":
        field.send_keys(letter)
    wait_until(lambda: len(rows(browser, "Ports")) == 1, 10, "the one row")
    longest = browser.execute_script("return Math.max(...window.frames_.slice(2))")
    print(f"longest frame while filtering {count} rows: {longest:.0f} ms")
    assert complaints(browser) == []

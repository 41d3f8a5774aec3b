"""The site in a real browser and by plain requests: what it serves, how it looks, how it says that the line is cut."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from books import GALLERY, IDENTITY, LOST, PID, TRIVIAL, book
from pypdf import PdfReader
from serving import serving
from stores import opened, sample_database
from tabs import SCREENS, comes

from chengxin.jupyter.kernels import Forks, Gathered
from chengxin.settings import settings
from chengxin.store import accounts
from chengxin.store.accounts import Account
from chengxin.store.engine import writing
from chengxin.web.server import handlers
from chengxin.web.server.app import pages
from chengxin.web.server.serve import books, served_root

CONTRAST = (Path(__file__).parents[2] / "contrast.js").read_text("utf-8").replace('"main *"', '".cx-page *, .cx-top *"')
SIDEWAYS = """[document.scrollingElement, document.querySelector("#rendered_cells")].filter(Boolean)
    .map(e => e.scrollWidth - e.clientWidth)"""
SMALL = """[...document.querySelectorAll(".cx-page :is(button, select, summary, input)")]
    .filter(e => e.offsetParent && !["checkbox", "radio"].includes(e.type) && e.getBoundingClientRect().height < 44)
    .map(e => e.outerHTML.slice(0, 90))"""
UNNAMED = """[...document.querySelectorAll(".cx-page :is(input, select, textarea)")]
    .filter(e => e.offsetParent && !e.labels?.length && !e.getAttribute("aria-label"))
    .map(e => e.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def site(served, tmp_path_factory):
    notebooks = tmp_path_factory.mktemp("notebooks")
    book(notebooks / "entry" / "gallery.ipynb", GALLERY, title="组件一览", about="样式表的每个组件。")
    book(notebooks / "entry" / "trivial.ipynb", TRIVIAL, title="一个数")
    book(notebooks / "entry" / "pid.ipynb", PID, title="进程号")
    book(notebooks / "entry" / "lost.ipynb", LOST, title="缺控件")
    book(notebooks / "dashboard" / "who.ipynb", IDENTITY, title="我是谁")
    book(notebooks / "reports" / "secret.ipynb", "print(1)", title="模板")
    return served(sample_database(tmp_path_factory.mktemp("site") / "chengxin.db"), notebooks=notebooks)


@pytest.fixture
def visit(browser, site):
    """Open a page of the site; requests to others and errors are gathered."""
    contexts = []

    def go(path="", screen="desk"):
        contexts.append(browser.new_context(viewport=SCREENS[screen], base_url=site))
        page = contexts[-1].new_page()
        page.set_default_timeout(40_000)
        page.outside, page.faults = [], []
        page.on(
            "request", lambda asked: None if asked.url.startswith((site, "data:")) else page.outside.append(asked.url)
        )
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()


def gallery(visit, screen="desk"):
    page = visit("voila/render/entry/gallery.ipynb", screen)
    page.get_by_role("button", name="提交").wait_for()
    return page


@pytest.mark.parametrize("screen", SCREENS)
def test_every_component_fits_the_screen_and_a_finger_and_can_be_read(visit, screen):
    page = gallery(visit, screen)
    comes(page, SIDEWAYS, [0, 0])
    for script in (SMALL, UNNAMED, CONTRAST):
        comes(page, script, [])
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.outside == []
    assert page.faults == []
    assert "img src=x" in page.locator(".cx-form").inner_text()


def test_the_bar_stays_in_sight_and_the_grid_scrolls_by_itself(visit):
    page = gallery(visit, "phone")
    page.evaluate("document.querySelector('#rendered_cells').scrollTo(0, 1500)")
    bar = page.locator(".cx-bar").bounding_box()
    assert 0 <= bar["y"] <= 60
    grid = page.locator(".cx-grid")
    assert grid.evaluate("e => e.scrollWidth > e.clientWidth")
    grid.evaluate("e => e.scrollTo(300, 0)")
    first = page.locator(".cx-grid tbody th").first.bounding_box()
    assert first["x"] == pytest.approx(grid.bounding_box()["x"], abs=2)


def test_focus_is_seen(visit):
    page = gallery(visit)
    page.locator(".cx-page select").first.focus()
    page.keyboard.press("Tab")
    style = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert style == "3px"


def test_the_landing_page_lists_what_is_served_without_a_kernel(visit, site):
    page = visit(screen="phone")
    assert page.locator("h1").count() == 1
    assert page.locator(".cx-tile b").all_inner_texts() == ["组件一览", "缺控件", "进程号", "一个数", "我是谁"]
    assert "演示模式" in page.locator(".cx-top").inner_text()
    assert page.evaluate(SIDEWAYS) == [0]
    assert page.evaluate(CONTRAST) == []
    assert page.outside == page.faults == []


KERNEL = "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"


def wired(visit):
    """A page with its lines to the kernel, so that a test can cut them."""
    sockets = []
    page = visit()
    page.route_web_socket(re.compile("channels"), lambda line: sockets.append((line, line.connect_to_server())))
    page.goto("voila/render/entry/trivial.ipynb")
    page.locator("input").wait_for()
    return page, sockets


def test_a_cut_line_is_told_and_mends_by_itself(visit):
    page, sockets = wired(visit)
    page.locator("input").fill("7")
    sockets[-1][0].close()
    page.locator("#cx-alarm", has_text="网络连接中断，正在自动重新连接").wait_for()
    page.locator("#cx-alarm:empty").wait_for(state="attached")
    assert len(sockets) == 2
    assert page.locator("input").input_value() == "7"


def test_a_killed_kernel_is_told_with_a_way_out(visit):
    page = visit("voila/render/entry/pid.ipynb")
    os.kill(int(page.locator(".widget-label").inner_text()), signal.SIGKILL)
    alarm = page.locator("#cx-alarm", has_text="本页会话已结束")
    alarm.wait_for()
    alarm.get_by_role("button", name="刷新页面").click()
    page.locator("#cx-alarm:empty").wait_for(state="attached")
    page.locator(".widget-label").wait_for()


def test_a_page_without_its_widgets_opens_again_once_and_then_says_so(visit):
    """As when the line was cut while the page was being opened."""
    page, asked = visit(), []
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.goto("voila/render/entry/lost.ipynb")
    alarm = page.locator("#cx-alarm", has_text="本页没有打开完整。已保存的内容都在，请刷新页面")
    alarm.wait_for()
    assert len(asked) == 2
    page.faults = [fault for fault in page.faults if "widget model not found" not in fault]
    alarm.get_by_role("button", name="刷新页面").wait_for()


def test_a_kernel_that_was_ended_is_told(visit, site):
    page, sockets = wired(visit)
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "_xsrf")
    kernel = page.evaluate(KERNEL)
    assert page.request.delete(f"{site}api/kernels/{kernel}", headers={"X-XSRFToken": token}).status == 204
    sockets[-1][0].close()
    page.locator("#cx-alarm", has_text="本页会话已结束").wait_for()


def test_leaving_a_page_ends_its_kernel(visit, site):
    page = visit("voila/render/entry/trivial.ipynb")
    page.locator("input").wait_for()
    asked = f"{site}api/kernels/{page.evaluate(KERNEL)}"
    assert page.request.get(asked).status == 200
    page.goto("")
    deadline = time.monotonic() + 20
    while page.request.get(asked).status == 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert page.request.get(asked).status == 404


def test_a_reader_at_the_limit_has_the_place_back_on_reloading_or_closing_a_page(browser, served, tmp_path):
    book(tmp_path / "notebooks" / "entry" / "trivial.ipynb", TRIVIAL, title="一个数")
    address = served(sample_database(tmp_path / "chengxin.db"), notebooks=tmp_path / "notebooks")
    context = browser.new_context(base_url=address)
    tabs = [context.new_page() for _ in range(settings()["serve_kernels_per_user"] + 1)]
    *inside, outside = (tab.goto("voila/render/entry/trivial.ipynb").status for tab in tabs)
    assert set(inside) == {200}
    assert outside == 503
    assert tabs[0].reload().status == 200
    tabs[1].locator("input").wait_for()
    assert tabs[1].reload().status == 200
    tabs[2].locator("input").wait_for()
    tabs[2].close()
    tabs[-1].get_by_role("link", name="重试").click()
    tabs[-1].locator("input").wait_for()
    context.close()


def test_a_kernel_knows_who_looks_and_a_client_cannot_say_otherwise(visit):
    forged = {"X-Chengxin-Identity": '{"who": "mallory"}', "x-chengxin-identity": '{"who": "mallory"}'}
    page = visit()
    page.set_extra_http_headers(forged)
    page.goto("voila/render/dashboard/who.ipynb")
    said = page.locator("pre").inner_text()
    assert '"who": "demo"' in said
    assert "mallory" not in said


def command(page):
    """What the page's kernel was started as."""
    return Path(f"/proc/{page.locator('.widget-label').inner_text()}/cmdline").read_bytes().decode().split("\0")


def test_pages_stand_in_the_order_their_notebooks_name():
    with served_root(books()) as root:
        titles = [page["title"] for path, page in pages(root).items() if path.startswith("dashboard/")]
    assert titles == ["全市看板", "景区街区看板", "监测点看板"]


def sources(page):
    """The group of processes that the site's kernels are forked from, by the page's kernel."""
    kernel = page.locator(".widget-label").inner_text()
    return os.getpgid(int(re.search(r"PPid:\s+(\d+)", Path(f"/proc/{kernel}/status").read_text())[1]))


class Source:
    """Stands for a process to fork from: whether it gathers at first, when it was asked so many times; then."""

    def __init__(self, gathers=0, ready=True):
        self.gathers, self.then = gathers, ready

    @property
    def starting(self):
        self.gathers -= 1
        return self.gathers >= 0

    @property
    def ready(self):
        return self.then and self.gathers < 0


@pytest.mark.parametrize(
    ("role", "shelf", "source", "whole"),
    [
        ("leader", "dashboard", Source(), True),
        ("leader", "entry", Source(), True),
        ("county", "dashboard", Source(), False),
        ("leader", "dashboard", Source(ready=False), False),
        ("city", "entry", Source(gathers=9), False),
        ("city", "dashboard", Source(gathers=9), True),
        ("city", "dashboard", Source(gathers=1_000_000), False),
    ],
)
def test_a_kernel_starts_from_a_process_that_may_hold_what_its_reader_may_see(monkeypatch, role, shelf, source, whole):
    monkeypatch.setattr(handlers, "PATIENCE", 0.5)
    kernels = handlers.Kernels()
    kernels.sources = {False: Source(), True: source}
    variables = {"HTTP_X_CHENGXIN_IDENTITY": f'{{"role": "{role}"}}', "SCRIPT_NAME": f"/voila/render/{shelf}/x.ipynb"}
    with ThreadPoolExecutor() as pool:  # Playwright has a loop of its own here
        assert pool.submit(asyncio.run, kernels.source(variables)).result() is kernels.sources[whole]


def test_what_is_being_opened_stands_there_while_its_kernel_starts(visit, served, tmp_path):
    book(tmp_path / "entry" / "pid.ipynb", PID)
    address = served(sample_database(tmp_path / "chengxin.db"), notebooks=tmp_path) + "voila/render/entry/pid.ipynb"
    group = sources(visit(address))
    os.killpg(group, signal.SIGSTOP)
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            said = b""
            while "正在打开" not in said.decode(errors="ignore"):
                said += answer.read1()
            os.killpg(group, signal.SIGCONT)
            assert b"voila_finish" in answer.read()
    finally:
        os.killpg(group, signal.SIGCONT)


def test_kernels_are_forked_from_a_process_with_everything_imported_until_it_is_gone(visit, served, tmp_path):
    book(tmp_path / "entry" / "pid.ipynb", PID)
    own = served(sample_database(tmp_path / "chengxin.db"), notebooks=tmp_path)
    page = visit(f"{own}voila/render/entry/pid.ipynb")
    assert "chengxin.jupyter.forkserver" in command(page)
    os.killpg(sources(page), signal.SIGKILL)
    page.goto(f"{own}voila/render/entry/pid.ipynb")
    assert "ipykernel_launcher" in command(page)


def test_nobody_waits_for_the_process_that_gathers_the_city_again(tmp_path, monkeypatch):
    """While it does, pages start from the process that holds no data."""
    monkeypatch.setenv("CHENGXIN_DB", str(sample_database(tmp_path / "chengxin.db")))
    with Forks(["chengxin"], charts=1) as base, Gathered(base) as source:
        end = time.monotonic() + 60
        while not source.ready and time.monotonic() < end:
            time.sleep(0.05)
        assert source.ready
        os.eventfd_write(source._busy, 1)  # as the process does
        assert not source.ready
        os.eventfd_read(source._busy)
        assert source.ready


def test_a_site_told_to_stop_leaves_no_file_and_no_process(tmp_path):
    left = tmp_path / "left"
    left.mkdir()
    with serving(sample_database(tmp_path / "chengxin.db"), TMPDIR=str(left)) as address:
        opened_ = urllib.request.urlopen(f"{address}voila/render/entry/ledgers.ipynb").read()
        assert list(left.iterdir())
        assert b"voila_finish" in opened_
    assert not list(left.iterdir())
    assert not [each for each in Path("/proc").glob("[0-9]*/environ") if str(left) in _text(each)]


QUIET = """import time, threading, urllib.request, urllib.error, logging
from tornado.log import app_log
def ask(address):
    for path in ("nope", "voila/render/entry/nope.ipynb"):
        try:
            urllib.request.urlopen(address + path)
        except urllib.error.HTTPError:
            pass
    app_log.warning("WebSocket ping timeout after %i ms.", 30001)  # as jupyter_server says it
    os.kill(os.getpid(), 15)
import os
from chengxin.web.server.serve import serve
from chengxin.store.engine import address_of
from pathlib import Path
serve(address_of(sys.argv[1]).render_as_string(hide_password=False), port=0, demo=True, notebooks=Path(sys.argv[2]),
      ready=lambda address: threading.Thread(target=ask, args=[address]).start())"""


def test_the_libraries_say_nothing_on_the_terminal(tmp_path):
    book(tmp_path / "notebooks" / "entry" / "trivial.ipynb", TRIVIAL, title="一个数")
    words = [sys.executable, "-c", f"import sys\n{QUIET}", sample_database(tmp_path / "x.db"), tmp_path / "notebooks"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert done.stdout + done.stderr == ""


def _text(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_a_page_prints_whole_without_its_controls(visit):
    page = gallery(visit)
    page.emulate_media(media="print")
    assert page.locator(".cx-actions").is_hidden()
    assert page.locator(".cx-top").is_hidden()
    text = "".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.pdf(format="A4"))).pages)
    for said in ("评价录入", "监测点信息表", "修改记录"):
        assert said in unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("screen", SCREENS)
def test_somebody_signs_in_works_and_leaves(browser, served, tmp_path_factory, screen):
    folder = tmp_path_factory.mktemp("accounts")
    book(folder / "notebooks" / "entry" / "assessment.ipynb", TRIVIAL, title="评价录入", about="现场检查时逐条录入。")
    with opened(sample_database(folder / "chengxin.db")) as engine, writing(engine) as conn:
        account = Account("li", "李四" + "很长的名字" * 8, "county", "331082", None, "active")
        accounts.add(conn, account, "three odd words 7", who="市局", at=datetime(2026, 11, 2, tzinfo=UTC))
    address = served(folder / "chengxin.db", notebooks=folder / "notebooks", demo=False)
    context = browser.new_context(viewport=SCREENS[screen], base_url=address)
    page = context.new_page()
    page.goto("")
    page.get_by_role("link", name="登录").first.click()
    page.get_by_label("账号").fill("li")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    page.get_by_role("alert").get_by_text("账号或密码不对").wait_for()
    assert page.evaluate(SIDEWAYS) == [0]
    assert page.evaluate(CONTRAST) == page.evaluate(SMALL) == page.evaluate(UNNAMED) == []
    assert page.get_by_label("账号").input_value() == "li"
    assert page.evaluate("document.activeElement.id") == "password"
    page.get_by_label("密码").fill("three odd words 7")
    page.get_by_label("密码").press("Enter")
    strip = page.locator(".cx-top")
    assert {round(each.bounding_box()["height"]) for each in strip.locator("a").all()} == {44}
    assert strip.locator(".cx-mode").bounding_box()["height"] < 30
    edge = strip.get_by_role("link", name="退出").bounding_box()
    assert edge["x"] + edge["width"] <= SCREENS[screen]["width"]
    page.get_by_role("link", name="评价录入").click()
    page.locator(".cx-page, input").first.wait_for()
    assert "李四" in page.locator(".cx-top").inner_text()
    assert page.title() == "评价录入"
    page.get_by_role("link", name="退出").click()
    page.get_by_role("button", name="退出").click()
    page.get_by_text("目前没有公开发布的报告").wait_for()
    page.go_back()
    assert page.locator("h1, .cx-loading").first.inner_text() != "评价录入"
    context.close()

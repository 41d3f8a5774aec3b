"""The site: landing page, first widget of the kit's own pages beside a trivial ipywidgets notebook, 20 users, memory.

All in one run with accounts, rounds taken in turn so that a busy machine slows every page alike.
First widget: from asking for the page until its first input, button or table is there, of a dashboard its first
figure or table of figures, in Chromium with a warm cache. Cold: the first page of a server as soon as it says that it
can be opened, in a browser that has seen nothing. 20 users: each with an account and a kernel of their own, asking for
the page at the same moment. Memory: proportional set size of each kernel, by Linux's own account. Prints tables.
Run: ``python bench/serve.py [ROUNDS]``; needs Chromium, see CONTRIBUTING.md.
"""

import http.cookiejar
import re
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import v4
from playwright.sync_api import sync_playwright

from chengxin.clock import now
from chengxin.exchange.load import load
from chengxin.paths import place
from chengxin.store import accounts
from chengxin.store.accounts import Account
from chengxin.store.engine import migrate, open_store, writing
from chengxin.web.server.serve import SHELVES

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from serving import serving
from tabs import kernels

PASSWORD = "three odd words 7"
USERS = 20
FIRST = ".cx-page button, .cx-page input, .cx-page table, .jupyter-widgets input"
FIGURE = ".cx-page .cx-figure, .cx-page td"
SEEN = """wanted => new Promise((seen, never) => {
    setTimeout(never, 60000, `${wanted} did not appear`);
    const look = () => [...document.querySelectorAll(wanted)].some(each => each.checkVisibility())
        ? seen(performance.now()) : requestAnimationFrame(look);
    look();
})"""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def database(folder: Path) -> Path:
    """Sample data and an account for everybody."""
    path, at = folder / "chengxin.db", now()
    migrate(str(path))
    engine = open_store(str(path))
    load(engine, place("sample_data"), who="bench", why="bench", at=at, demo=True)
    with writing(engine) as conn:
        for n in range(USERS):
            one = Account(f"u{n:02d}", f"u{n:02d}", "city", None, None, "active")
            accounts.add(conn, one, PASSWORD, who="bench", at=at)
    engine.dispose()
    return path


def notebooks(folder: Path) -> list[str]:
    """The kit's pages and a trivial one; their paths, the trivial one first."""
    made = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [v4.new_markdown_cell("# trivial"), v4.new_code_cell("import ipywidgets\nipywidgets.IntText()")]
    (folder / "lab").mkdir(parents=True)
    nbformat.write(made, folder / "lab" / "trivial.ipynb")
    paths = ["lab/trivial.ipynb"]
    for shelf in SHELVES:
        for path in sorted((place("notebooks") / shelf).glob("*.ipynb")):
            (folder / shelf).mkdir(exist_ok=True)
            (folder / shelf / path.name).write_bytes(path.read_bytes())
            paths.append(f"{shelf}/{path.name}")
    return paths


def entered(address: str, name: str) -> urllib.request.OpenerDirector:
    """A signed-in client."""
    jar = http.cookiejar.CookieJar()
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    client.open(address + "login").read()
    token = next(cookie.value for cookie in jar if cookie.name == "_xsrf")
    form = urllib.parse.urlencode({"_xsrf": token, "name": name, "password": PASSWORD})
    client.open(address + "login", form.encode()).read()
    return client


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def landing(address: str) -> float:
    client = entered(address, "u00")
    return statistics.median(seconds(lambda: client.open(address).read()) for _ in range(20))


def visitor(browser, address: str):
    """A page of a browser that has seen nothing but the sign-in and the landing page."""
    page = browser.new_context(base_url=address).new_page()
    page.goto("login")
    page.get_by_label("账号").fill("u00")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("密码").press("Enter")
    page.locator(".cx-tile").first.wait_for()
    return page


def first(page, path: str) -> float:
    """Seconds to the first widget of a page, or the first figure of a dashboard, looked for in every frame."""
    page.goto(f"voila/render/{path}", wait_until="commit")
    wanted = FIGURE if path.startswith("dashboard") else FIRST
    return page.evaluate(SEEN, wanted) / 1000


def first_widget(browser, address: str, paths: list[str], rounds: int) -> dict[str, list[float]]:
    """Seconds to the first widget of every page, each round in turn."""
    page = visitor(browser, address)
    for path in paths:
        first(page, path)  # fills the browser's cache
    taken: dict[str, list[float]] = {path: [] for path in paths}
    for _ in range(rounds):
        for path in paths:
            taken[path].append(first(page, path))
    page.goto("about:blank")  # the last kernel goes, too
    page.context.close()
    return taken


def cold(browser, database: Path, books: Path, paths: list[str], rounds: int) -> dict[str, list[float]]:
    """Seconds to the first widget of the first page that a new server is asked for, each round in turn."""
    taken: dict[str, list[float]] = {path: [] for path in paths}
    for _ in range(rounds):
        for path in paths:
            with serving(database, demo=False, notebooks=books) as address:
                page = visitor(browser, address)
                taken[path].append(first(page, path))
                page.context.close()
    return taken


def table(head: str, taken: dict[str, list[float]]) -> float:
    """Print seconds and ratios to the first page; that page's seconds."""
    print(f"\n| {head} | first widget, s | × trivial |\n|---|---|---|")
    whole = list(taken.values())
    for path, times in taken.items():
        ratio = statistics.median(a / b for a, b in zip(times, whole[0], strict=True))
        print(f"| {path} | {statistics.median(times):.2f} | {ratio:.2f} |")
    return statistics.median(whole[0])


def together(address: str, path: str) -> tuple[list[float], int]:
    """Seconds that each of 20 users waits for a whole page asked for at one moment; how many failed."""
    clients = [entered(address, f"u{n:02d}") for n in range(USERS)]

    def ask(client) -> tuple[float, bool]:
        start = time.perf_counter()
        with client.open(f"{address}voila/render/{path}", timeout=300) as answer:
            text = answer.read().decode()
        return time.perf_counter() - start, "voila_finish()" in text and "没有生成" not in text

    with ThreadPoolExecutor(USERS) as pool:
        answers = list(pool.map(ask, clients))
    return [taken for taken, _ in answers], sum(not fine for _, fine in answers)


def size(process: int) -> float:
    """Proportional set size in MiB: memory shared with others counts in parts."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(re.search(r"Pss:\s+(\d+)", rollup)[1]) / 1024


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        paths, data = notebooks(Path(folder) / "notebooks"), database(Path(folder))
        boards = [path for path in paths if path.startswith("dashboard")]
        table("cold page", cold(browser, data, Path(folder) / "notebooks", [paths[0], *boards], rounds))
        with serving(data, demo=False, notebooks=Path(folder) / "notebooks") as address:
            print(f"\nlanding page: {landing(address):.3f} s")
            floor = table("page", first_widget(browser, address, paths, rounds))
            browser.close()
            head = ("at once", "median wait, s", "longest, s", "× trivial alone", "failed", "MiB a kernel")
            print(f"\n| {USERS} users {' | '.join(head)} |\n{'|---' * len(head)}|")
            for path in paths[:2]:
                before = set(kernels(data))
                waits, failed = together(address, path)
                room = statistics.median(size(each) for each in kernels(data) if each not in before)
                middle = statistics.median(waits)
                print(f"| {path} | {middle:.1f} | {max(waits):.1f} | {middle / floor:.1f} | {failed} | {room:.0f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

"""Takes every picture of the documents from the kit as it is, on the sample data.

Run ``python docs/pictures.py`` to take all of them anew, or name a few: ``python docs/pictures.py city lab_what_if``.
Needs Chromium (see CONTRIBUTING.md). `manifest.json` beside the pictures holds, for each, a hash over the files that
make its page; a test compares, so that no picture is older than its page.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
MANIFEST = PICTURES / "manifest.json"
COMMAND = "python docs/pictures.py"
DESK, PHONE = (1366, 768), (390, 844)
LOOK = ("chengxin/templates/voila",)
ENTRY, BOARD, LAB = ("chengxin/web/entry", *LOOK), ("chengxin/web/dashboard", *LOOK), ("chengxin/web/lab", *LOOK)
SITE = ("chengxin/web/server", *LOOK)
ITEM = ".cx-item:visible"  # on a phone the head of the table is not to be seen
UNDER_THE_BAR = "e => { e.style.scrollMarginTop = '170px'; e.scrollIntoView({block: 'start'}); }"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PASSWORD = "three odd words 7"
PEOPLE = {  # account: name, role, unit, point
    "shi": ("市局管理员", "city", None, None),
    "xian": ("县局管理员", "county", "331082", None),
    "ping": ("评价员甲", "assessor", None, None),
    "dian": ("某监测点", "point", None, "331082-P01"),
    "ling": ("某领导", "leader", None, None),
}
DRAFT, BEGUN = "331004-J2-2026", "331002-J2-2026"  # assessments of the sample that are partly entered
OPEN = "331082-P01-2026Q3"  # a filing that is taken out of the sample, so that it is still to come
OWN = "entry/filing.ipynb?point=331082-P01&quarter=2026Q3"
CHECK = "entry/filing.ipynb?point=331082-P02&quarter=2026Q3&side=check"


@dataclass(frozen=True)
class Picture:
    """One picture: who looks at which page on which screen, from where on, and which files make that page."""

    account: str
    page: str
    sources: tuple[str, ...]
    ready: str = ".cx-page"
    top: str = ""  # scroll until this stands at the top
    change: tuple[str, str] = ("", "")  # label of a field and what is typed into it first
    screen: tuple[int, int] = DESK

    def files(self) -> list[Path]:
        """The notebook of the page and the files of its sources, in order."""
        found = [path for name in self.sources for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.is_file()]
        book = ROOT / "notebooks" / self.page.partition("?")[0]
        kept = [path for path in found if path.suffix in {".py", ".css", ".html", ".j2", ".js", ".ipynb"}]
        return sorted({*kept, *([book] if book.is_file() else [])})

    def sha256(self) -> str:
        """Hash over the names and contents of `files`."""
        digest = hashlib.sha256()
        for path in self.files():
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


ALL: dict[str, Picture] = {
    "sign_in": Picture("", "login", SITE, "form"),
    "landing_city": Picture("shi", "", SITE, "main"),
    "landing_county": Picture("xian", "", SITE, "main"),
    "landing_assessor": Picture("ping", "", SITE, "main", screen=PHONE),
    "landing_leader": Picture("ling", "", SITE, "main"),
    "assessment": Picture("xian", "entry/assessment.ipynb?assessment=331082-S2-2026", ENTRY, ".cx-line"),
    "assessment_line": Picture("ping", f"entry/assessment.ipynb?assessment={DRAFT}", ENTRY, ".cx-line", ".cx-line"),
    "assessment_phone": Picture(
        "ping", f"entry/assessment.ipynb?assessment={BEGUN}", ENTRY, ".cx-line", ".cx-line", screen=PHONE
    ),
    "ledgers": Picture("xian", "entry/ledgers.ipynb", ENTRY),
    "filing": Picture("dian", OWN, ENTRY, ITEM),
    "filing_phone": Picture("dian", OWN, ENTRY, ITEM, ITEM, screen=PHONE),
    "filing_check": Picture("xian", CHECK, ENTRY, ITEM, ITEM),
    "city": Picture("ling", "dashboard/city.ipynb?period=2026&kind=street", BOARD),
    "area": Picture("ling", "dashboard/area.ipynb?area=331082-J1&period=2026", BOARD),
    "points": Picture("ling", "dashboard/point.ipynb?quarter=2026Q3", BOARD),
    "lab_what_if": Picture("shi", "lab/02_改规则看影响.ipynb", LAB, top=".cx-page", change=("分值（分）", "12")),
    "lab_intervals": Picture("shi", "lab/03_稳健性.ipynb", LAB, "svg"),
}


def main() -> None:
    """Take the pictures named on the command line, or all, and write the manifest."""
    names = sys.argv[1:] or list(ALL)
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        sys.exit(f"No picture {', '.join(unknown)}; there are {', '.join(ALL)}.")
    PICTURES.mkdir(exist_ok=True)
    manifest = json.loads(MANIFEST.read_text("utf-8")) if MANIFEST.exists() else {}
    with tempfile.TemporaryDirectory() as folder, _site(Path(folder)) as address, _browser() as browser:
        for name in names:
            _take(browser, address, name)
            manifest[name] = ALL[name].sha256()
            kept = {name: manifest[name] for name in ALL if name in manifest}
            MANIFEST.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            print(name, flush=True)


@contextmanager
def _site(folder: Path) -> Iterator[str]:
    """The site on the sample data with an account of every role."""
    sys.path.insert(0, str(ROOT / "tests"))
    from serving import serving
    from stores import opened, sample_database

    from chengxin.store import accounts
    from chengxin.store.engine import writing
    from chengxin.store.schema import ANSWER, FILING

    database, who, at = sample_database(folder / "x.db"), "演示", datetime.now(UTC)
    with opened(database) as engine, writing(engine) as conn:
        for name, (display, role, unit, point) in PEOPLE.items():
            accounts.add(conn, accounts.Account(name, display, role, unit, point, "active"), PASSWORD, who=who, at=at)
        for key in (DRAFT, BEGUN):
            accounts.assign(conn, "ping", key, who=who, at=at)
        conn.execute(ANSWER.delete().where(ANSWER.c.filing == OPEN))
        conn.execute(FILING.delete().where(FILING.c.id == OPEN))
    with serving(database, demo=False) as address:
        yield address


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHENGXIN_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        sys.exit("The pictures need Chromium and Chinese fonts: sudo apt-get install -y chromium fonts-noto-cjk")
    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])


def _take(browser: Any, address: str, name: str) -> None:
    picture = ALL[name]
    width, height = picture.screen
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(90_000)
    if picture.account:
        page.goto(f"{address}login")
        page.get_by_label("账号").fill(picture.account)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.locator("main").wait_for()
    where = f"voila/render/{picture.page}" if ".ipynb" in picture.page else picture.page
    page.goto(address + where)
    page.locator(picture.ready).first.wait_for()
    label, text = picture.change
    if label:
        page.get_by_label(label).first.fill(text)
    page.wait_for_timeout(3_000)  # charts draw after their place is there
    if picture.top:
        page.locator(picture.top).first.evaluate(UNDER_THE_BAR)
        page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()

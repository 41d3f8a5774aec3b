"""Entry forms in Chromium: a tab as several tests use it, what they ask of every page, and what the database got."""

import json
import os
import time
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import expect

from chengxin.store.engine import address_of

expect.set_options(timeout=30_000)
SCREENS = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")
FITS = "Math.max(...['html', '#rendered_cells'].map(q => document.querySelector(q).scrollWidth)) <= innerWidth"
UNLABELLED = """[...document.querySelectorAll('.cx-page input:not([type=file]), .cx-page select, .cx-page textarea')]
    .filter(e => e.offsetParent && !e.labels?.length && !e.getAttribute('aria-label') && !e.getAttribute('placeholder')
        && !e.title).map(e => e.outerHTML.slice(0, 120))"""
SMALL = """[...document.querySelectorAll('.cx-page button, .cx-page input, .cx-page select')].filter(e => e.offsetParent
    && !e.closest('.cx-grid') && !['checkbox', 'radio'].includes(e.type) && e.getBoundingClientRect().height < 43)
    .map(e => e.outerHTML.slice(0, 80))"""
HOSTILE = "<img src=x onerror=alert(1)>"


class Tab:
    """A page of the entry forms with what it asked for and complained of; address: notebook and query."""

    def __init__(self, browser, site, screen, address):
        self.context = browser.new_context(viewport=SCREENS[screen], locale="zh-CN")
        self.page = self.context.new_page()
        self.page.set_default_timeout(45_000)
        self.outside, self.errors, self.dialogs = [], [], []
        self.page.on("request", lambda r: None if r.url.startswith((site, "data:", "blob:", f"ws{site[4:]}")) else
                     self.outside.append(r.url))  # fmt: skip
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.address = f"{site}voila/render/entry/{address}"
        self.open()

    def open(self):
        self.page.goto(self.address)
        expect(self.page.locator(".cx-page").first).to_be_visible()

    def line(self, key):
        """The box of a line."""
        return self.page.locator(".cx-line").filter(has=self.page.locator(f"#line-{key.replace('.', '-')}"))

    def item(self, key):
        """The box of an item of a filing."""
        return self.page.locator(".cx-item").filter(has=self.page.locator(f"#item-{key}"))

    def answer(self, item, code):
        words = {"yes": "是", "no": "否", "none": "无反馈"}[code]
        pressed(self.item(item).get_by_role("button", name=words, exact=True))

    def fits(self):
        comes(self.page, FITS, True)

    def looks_right(self):
        self.fits()
        for script in (UNLABELLED, SMALL, CONTRAST):
            comes(self.page, script, [])

    def saved(self):
        expect(self.page.locator(".cx-saved").first).to_contain_text("已保存")

    def close(self):
        assert self.outside == []
        assert self.errors == []
        assert self.dialogs == []
        self.context.close()


def comes(page, script, wanted):
    """The script gives what is wanted, as soon as the page has settled; the page may still be moving at first."""
    deadline = time.monotonic() + 30
    while (found := page.evaluate(script)) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert found == wanted


def pressed(button):
    """Click a button that stays pressed; one that moved away under the click is clicked again."""
    for _ in range(5):
        button.click()
        try:
            return expect(button).to_have_attribute("aria-pressed", "true", timeout=6_000)
        except AssertionError:
            continue
    return expect(button).to_have_attribute("aria-pressed", "true")


def stored(database, subject):
    """Newest entry of every field, read past the kit."""
    query = sa.text("SELECT field, CAST(entry AS TEXT) FROM draft WHERE subject = :subject ORDER BY id")
    engine = sa.create_engine(address_of(str(database)), poolclass=sa.NullPool)
    with engine.connect() as conn:
        rows = conn.execute(query, {"subject": subject}).all()
    return {field: json.loads(entry) for field, entry in rows}


def settled(database, subject, **wanted):
    """As `stored`, once these fields have these values and nothing came for a second; a slow machine takes a while."""
    found, deadline = None, time.monotonic() + 30
    while time.monotonic() < deadline:
        before, found = found, stored(database, subject)
        if before == found and all(found.get(field) == entry for field, entry in wanted.items()):
            return found
        time.sleep(1)
    raise AssertionError(f"not stored: {wanted}; but: {found}")


def kernels(database):
    """Processes of the kernels that work on this database."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            names, status = (folder / "environ").read_bytes(), (folder / "status").read_text()
            above = Path(f"/proc/{status.partition('PPid:')[2].split()[0]}/cmdline").read_bytes()
            alone = os.getsid(int(folder.name)) == int(folder.name)  # as kernels are, not what they are forked from
        except OSError:
            continue
        if alone and b"chengxin.jupyter.forkserver" in above and str(database).encode() in names:
            found.append(int(folder.name))
    return found


def fill(tab, line, rule):
    """Enter something that fits a line's rule."""
    box = tab.line(line)
    if rule == "met":
        pressed(box.get_by_role("button", name="符合", exact=True))
    elif rule == "marks":
        box.get_by_role("combobox").select_option(label="4.5分")
        box.get_by_role("textbox", name="说明").fill(f"改进措施尚未落实{HOSTILE}")
    else:
        numbers = box.locator(".cx-number input")
        numbers.nth(0).fill({"per_unit": "1"}.get(rule, "9"))
        if numbers.count() == 2:
            numbers.nth(1).fill("10")


def explained(tab, lines):
    """Where the ledgers say otherwise, say why, until the form is content."""
    ready = tab.page.get_by_text("各条都已填好，可以提交。")
    for _ in range(40):
        tab.page.wait_for_timeout(500)
        if ready.is_visible():
            return
        for each in lines:
            note = tab.line(each.id).get_by_role("textbox", name="说明")
            if tab.line(each.id).locator(".cx-fault li").count() and note.is_visible() and not note.input_value():
                note.fill("现场核实")
    expect(ready).to_be_visible()

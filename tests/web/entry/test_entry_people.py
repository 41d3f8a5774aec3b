"""The forms in Chromium by people who sign in and see a part only, from first entry to the last step.

A county and a monitoring point, over a killed server; hostile text in every field; names, focus and order of what the
keyboard reaches.
"""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect
from serving import serving
from stores import opened
from tabs import CONTRAST, FITS, SCREENS, UNLABELLED, comes, explained, fill, pressed, settled, stored

from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.quarters import in_words
from chengxin.rubric.load import load_rubric
from chengxin.store import accounts, read
from chengxin.store.accounts import Account
from chengxin.store.engine import writing
from chengxin.store.schema import ANSWER, FILING

AT = datetime(2026, 11, 2, 6, tzinfo=UTC)
PASSWORD = "three odd words 7"
UNIT, POINT, QUARTER = "331082", "331082-P01", "2026Q3"
PEOPLE = [
    Account("li", "李四", "county", UNIT, None, "active"),
    Account("dian", "某市场", "point", None, POINT, "active"),
]
BASE = [each for each in load_rubric("scenic_area").lines if each.section == "base"]
HALF = len(BASE) // 2
NOTED = next(each.id for each in BASE if each.rule.kind == "met")
HOSTILE = "=1+1<img src=x onerror=alert(1)>"
DEMO = "演示数据：本页由工具包自带的示例数据生成"
# what the keyboard reaches: without a name, without a visible sign of focus, out of order, above what came before
KEYS = """() => {
    const there = e => e.checkVisibility() && e.getClientRects().length && !e.disabled;
    const stops = [...document.querySelectorAll(
        '.cx-page :is(a[href], button, input, select, textarea, summary, [tabindex])')]
        .filter(e => there(e) && e.tabIndex >= 0 && !(e.type === 'file'));
    const name = e => [...(e.labels || [])].map(l => l.innerText).join('') || e.getAttribute('aria-label')
        || e.innerText;
    const seen = e => { e.focus({focusVisible: true}); const s = getComputedStyle(e);
        return document.activeElement === e && s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 2; };
    const block = e => e.closest('.cx-line, .cx-item, .cx-card, .cx-missing') || e;
    const top = e => block(e).getBoundingClientRect().top + document.querySelector('#rendered_cells').scrollTop;
    const tops = stops.map(top), said = e => e.outerHTML.slice(0, 100);
    return {many: stops.length > 3, unnamed: stops.filter(e => !name(e).trim()).map(said),
            unseen: stops.filter(e => !seen(e)).map(said), jumping: stops.filter(e => e.tabIndex > 0).map(said),
            backwards: stops.filter((e, n) => n && tops[n] < tops[n - 1] - 8).map(said)};
}"""
PRESSED = """[...document.querySelectorAll('.cx-page .widget-toggle-button')]
    .filter(e => e.getAttribute('aria-pressed') !== String(e.classList.contains('mod-active'))).length"""


@pytest.fixture(scope="module")
def database(fresh):
    """The sample with two accounts, and the point's last filing still to come, on each kind of database."""
    with fresh("sample") as address:
        with opened(address) as engine, writing(engine) as conn:
            for account in PEOPLE:
                accounts.add(conn, account, PASSWORD, who="市局", at=AT)
            conn.execute(ANSWER.delete().where(ANSWER.c.filing == f"{POINT}-{QUARTER}"))
            conn.execute(FILING.delete().where(FILING.c.id == f"{POINT}-{QUARTER}"))
        yield address


def entered(browser, site, name, screen, path):
    """A page of the site for somebody who signs in."""
    page = browser.new_context(viewport=SCREENS[screen], locale="zh-CN").new_page()
    page.set_default_timeout(45_000)
    page.outside, page.dialogs = [], []
    page.on("request", lambda r: None if r.url.startswith((site, "data:", "blob:", f"ws{site[4:]}")) else
            page.outside.append(r.url))  # fmt: skip
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(f"{site}login")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.goto(f"{site}voila/render/entry/{path}")
    expect(page.locator(".cx-page").first).to_be_visible()
    return page


def left(page):
    """Nothing was asked of others, no script of a text ran, and the page fits; then it is closed."""
    comes(page, FITS, True)
    assert (page.outside, page.dialogs) == ([], [])
    assert page.locator("img[src=x]").count() == 0
    page.context.close()


def reachable(page):
    """The keyboard reaches everything in reading order, named and seen."""
    page.keyboard.press("Tab")  # from here on focus is the keyboard's, so that it is to be seen
    comes(page, KEYS, {"many": True, "unnamed": [], "unseen": [], "jumping": [], "backwards": []})
    comes(page, UNLABELLED, [])
    comes(page, PRESSED, 0)
    comes(page, CONTRAST, [])


def line(page, key):
    return page.locator(".cx-line").filter(has=page.locator(f"#line-{key.replace('.', '-')}"))


def item(page, key):
    return page.locator(".cx-item").filter(has=page.locator(f"#item-{key}"))


def killed(database):
    """Kill the server of a database as a power cut would."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"chengxin.web.server.serve" in words and str(database).encode() in words:
            os.kill(int(folder.name), signal.SIGKILL)
            return
    pytest.fail("no server to kill")


def test_a_county_and_a_point_from_first_entry_to_the_last_step_over_a_killed_server(
    browser, database, chengxin, tmp_path
):
    with serving(database, demo=False) as site:
        key, before = begun(browser, site, database)
        killed(database)
    with serving(database, demo=False) as site:
        assert stored(database, key) == before
        handed_in(browser, site, key)
        a_filing(browser, site, database)
        ledgers(browser, site)
    reported(database, chengxin, tmp_path)


def begun(browser, site, database):
    """The county begins an assessment of an area of its own and fills in the first half."""
    page = entered(browser, site, "li", "desk", "assessment.ipynb")
    reachable(page)
    expect(page.get_by_label("填写人姓名")).to_be_disabled()
    areas = page.get_by_label("景区或街区").locator("option").all_inner_texts()
    with opened(database) as engine:
        assert len(areas) == len(read.areas(engine, UNIT).query("status != 'withdrawn'"))
    page.get_by_label("评价年度").fill("2027")
    page.get_by_label("景区或街区").select_option(index=next(n for n, name in enumerate(areas) if "景区" in name))
    page.get_by_role("button", name="新建评价").click()
    expect(page.locator(".cx-line").first).to_be_visible()
    expect(page.get_by_text(DEMO)).to_be_visible()
    reachable(page)
    for each in BASE[:HALF]:
        fill(Lines(page), each.id, each.rule.kind)
    line(page, NOTED).get_by_role("button", name="依据、照片").click()
    line(page, NOTED).get_by_role("textbox", name="说明").fill(HOSTILE)
    key = next(subject for subject in subjects(database) if subject.endswith("-2027"))
    before = settled(database, key, **{NOTED: {"value": 1, "note": HOSTILE}})
    page.context.close()
    return key, before


def handed_in(browser, site, key):
    """The county comes back to what it typed, jumps to what is missing, hands in and returns its own."""
    page = entered(browser, site, "li", "desk", f"assessment.ipynb?assessment={key}")
    expect(line(page, NOTED).get_by_role("textbox", name="说明")).to_have_value(HOSTILE)
    page.locator(".cx-missing summary").click()
    link = page.locator(".cx-missing a").last
    target = link.get_attribute("href")
    link.click()
    expect(page.locator(f".cx-line:has({target})")).to_be_in_viewport()
    for each in BASE[HALF:]:
        fill(Lines(page), each.id, each.rule.kind)
    explained(Lines(page), BASE)
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("评价已提交，内容只供查看")).to_be_visible()
    expect(page.get_by_role("button", name="审定通过")).to_be_hidden()
    page.get_by_label("意见（退回时必填）").fill(HOSTILE)
    page.get_by_role("button", name="退回修改").click()
    expect(page.get_by_text(f"已退回修改：{HOSTILE}（李四）")).to_be_visible()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("评价已提交，内容只供查看")).to_be_visible()
    page.get_by_role("button", name="改动记录").click()
    expect(page.locator(".cx-history td", has_text=HOSTILE).first).to_be_visible()
    left(page)


class Lines:
    """The lines of a page, as `fill` takes them."""

    def __init__(self, page):
        self.page = page

    def line(self, key):
        return line(self.page, key)


def subjects(database):
    with opened(database) as engine:
        return set(read.assessments(engine)["id"])


def a_filing(browser, site, database):
    """The point hands in its own, sees nobody else's; the county returns it, gets it again and checks it."""
    point = entered(browser, site, "dian", "phone", "filing.ipynb")
    expect(point.get_by_text(DEMO)).to_be_visible()
    assert point.get_by_label("监测点", exact=True).locator("option").count() == 1
    assert point.get_by_label("填写", exact=True).locator("option").all_inner_texts() == ["监测点自查"]
    reachable(point)
    quarters = point.get_by_label("季度", exact=True).locator("option").all_inner_texts()
    point.get_by_label("季度", exact=True).select_option(next(each for each in quarters if in_words(QUARTER) in each))
    point.get_by_role("button", name="打开").click()
    expect(item(point, "15")).to_be_visible()
    expect(point.get_by_text(DEMO)).to_be_visible()
    reachable(point)
    form = load_form()
    for each in form.items:
        for said in each.counts.values():
            item(point, each.id).get_by_label(f"{said}／{each.unit}", exact=True).fill("0")
        answer(point, each.id, form.answers[each.favourable[-1]])
    item(point, "14").get_by_label("投诉纠纷／件", exact=True).fill(HOSTILE)
    expect(item(point, "14")).to_contain_text(f"“{HOSTILE}”")
    item(point, "14").get_by_label("投诉纠纷／件", exact=True).fill("0")
    expect(point.get_by_text("各项都已填好，可以提交。")).to_be_visible()
    point.get_by_role("button", name="提交季报").click()
    expect(point.get_by_text("已提交，等待核查")).to_be_visible()
    left(point)
    query = f"filing.ipynb?point={POINT}&quarter={QUARTER}"
    county = entered(browser, site, "li", "desk", f"{query}&side=check")
    expect(item(county, "15")).to_be_visible()
    county.get_by_label("退回补正的意见（必填）").fill(HOSTILE)
    county.get_by_role("button", name="退回补正").click()
    expect(county.get_by_text(f"已退回补正：{HOSTILE}（李四）")).to_be_visible()
    point = entered(browser, site, "dian", "phone", f"{query}&side=own")
    expect(point.get_by_text(f"已退回补正：{HOSTILE}（李四）")).to_be_visible()
    point.get_by_role("button", name="提交季报").click()
    expect(point.get_by_text("已提交，等待核查")).to_be_visible()
    left(point)
    county.reload()
    expect(county.get_by_role("button", name="提交核查")).to_be_visible()
    reachable(county)
    for each in form.items:
        answer(county, each.id, form.answers[each.favourable[-1]])
    item(county, "3").get_by_label("核查说明").fill(HOSTILE)
    settled(database, f"{POINT}-{QUARTER}")
    county.get_by_role("button", name="提交核查").click()
    expect(county.get_by_text("核查已提交。")).to_be_visible()
    expect(item(county, "3")).to_contain_text(HOSTILE)
    county.get_by_role("button", name="改动记录").click()
    expect(county.locator(".cx-history td", has_text=HOSTILE).first).to_be_visible()
    left(county)
    with opened(database) as engine, engine.connect() as conn:
        row = conn.execute(FILING.select().where(FILING.c.id == f"{POINT}-{QUARTER}")).mappings().one()
    assert None not in (row["submitted_on"], row["checked_on"])


def answer(page, key, words):
    pressed(item(page, key).get_by_role("button", name=words, exact=True))


def ledgers(browser, site):
    """The county keeps its own ledgers and no others; what is typed into a cell stays text."""
    page = entered(browser, site, "li", "desk", "ledgers.ipynb?ledger=training")
    expect(page.get_by_text(DEMO)).to_be_visible()
    reachable(page)
    cells = page.locator(".cx-ledger tbody td:first-child").all_inner_texts()
    assert cells
    assert all(UNIT in key for key in cells)
    page.get_by_label("选择一条（本页）").select_option(index=1)
    page.get_by_role("button", name="修改").click()
    page.get_by_label("培训内容").fill(HOSTILE)
    page.get_by_label("说明（为什么改动，必填）").fill(HOSTILE)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存。", exact=True)).to_be_visible()
    expect(page.locator("td", has_text=HOSTILE).first).to_be_visible()
    left(page)


def reported(database, chengxin, tmp_path):
    """The report and its workbook hold the note as text."""
    done = chengxin("report", "--period", "2027", "--county", UNIT, "--format", "html,xlsx", "--out", tmp_path,
                    CHENGXIN_DB=str(database))  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = next(path for path in tmp_path.glob(f"*{UNIT}.html")).read_text("utf-8")
    assert "<img src=x" not in page
    assert "=1+1&lt;img src=x onerror=alert(1)&gt;" in page
    book = openpyxl.load_workbook(next(tmp_path.glob(f"*{UNIT}.xlsx")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell.data_type for cell in cells if "=1+1" in str(cell.value)].count("s") >= 1
    assert not [cell for cell in cells if cell.data_type == "f"]

"""监测点季报 and 台账 in Chromium, at a desk and on a phone: a filing from entry to check, a killed kernel, a paste."""

import json
import os
import signal
import sqlite3

import pytest
from playwright.sync_api import expect
from stores import sample_database
from tabs import HOSTILE, SCREENS, Tab, kernels, settled

from chengxin.ledgers.filings.form import load_form

ITEMS = load_form().items
QUARTER = "2026Q3"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The sample, where two points have not filed for the last quarter yet."""
    path = sample_database(tmp_path_factory.mktemp("filing") / "x.db")
    with sqlite3.connect(path) as conn:
        keys = [f"{point}-{QUARTER}" for point in POINTS.values()]
        for table, column in (("filing_answer", "filing"), ("filing", "id")):
            conn.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(key,) for key in keys])
    conn.close()
    return path


POINTS = {"desk": "331002-P01", "phone": "331002-P02"}


@pytest.fixture(scope="module")
def site(served, database):
    return served(database)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_filing_from_first_entry_to_check(browser, site, database, chengxin, screen):
    point = POINTS[screen]
    key = f"{point}-{QUARTER}"
    query = f"filing.ipynb?point={point}&quarter={QUARTER}&who=A&side="
    tab = Tab(browser, site, screen, query + "own")
    expect(tab.page.locator(".cx-item").first).to_be_attached()
    expect(tab.item("15")).to_be_visible()
    tab.looks_right()
    first, held = tab.item("1"), in_use(database, point)
    for label, value in (("在用计量器具／台（件）", held + 3), ("强制检定计量器具／台（件）", held),
                         ("在有效检定周期内的／台（件）", held), ("非强制检定计量器具／台（件）", 0)):  # fmt: skip
        first.get_by_label(label, exact=True).fill(str(value))
    tab.answer("1", "yes")
    expect(first).to_contain_text(f"台账中在用的{held}台（件），填报为{held + 3}台（件）")
    tab.item("14").get_by_label("投诉纠纷／件", exact=True).fill(HOSTILE)
    expect(tab.item("14")).to_contain_text(f"投诉纠纷：“{HOSTILE}”")
    expect(tab.page.locator(".cx-saved.cx-ok").first).to_be_visible()
    before = settled(database, key)
    for kernel in kernels(database):
        os.kill(kernel, signal.SIGKILL)
    expect(tab.page.locator("#cx-alarm")).not_to_be_empty()
    tab.open()
    tab.errors.clear()  # the page may well complain of its kernel's death
    first = tab.item("1")
    expect(first.get_by_label("在用计量器具／台（件）", exact=True)).to_have_value(str(held + 3))
    assert settled(database, key) == before
    first.get_by_label("在用计量器具／台（件）", exact=True).fill(str(held))
    tab.item("2").get_by_label("能一扫清的／台（件）", exact=True).fill(str(held))
    tab.item("14").get_by_label("投诉纠纷／件", exact=True).fill("0")
    for item in ITEMS[1:]:
        tab.answer(item.id, item.favourable[-1])
    expect(tab.page.get_by_text("各项都已填好，可以提交。")).to_be_visible()
    tab.page.get_by_role("button", name="提交季报").click()
    expect(tab.page.get_by_text("已提交，等待核查")).to_be_visible()
    expect(tab.page.locator(".cx-item input")).to_have_count(0)
    tab.close()
    check = Tab(browser, site, screen, query + "check")
    expect(check.item("15")).to_be_visible()
    check.looks_right()
    for item in ITEMS:
        check.answer(item.id, "yes" if item.id == "10" else item.favourable[-1])
    expect(check.item("10")).to_contain_text("自查“否”，核查“是”，不一致")
    check.page.get_by_role("button", name="提交核查").click()
    expect(check.page.get_by_text("核查已提交。")).to_be_visible()
    check.fits()
    check.close()
    found = status(chengxin, database, point)
    assert found["answered"] == "15/15"
    assert found["discrepancies"] == [10]


def in_use(database, point):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as conn:
        query = "SELECT count(*) FROM instrument WHERE point = ? AND status = 'in_use'"
        found = conn.execute(query, [point]).fetchone()[0]
    conn.close()
    assert found
    return found


def status(chengxin, database, point):
    """What the command says of the filing."""
    done = chengxin("filings", "status", "--quarter", QUARTER, "--format", "json", CHENGXIN_DB=str(database))
    assert done.returncode == 0, done.stderr
    return next(row for row in json.loads(done.stdout) if row["point"] == point)


def test_on_paper_it_is_the_official_table(browser, site, tmp_path):
    tab = Tab(browser, site, "desk", f"filing.ipynb?point=331002-P03&quarter={QUARTER}&who=A&side=own")
    expect(tab.item("15")).to_be_visible()
    tab.page.pdf(path=tmp_path / "x.pdf", format="A4")
    assert (tmp_path / "x.pdf").read_bytes().count(b"/Type /Page\n") == 1
    tab.page.set_viewport_size({"width": 680, "height": 960})
    tab.page.emulate_media(media="print")
    columns = [box["x"] for box in (tab.page.locator(".cx-item-head > *").nth(n).bounding_box() for n in range(4))]
    assert columns == sorted(set(columns))
    expect(tab.page.locator(".cx-bar")).to_be_hidden()
    tab.close()


def paste(bad=()):
    rows = [f"N{n:03}\t电子秤\t{'没有' if n in bad else '331002-J1-M01'}\t强制检定\t在用" for n in range(200)]
    return "\n".join(["编号\t器具名称\t经营户编号\t管理方式\t使用状态", *rows])


@pytest.mark.parametrize("screen", SCREENS)
def test_200_instruments_pasted_mended_and_saved(browser, site, database, screen):
    tab = Tab(browser, site, screen, "ledgers.ipynb?ledger=instrument&who=A")
    expect(tab.page.get_by_text("第1／125页").or_(tab.page.get_by_text("第1／135页"))).to_be_visible()
    tab.looks_right()
    fresh = {"desk": "ZZA", "phone": "ZZB"}[screen]
    area = tab.page.locator(".cx-paste textarea")
    area.fill(paste(bad=(7, 150)).replace("\nN", f"\n{fresh}"))
    tab.page.get_by_role("button", name="检查", exact=True).click()
    expect(tab.page.get_by_text("共200行，2处有误")).to_be_visible()
    expect(tab.page.get_by_text("第9行 经营户编号列：“没有”没有登记")).to_be_visible()
    expect(tab.page.get_by_role("button", name="保存全部")).to_be_disabled()
    tab.fits()
    area.fill(paste().replace("\nN", f"\n{fresh}"))
    tab.page.get_by_role("button", name="检查", exact=True).click()
    tab.page.get_by_role("button", name="保存全部").click()
    expect(tab.page.get_by_text("已保存200条。")).to_be_visible()
    tab.page.get_by_label("查找").fill(f"{fresh}199")
    expect(tab.page.get_by_text("第1／1页，共1条")).to_be_visible()
    tab.page.get_by_label("选择一条（本页）").select_option(index=1)
    tab.page.get_by_role("button", name="修改").click()
    tab.page.get_by_label("使用地点").fill(HOSTILE)
    tab.page.get_by_label("说明（为什么改动，必填）").fill("=1+1")
    tab.page.get_by_role("button", name="保存", exact=True).click()
    expect(tab.page.get_by_text("已保存。", exact=True)).to_be_visible()
    expect(tab.page.locator("td", has_text=HOSTILE).first).to_be_attached()
    tab.fits()
    tab.close()

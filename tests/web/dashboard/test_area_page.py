"""The page of one area: what it shows is what the database holds, for whom it is, whatever the address asks."""

import io
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime

import pandas as pd
import pytest
import sqlalchemy as sa
from boards import ATTACK, fits_each_screen, looked_at, words
from playwright.sync_api import expect
from stores import empty_database, opened

from chengxin.render.charts import Picture
from chengxin.scoring.explain import explain
from chengxin.store import access, read
from chengxin.store.access import Access
from chengxin.store.engine import open_store, record, writing
from chengxin.store.schema import AREA, IMPROVEMENT
from chengxin.web.dashboard import area_html
from chengxin.web.dashboard.area_page import AreaPage
from chengxin.web.exports import to_csv, to_png

OPEN, RED = {"area": "331002-J2", "period": "2026"}, {"area": "331022-S1", "period": "2026"}


def test_every_line_stands_there_with_its_reason_and_what_is_behind_it(engine):
    page = AreaPage(engine, {"area": "331082-J1", "period": "2026"})
    said = words(page, "sheet")
    lines = explain(page.shown.rubric, page.shown.lines)
    for row in lines.to_dict("records"):
        assert f"{row['line']}{row['label']}" in said
        assert row["reason"].split("：", 1)[1] in said
        assert row["text"] in said
    for row in page.shown.evidence.query("telling and used").to_dict("records"):
        assert row["said"] in said
        assert row["id"] in said
    assert "台账记录1条，都计入：2026年9月4日调查，有效问卷315份，满意298份" in said
    assert "得分按录入值；台账为" not in said


def test_a_value_entered_against_the_ledger_shows_both(engine):
    said = words(AreaPage(engine, {"area": "331002-J1", "period": "2026"}), "sheet")
    assert "得分按录入值；台账为34／35户" in said


def test_steps_and_sum_in_words(engine):
    said = words(AreaPage(engine, {"area": "331002-J1", "period": "2026"}), "waterfall")
    assert re.search(r"满分 *100 *放心计量 失分 *−1.8933", said)
    assert re.search(r"总分 *100.83", said)
    assert "基本分97.8256分＋加分3分－扣分0分" in said


def test_an_open_assessment_shows_its_range_and_what_is_missing(engine):
    page = AreaPage(engine, OPEN)
    assert "66.06–71.06" in words(page, "cards")
    assert "8.1条制度执行情况还没有评价" in words(page, "notices")
    assert "草稿" in words(page, "notices")
    assert "最低可能总分" in words(page, "waterfall")
    assert "不排名" in words(page, "past")


def test_a_red_line_is_said_first_in_words(engine):
    page = AreaPage(engine, RED)
    assert "红线情形：20.1条恶意调整准确度。" in words(page, "notices")
    assert "cx-bad" in page.body["notices"].value
    assert words(page, "sheet").count("红线") == 1


def test_a_shared_place_is_said_to_be_shared(engine):
    page = AreaPage(engine, {"area": "331081-S1", "period": "2026"})
    assert "并列，共11个已评完的景区" in words(page, "cards")
    assert "5／11（并列）" in words(page, "past")
    assert page.taken().sheets[4].frame["tied"].tolist() == [False, False, True]


def test_peers_are_named_and_counted(engine):
    page = AreaPage(engine, {"area": "331082-J1", "period": "2026"})
    said = words(page, "compare")
    assert f"同类对象{len(page.shown.peers)}个" in said
    for name in page.shown.peers["name"]:
        assert name in said
    assert page.shown.about["name"] not in said


def test_many_peers_are_counted_and_not_all_named(engine):
    shown = AreaPage(engine).shown
    many = pd.concat([shown.peers] * 100, ignore_index=True)
    said = area_html.compare(replace(shown, peers=many)).text
    assert f"同类对象{len(many)}个" in said
    assert said.count("<li>") == area_html.NAMED
    assert f"另有{len(many) - area_html.NAMED}个没有列出" in said


def test_what_is_late_depends_on_the_day(sample, tmp_path):
    path = shutil.copy(sample, tmp_path / "x.db")
    with opened(path) as engine, writing(engine) as conn:
        conn.execute(sa.text("UPDATE assessment SET demo = 0"))
    for day, said in ((date(2026, 11, 30), "期限2026年11月30日"), (date(2026, 12, 2), "逾期2天")):
        with opened(path) as engine:
            page = AreaPage(engine, {"area": "331002-S1", "period": "2026"}, today=lambda day=day: day)
            assert said in words(page, "mend")
            assert ("逾期2天" in words(page, "mend")) == (day.month == 12)


def test_items_show_owner_state_and_points(engine):
    page = AreaPage(engine, {"area": "331022-S1", "period": "2025"})
    said = words(page, "mend")
    with engine.connect() as conn:
        rows = conn.execute(sa.select(IMPROVEMENT).where(IMPROVEMENT.c.assessment == "331022-S1-2025")).mappings().all()
    assert rows
    for row in rows:
        assert f"责任方：{row['owner']}" in said
        assert row["remedy"] in said
    assert "已复查" in said
    assert f"全部整改到位可挽回{page.shown.mend['points'].sum():.2f}分" in said


def test_choosing_a_unit_offers_its_areas_and_one_area_its_periods(engine):
    page = AreaPage(engine)
    page.unit.value = "331082"
    assert {code for _, code in page.area.options} == {"331082-J1", "331082-S1", "331082-S2"}
    page.area.value = "331082-S1"
    assert "台州府城文化旅游区" in words(page, "title")
    page.period.value = "2025"
    assert page.shown.about["id"] == "331082-S1-2025"
    page.unit.value = "331002"
    assert page.shown.about["unit"] == "331002"


def test_an_address_is_looked_up_and_never_run(engine):
    page = AreaPage(engine, {"area": "331082-S1", "period": "2025"})
    assert (page.unit.value, page.area.value, page.period.value) == ("331082", "331082-S1", "2025")
    assert page.wrong.value == ""
    for asked in ({"area": ATTACK}, {"area": "331082-S1", "period": "1999"}, {"county": "1' OR 1=1"}):
        page = AreaPage(engine, asked)
        assert page.shown.about["id"] == ("331082-S1-2026" if "period" in asked else "331002-J1-2026")
        assert "可用：" in page.wrong.value
        assert "<img" not in page.wrong.value


def test_what_a_person_typed_is_text(sample, tmp_path):
    path = shutil.copy(sample, tmp_path / "x.db")
    with opened(path) as engine:
        with writing(engine) as conn:
            conn.execute(sa.update(AREA).values(name=ATTACK))
            conn.execute(sa.text("UPDATE observation SET note = :a WHERE note <> ''"), {"a": ATTACK})
            conn.execute(sa.update(IMPROVEMENT).values(owner=ATTACK, remedy=ATTACK))
        page = AreaPage(engine, OPEN)
    assert "&lt;img" in page.body["sheet"].value
    assert not [name for name, piece in page.body.items() if "<img" in piece.value]


def test_what_is_taken_along_is_what_is_shown(engine):
    for asked in ({"area": "331082-S1", "period": "2026"}, OPEN):
        page = AreaPage(engine, asked)
        made = page.taken()
        assert made.demo
        assert made.chosen["评价对象"] == page.shown.about["name"]
        sheets = {sheet.name: sheet for sheet in made.sheets}
        assert sheets["主要数字"].frame["value"].iloc[0] in words(page, "cards")
        rows = dict(zip(sheets["逐条得分"].frame["line"], sheets["逐条得分"].frame["reason"], strict=True))
        assert rows == dict(zip(page.shown.lines["line"], page.shown.lines["reason"], strict=True))
        assert sheets["得分构成"].frame["end"].iloc[-1] == page.shown.about["low"]
        (chart,) = [part for part in made.drawn if isinstance(part, Picture)]
        assert ("未评" in chart.alt) == (not page.shown.about["complete"])
        assert to_png(made).startswith(b"\x89PNG")
        table = pd.read_csv(io.BytesIO(to_csv(made, "整改事项")))
        assert table["可挽回（分）"].sum() == pytest.approx(page.shown.mend["points"].sum(), abs=1e-3)


def test_a_change_in_the_database_shows_at_the_next_choice(sample, tmp_path):
    with opened(shutil.copy(sample, tmp_path / "x.db")) as engine:
        page = AreaPage(engine, {"area": "331082-J1", "period": "2025"})
        before, total = page.known, page.shown.about["total"]
        page.period.value = "2026"
        assert page.known is before  # nothing was changed, nothing is read again
        seen = read.observations(engine)
        seen = seen[(seen["assessment"] == "331082-J1-2025") & (seen["line"] == "3.1")]
        with writing(engine) as conn:
            record(conn, seen.assign(value=0.0), who="测试", why="测试", at=datetime(2026, 11, 2, tzinfo=UTC))
        page.period.value = "2025"
        assert page.known is not before
        assert page.shown.about["total"] == pytest.approx(total - 5)


def test_an_empty_database_says_so(tmp_path):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        assert "还没有评价记录" in AreaPage(engine).page.children[0].children[-1].value


def test_a_county_sees_its_own_areas_and_no_others(sample, monkeypatch):
    who = Access("li", "李四", "county", unit="331082")
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    monkeypatch.setenv(access.IDENTITY, json.dumps(vars(who)))
    page = AreaPage(str(sample), {"area": "331002-J1", "period": "2026"})
    assert set(page.known.work["unit"]) == {"331082"}
    assert "没有景区、街区“331002-J1”，或您无权查看" in page.wrong.value
    assert "331002" not in " ".join(piece.value for piece in page.body.values())
    assert page.shown.peers.empty
    assert "没有可比的同类对象" in words(page, "cards")
    assert "不列全市名次" in words(page, "cards")
    assert page.plain()["名次"] is None
    assert "名次／个数" not in words(page, "past")
    assert "名次" not in {sheet.name: sheet for sheet in page.taken().sheets}["历年结果"].columns.values()


def test_the_database_is_opened_for_reading_only(sample):
    page = AreaPage(str(sample))
    with pytest.raises(sa.exc.OperationalError, match="readonly"), page.engine.begin() as conn:
        conn.execute(sa.text("UPDATE area SET name = 'x'"))
    assert open_store(str(sample)) is not page.engine


def test_the_page_in_a_browser(browser, served, sample):
    """From the city's ranking to an area, another period, an address of its own; each screen; nothing from outside."""
    site = served(sample)
    with looked_at(browser, site) as page:
        page.goto(f"{site}voila/render/dashboard/city.ipynb?period=2025")
        page.locator(".cx-name").get_by_role("link", name="天台山景区").first.click(timeout=60_000)
        lead = page.locator("h1 + .cx-lead")
        expect(lead).to_contain_text("天台山景区（天台县，5A）2025年", timeout=60_000)
        page.get_by_label("评价期").select_option("2026年")
        expect(lead).to_contain_text("2026年", timeout=30_000)
        page.goto(f"{site}voila/render/dashboard/area.ipynb?area=331002-J2&period=2026")
        expect(page.locator(".cx-cards")).to_contain_text("66.06–71.06", timeout=60_000)
        expect(page.locator(".cx-banner").first).to_contain_text("演示数据")
        fits_each_screen(page)

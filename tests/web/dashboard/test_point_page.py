"""The page of monitoring points: what it shows is what was judged, for whom it is, whatever the address asks."""

import io
import json
import re
import shutil
from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa
from boards import ATTACK, fits_each_screen, looked_at, words
from playwright.sync_api import expect
from stores import empty_database, opened

from chengxin.figures import points
from chengxin.store import access
from chengxin.store.access import Access
from chengxin.store.engine import writing
from chengxin.store.schema import INSTRUMENT, POINT
from chengxin.web.dashboard import point_html
from chengxin.web.dashboard.point_page import PointPage
from chengxin.web.exports import to_csv, to_png, to_xlsx


@pytest.fixture(scope="module")
def whole(engine):
    return PointPage(engine)


def test_sample_data_stands_still_on_its_last_day(whole):
    assert whole.watch.as_of == date(2026, 10, 31)
    assert "截至2026年10月31日" in words(whole, "title")
    assert "2026年第三季度" in words(whole, "title")


def test_filings_not_in_order_are_named(whole):
    said = words(whole, "wanting")
    for row in points.wanting(whole.watch, "2026Q3").to_dict("records"):
        assert f"{row['name']}（{row['short_name']}，{row['sector']}）" in said
    assert "未报送" in said
    assert re.search(r"逾期12天", said)


def test_agreement_says_what_it_means_and_shows_no_kappa_that_means_nothing(whole):
    said = words(whole, "agreement")
    assert "现场核查季报13份194项，自查与核查一致192项，一致率99.0%，AC1系数0.988（95%区间0.972至1.000）" in said
    assert "AC1系数再扣除偶然相同的部分" in said
    rows = points.agreement(whole.watch, "2026Q3", ["sector"])
    unsaid = rows["kappa"].isna().sum() + points.agreement(whole.watch, "2026Q3", ["short_name"])["kappa"].isna().sum()
    assert unsaid
    assert whole.body["agreement"].value.count("<div>不适用</div>") == unsaid
    assert words(whole, "differing").startswith("虚报")


def test_instruments_are_listed_with_serial_and_validity(whole):
    said = words(whole, "tools")
    rows = points.instruments(whole.watch)
    for row in rows[rows["group"] != "soon"].to_dict("records"):
        assert f"出厂编号{row['serial']}" in said
    assert "不在有效期内49台（件）" in said
    assert "另有71条没有列出" in said
    page_words = words(whole, "merchant", "cancel")
    assert "附件1四2" in page_words
    assert "待决定" in page_words


def test_a_nation_of_units_is_cut_and_counted(whole):
    """No table or list grows with the country; what is left out is counted."""
    rows = pd.concat([points.filed(whole.watch, "2026Q3", "short_name")] * 280, ignore_index=True)
    said = point_html.filed(rows, "short_name", "各填报单位报送").text
    assert said.count("<tr") == point_html.MOST + 1
    assert f"另有{len(rows) - point_html.MOST}条没有列出" in said
    tools = pd.concat([points.instruments(whole.watch)] * 40, ignore_index=True)
    said = point_html.instruments(tools, "short_name").text
    assert said.count("<li>") == 3 * point_html.MOST


def test_what_is_taken_along_is_what_is_shown(engine, whole):
    page = PointPage(engine, {"county": "331082"})
    for shown, unit in ((whole, ""), (page, "临海市")):
        made = shown.taken()
        assert (made.chosen["季度"], made.chosen["填报单位"]) == ("2026年第三季度", unit)
        mine = shown.watch.of(shown.unit.value or None)
        table = pd.read_csv(io.BytesIO(to_csv(made, "计量器具到期")))
        assert table["出厂编号"].tolist() == points.instruments(mine)["serial"].tolist()
        heads = pd.read_csv(io.BytesIO(to_csv(made))).set_index("指标")
        assert heads.loc["应报季报", "数值"] == shown.plain()["应报季报"]
        quarters = pd.read_csv(io.BytesIO(to_csv(made, "各季度报送")))
        assert all(name in words(shown, "quarters") for name in quarters["季度"])
        assert heads.loc["按期报送率", "比上期"] == pytest.approx(2.5 if not unit else 22.2)
        agreed = pd.read_csv(io.BytesIO(to_csv(made, "自查与核查一致性")))
        assert set(agreed["分组"]) == {"合计", "填报单位", "行业"}
        assert all(str(name) in words(shown, "agreement") for name in agreed.loc[agreed["分组"] == "行业", "名称"])
        names = [sheet.name for sheet in made.sheets]
        assert len(set(names)) == len(names)
        assert to_xlsx(made).startswith(b"PK")
        assert to_png(made).startswith(b"\x89PNG")


def test_a_choice_filters_everything(engine):
    page = PointPage(engine)
    page.unit.value, page.quarter.value = "331082", "2026Q1"
    said = words(page)
    assert "临海市2026年第一季度" in said
    assert "三门县" not in said
    mine = page.watch.of("331082")
    shown = points.wanting(mine, "2026Q1")["name"].tolist()
    assert all(name in said for name in shown)


def test_another_day_judges_again(engine):
    page = PointPage(engine)
    before = page.plain()
    page.day.value = date(2026, 10, 10)
    assert page.watch.as_of == date(2026, 10, 10)
    assert page.plain() != before
    assert "截至2026年10月10日" in words(page, "title")
    page.quarter.value = "2026Q3"
    assert page.plain()["按期报送率"] is None
    assert "期限未到" in words(page, "quarters")
    assert "尚未截止" in words(page, "cards")
    page.day.value = date(2019, 1, 1)
    assert "还没有监测点应报季报" in page.wrong.value
    assert page.watch.as_of == date(2026, 10, 10)
    page.day.value = date(2027, 12, 1)
    assert "太晚；应不晚于2027年11月1日" in page.wrong.value
    assert page.watch.as_of == date(2026, 10, 10)
    page.day.value = None
    assert page.plain() == before
    assert page.wrong.value == ""


def test_real_data_is_as_of_today(sample, tmp_path):
    path = shutil.copy(sample, tmp_path / "x.db")
    with opened(path) as engine:
        with writing(engine) as conn:
            conn.execute(sa.text("UPDATE assessment SET demo = 0"))
        page = PointPage(engine, today=lambda: date(2026, 9, 30))
    assert page.watch.as_of == date(2026, 9, 30)
    assert not page.watch.demo


def test_an_address_is_looked_up_and_never_run(engine):
    page = PointPage(engine, {"quarter": "2026Q2", "county": "331082", "as_of": "2026-08-01"})
    assert (page.quarter.value, page.unit.value, page.day.value) == ("2026Q2", "331082", date(2026, 8, 1))
    assert page.wrong.value == ""
    days = ({"as_of": day} for day in (ATTACK, "2019-01-01", "0001-01-01", "9999-12-31"))
    for asked in ({"quarter": ATTACK}, {"county": "1' OR 1=1"}, *days):
        page = PointPage(engine, asked)
        assert (page.quarter.value, page.unit.value) == ("2026Q3", "")
        assert 'role="alert"' in page.wrong.value
        assert "<img" not in page.wrong.value


def test_what_a_person_typed_is_text(sample, tmp_path):
    path = shutil.copy(sample, tmp_path / "x.db")
    with opened(path) as engine:
        with writing(engine) as conn:
            conn.execute(sa.update(POINT).values(name=ATTACK, sector=ATTACK))
            conn.execute(sa.update(INSTRUMENT).values(serial=ATTACK, place=ATTACK, kind=ATTACK))
            conn.execute(sa.text("UPDATE point_decision SET decided_by = :a"), {"a": ATTACK})
        page = PointPage(engine)
    assert "&lt;img" in page.body["tools"].value
    assert not [name for name, piece in page.body.items() if "<img" in piece.value]


def test_an_empty_database_says_so(tmp_path):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        assert "还没有登记监测点" in PointPage(engine).page.children[0].children[-1].value


def test_all_that_does_not_exist_is_told_at_once(engine):
    page = PointPage(engine, {"quarter": "2030Q1", "county": "9", "as_of": "2026-13-01"})
    for said in ("没有季度“2030Q1”", "没有填报单位“9”", "截至日期“2026-13-01”不是日期"):
        assert said in page.wrong.value
    page = PointPage(engine, {"quarter": "2026Q1", "county": "331082", "as_of": "2026-13-01"})
    assert (page.quarter.value, page.unit.value) == ("2026Q1", "331082")
    page = PointPage(engine, {"quarter": "2026Q1", "county": "9", "as_of": "2026-10-10"})
    assert "没有填报单位“9”" in page.wrong.value
    assert page.quarter.value == "2026Q1"
    assert page.watch.as_of == date(2026, 10, 10)


def test_a_county_sees_its_own_points_and_no_others(sample, monkeypatch):
    who = Access("li", "李四", "county", unit="331082")
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    monkeypatch.setenv(access.IDENTITY, json.dumps(vars(who)))
    page = PointPage(str(sample), {"county": "331002"})
    assert set(page.watch.judged["unit"]) == set(page.watch.tools["unit"]) == {"331082"}
    assert "没有填报单位“331002”" in page.wrong.value
    assert [code for _, code in page.unit.options] == ["331082"]
    assert "三门县" not in words(page)


def test_the_page_in_a_browser(browser, served, sample):
    """An address of its own, another unit; each screen; nothing from outside."""
    site = served(sample)
    with looked_at(browser, site) as page:
        page.goto(f"{site}voila/render/dashboard/point.ipynb?quarter=2026Q2")
        lead = page.locator("h1 + .cx-lead")
        expect(lead).to_contain_text("2026年第二季度", timeout=60_000)
        expect(page.locator(".cx-banner").first).to_contain_text("演示数据")
        page.get_by_label("填报单位").select_option("临海市")
        expect(lead).to_contain_text("临海市2026年第二季度", timeout=30_000)
        page.get_by_label("填报单位").select_option("全部")
        expect(lead).to_contain_text("全部填报单位", timeout=30_000)
        fits_each_screen(page)

"""The city page: what it shows is what the database holds, whatever is chosen or asked for in the address."""

import html
import io
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
from boards import fits_each_screen, looked_at, words
from playwright.sync_api import expect
from stores import empty_database, opened, sample_database

from chengxin.figures.city import Choice, gathered, headline
from chengxin.figures.losses import flags, group_rates, losses, ranking, trend, unit_ranking
from chengxin.render.charts import RATES, Picture
from chengxin.render.html import stylesheet
from chengxin.scoring.ranking import shortened
from chengxin.store import access, read
from chengxin.store.access import Access
from chengxin.store.engine import writing
from chengxin.store.write import put, record
from chengxin.web.dashboard import city_downloads, city_html, trend_svg
from chengxin.web.dashboard.city_downloads import defined
from chengxin.web.dashboard.city_page import CityPage
from chengxin.web.dashboard.city_tiles import tiles


def test_every_figure_stands_there_with_its_definition(engine):
    page = CityPage(engine)
    said = words(page)
    for row in headline(page.city, Choice("2026")).to_dict("records"):
        assert row["label"] in said
        assert row["definition"] in said
        assert f"{row['value']:.{row['digits']}f}" in said


def test_a_county_sees_its_own_areas_under_its_own_name(sample, monkeypatch):
    who = Access("li", "李四", "county", unit="331082")
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    monkeypatch.setenv(access.IDENTITY, json.dumps(vars(who)))
    page = CityPage(str(sample), {"county": "331002"})
    assert "没有填报单位“331002”，或您无权查看" in page.wrong.value
    assert page.unit.options == (("临海市", "331082"),)
    assert set(page.tile) == {"331082"}
    assert "临海市2026年" in page.body["title"].value
    said = words(page)
    assert "不是全市名次" in said
    assert "各单位名次" not in said
    assert not any(f"{word}2026年" in said for word in ("全市", "椒江区"))
    assert page.shown().chosen["填报单位"] == "临海市"
    page.tile["331082"].click()
    assert page.choice.unit == "331082"


def test_what_was_refused_is_over_when_something_else_is_chosen(engine):
    page = CityPage(engine, {"period": "1999"})
    assert "没有评价期“1999”" in page.wrong.value
    page.period.value = "2025"
    assert page.wrong.value == ""


def test_tables_have_their_definitions_and_the_page_its_date(engine):
    page = CityPage(engine)
    assert "截至2026年10月31日" in page.body["title"].value
    told = defined(page.city)
    assert "2024年截至2024年12月31日、2025年截至2025年12月31日、2026年截至2026年10月31日" in told["截至日"]
    assert all(text in page.body["defined"].value for pair in told.items() for text in pair)
    assert told.items() <= page.shown().said.items()


def test_the_trend_carries_every_figure_and_stays_in_its_frame(engine):
    page = CityPage(engine)
    points, said = trend(page.city, page.choice), page.body["trend"].value
    ElementTree.fromstring(said)
    for row in points.itertuples():
        assert f">{row.total:.2f}</text>" in said
        assert f"{row.area}{row.period}年{row.total:.2f}分" in said
    for line in re.findall(r'points="([^"]+)"', said):
        heights = [float(point.split(",")[1]) for point in line.split()]
        assert all(0 < height < 170 for height in heights)
    one = points.head(1).assign(area="<i>")
    assert "<i>" not in trend_svg.trend(one, "一点").text


def test_the_ranking_shows_ties_ranges_and_red_lines(engine):
    page = CityPage(engine)
    rows = ranking(page.city, Choice("2026"))
    said = page.body["ranking"].value
    for row in rows.to_dict("records"):
        assert row["name"] in said
        shown = f"{row['total']:.2f}" if row["complete"] else f"{row['low']:.2f}–{row['high']:.2f}（未评完）"
        assert shown in said
    assert said.count("不排名") == (~rows["complete"]).sum()
    assert said.count("红线</span>") == (rows["red_lines"] != "").sum()
    assert said.count("cx-open") == (~rows["complete"]).sum()


def test_a_choice_filters_everything_and_a_tile_is_a_choice(engine):
    page = CityPage(engine)
    page.kind.value = "street"
    page.tile["331082"].click()
    assert page.choice == Choice("2026", "street", "331082")
    rows = ranking(page.city, page.choice)
    assert set(rows["short_name"]) == {"临海市"}
    assert page.body["ranking"].value.count('class="cx-name"') == len(rows)
    assert "天台山" not in words(page)
    page.tile["331082"].click()
    assert page.choice.unit is None


def test_units_and_tiles_never_mix_unlike_kinds(engine):
    page = CityPage(engine)
    rows = unit_ranking(page.city, Choice("2026")).set_index(["unit", "kind"])
    parts = page.body["units"].value.split('class="cx-part"')[1:]
    assert [part[1:3] for part in parts] == ["景区", "街区"]
    assert all(part.count('<td class="num">1</td><td class="cx-short">') == 1 for part in parts)  # each has its first
    figures = [f"{rows.loc[('331082', kind), 'median']:.2f}" for kind in ("scenic_area", "street")]
    tile = page.tile["331082"]
    assert tile.description.split("\n")[1:] == [f"景 {figures[0]}", f"街 {figures[1]}"]
    assert not [name for name in tile._dom_classes if name.startswith("cx-shade")]
    page.kind.value = "street"
    assert tile.description.split("\n")[1:] == figures[1:]
    assert [name for name in tile._dom_classes if name.startswith("cx-shade")]


def test_every_unit_has_a_tile_of_its_own(engine):
    page = CityPage(engine)
    places = [(tile.row, tile.column) for tile in tiles().values()]
    assert len(set(places)) == len(places)
    assert set(tiles()) == set(page.named) - {""}


def test_an_address_is_looked_up_and_never_run(engine):
    page = CityPage(engine, {"period": "2025", "kind": "street", "county": "331082"})
    assert page.choice == Choice("2025", "street", "331082")
    for asked in ({"period": "2030"}, {"kind": "<img src=x onerror=alert(1)>"}, {"county": "1' OR 1=1"}):
        page = CityPage(engine, asked)
        assert page.choice == Choice("2026")
        assert "可用：" in page.wrong.value
        assert "<img" not in page.wrong.value
    page = CityPage(engine, {"period": "2030", "kind": "x", "county": "y" * 5000})
    assert page.wrong.value.count("可用：") == 3  # all that is wrong in one go
    assert len(page.wrong.value) < 1000


def test_what_is_shown_has_an_address_that_shows_it_again(engine):
    page = CityPage(engine, {"period": "2025", "kind": "street", "county": "331082"})
    links = [re.search(r'city.ipynb\?([^"]*)', page.body[name].value)[1] for name in ("links", "units")]
    asked = [dict(parse_qsl(html.unescape(link))) for link in links]
    assert CityPage(engine, asked[0]).choice == page.choice
    best = unit_ranking(page.city, Choice("2025", "street"))["unit"][0]
    assert CityPage(engine, asked[1]).choice == Choice("2025", "street", best)


def test_score_rates_are_of_areas_where_they_fit_and_of_units_where_they_do_not(engine, monkeypatch):
    page = CityPage(engine, {"kind": "street"})
    names = set(ranking(page.city, page.choice)["name"])
    assert set(page.heat()[0]["area"]) == names
    assert all(name in page.body["heat"].value for name in names)
    monkeypatch.setattr(city_downloads, "COLUMNS", 11)
    assert set(page.heat()[0]["area"]) == set(unit_ranking(page.city, page.choice)["short_name"])


def test_what_is_taken_along_is_what_is_shown(engine):
    page = CityPage(engine, {"period": "2025", "kind": "street", "county": "331082"})
    sheets = {sheet.name: sheet for sheet in page.shown().sheets}
    for name in sheets["各单位"].frame["short_name"]:  # all of them, as on the page
        assert name in page.body["units"].value
    assert len(sheets["各单位"].frame) == page.body["units"].value.count("<tr") - 2  # head, and one of the kind
    for row in sheets["历年"].frame.itertuples():
        assert f"{row.area}{row.period}年{row.total:.2f}分" in page.body["trend"].value
    assert set(sheets["历年"].frame["period"]) == {"2024", "2025", "2026"}
    assert set(sheets["街区得分率"].frame["area"]) == set(page.heat()[0]["area"])
    for row in sheets["街区失分"].frame.head(12).itertuples():
        assert f"{row.line} {row.label}" in page.body["lost"].value


def test_areas_lead_to_their_pages_from_wherever_they_stand(engine):
    page = CityPage(engine, {"period": "2025"})
    areas = dict(zip(page.city.results["name"], page.city.results["area"], strict=True))
    for name in ("ranking", "heat", "lost", "flags"):
        found = re.findall(r'<a href="area.ipynb\?([^"]*)">([^<]*)</a>', page.body[name].value)
        assert found
        for link, said in found:
            assert dict(parse_qsl(html.unescape(link))) == {"area": areas[html.unescape(said)], "period": "2025"}


def test_a_line_says_who_lost_most_there(engine):
    page = CityPage(engine, {"kind": "street"})
    rows = losses(page.city, page.choice, 3)
    assert [len(who) for who in rows["who"]] == [min(10, count) for count in rows["areas"][:3]] + [0] * (len(rows) - 3)
    first = rows.iloc[0]
    lost = [each["lost"] for each in first["who"]]
    assert lost == sorted(lost, reverse=True)
    assert sum(lost) == pytest.approx(first["lost"]) or first["areas"] > 10
    said = page.body["lost"].value
    assert f"{first['line']} {first['label']}</summary>" in said
    assert f"{first['who'][0]['name']}</a>（{first['who'][0]['short_name']}）失{lost[0]:g}分" in said


def test_the_picture_has_what_the_page_shows_in_its_order(engine):
    page = CityPage(engine)
    names = [part.title if isinstance(part, Picture) else part.name for part in page.shown().drawn]
    order = [
        "主要数字",
        "名次",
        "各单位总分中位数",
        "各单位",
        "历年",
        "红线",
        "景区：",
        "街区：",
        "景区失分",
        "街区失分",
    ]
    assert [name[: len(begin)] for name, begin in zip(names, order, strict=True)] == order
    tiles_ = next(part for part in page.shown().drawn if isinstance(part, Picture))
    for tile in page.tile.values():
        assert tile.description.replace("\n", "", 1).replace("\n", "，") in tiles_.alt
    heat = next(part for part in page.shown().drawn if isinstance(part, Picture) and "得分率" in part.title)
    css = stylesheet()
    for n, (_, words_, colour) in enumerate(RATES):  # one scale on the page and in the picture
        assert f".cx-heat-{n} {{ background: {colour}; }}" in css
        assert words_ in heat.svg
        assert words_ in page.body["heat"].value


def test_where_nothing_was_assessed_there_is_no_empty_heat_map(engine):
    page = CityPage(engine, {"kind": "scenic_area", "county": "TZW"})
    assert ranking(page.city, page.choice).empty
    assert page.body["heat"].value == ""


def test_a_figure_that_is_missing_has_no_unit_and_counts_have_theirs(engine):
    rows = headline(CityPage(engine).city, Choice("2026"))
    said = city_html.cards(rows).text
    assert "<b>96.6</b>%" in said
    assert ">2273／2354台（件）</p>" in said
    assert "增加3个" in said
    assert "降3.4个百分点" in said
    said = city_html.cards(rows.assign(value=np.nan)).text
    assert said.count("<b>—</b></p>") == len(rows)


def test_an_empty_database_says_so(tmp_path):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        page = CityPage(engine)
        assert "还没有评价记录" in page.page.children[0].children[-1].value


def test_a_change_in_the_database_shows_at_the_next_choice(tmp_path):
    with opened(sample_database(tmp_path / "x.db")) as engine:
        page = CityPage(engine)
        before = page.city
        page.kind.value = "street"
        assert page.city is before  # nothing was changed, nothing is read again
        row = next(row for row in ranking(before, Choice("2026", "street")).to_dict("records") if row["complete"])
        seen = read.observations(engine)
        seen = seen[(seen["assessment"] == row["id"]) & (seen["line"] == "1.1")].head(1)
        with writing(engine) as conn:
            record(conn, seen.assign(value=0.0), who="测试", why="测试", at=datetime(2026, 11, 2, tzinfo=UTC))
        page.kind.value = ""
        assert page.city is not before
        assert f"{row['total']:.2f}" != f"{ranking(page.city, page.choice).set_index('id').loc[row['id'], 'total']:.2f}"
        with writing(engine) as conn:
            put(conn, "reporting_unit", [{"code": "TZW", "short_name": "改名区"}], who="测试", why="测试",
                at=datetime(2026, 11, 2, tzinfo=UTC))  # fmt: skip
        page.unit.value = "331082"
        assert page.choice.unit == "331082"
        assert "改名区" in dict(page.unit.options)
        assert "改名区" in page.body["units"].value


def test_a_long_list_is_shortened_and_says_so():
    block = np.repeat([0, 1, 2], [10, 5, 1])
    kept, after = shortened(block, 2, 2)
    assert kept.tolist() == [0, 1, 8, 9, 10, 11, 12, 13, 14, 15]  # a gap of one is filled
    assert after.tolist() == [0, 6, 0, 0, 0, 0, 0, 0, 0, 0]
    kept, after = shortened(block, 3)
    assert kept.tolist() == [0, 1, 2, 10, 11, 12, 15]
    assert after.tolist() == [0, 0, 7, 0, 0, 2, 0]
    kept, after = shortened(block, 4)
    assert kept.tolist() == [0, 1, 2, 3, *range(10, 16)]
    assert after.tolist() == [0, 0, 0, 6, 0, 0, 0, 0, 0, 0]
    kept, after = shortened(np.zeros(30), 2, 2, near=[15])
    assert kept.tolist() == [0, 1, *range(12, 19), 28, 29]
    assert after.sum() + len(kept) == 30
    assert shortened(block, None)[0].tolist() == list(range(16))
    assert shortened(np.zeros(0), 2, 2)[0].tolist() == []


def test_a_ranking_that_is_cut_counts_what_it_leaves_out(engine):
    page = CityPage(engine)
    whole, some = ranking(page.city, page.choice), ranking(page.city, page.choice, 4)
    assert len(some) + some["after"].sum() == len(whole)
    said = city_html.ranking(some, "名次").text
    assert sum(map(int, re.findall(r"此处略去(\d+)个", said))) == len(whole) - len(some)
    both = flags(page.city, page.choice), flags(page.city, page.choice, 2)
    assert len(both[1]) + both[1]["after"].sum() == len(both[0])
    assert both[1].groupby("flag").size().max() == 2
    columns = group_rates(page.city, Choice("2026", "street"), "short_name", 4)
    assert columns.attrs["of"] == 10
    assert columns["area"].nunique() == 4


def test_the_chosen_unit_is_marked_among_all(engine):
    page = CityPage(engine, {"county": "331082"})
    said = page.body["units"].value
    rows = unit_ranking(page.city, Choice("2026"))
    assert said.count('class="cx-mine"') == (rows["unit"] == "331082").sum() == 2  # once in each kind
    assert said.count("<tr") == 1 + 2 + len(rows)
    assert "临海市" in said[said.index("cx-mine") :][:120]


def test_the_page_in_a_browser(browser, served, sample):
    site = served(sample)
    with looked_at(browser, site) as page:
        page.goto(f"{site}voila/render/dashboard/city.ipynb?period=2025&kind=street")
        lead = page.locator("h1 + .cx-lead")
        expect(lead).to_contain_text("全市2025年", timeout=60_000)
        page.locator(".cx-unit", has_text="临海市").click()
        expect(lead).to_contain_text("临海市2025年", timeout=30_000)
        expect(page.locator(".cx-unit[aria-pressed=true]")).to_contain_text("临海市")
        page.wait_for_url("**/city.ipynb?period=2025&kind=street&county=331082")
        page.reload()  # the choice is kept
        expect(lead).to_contain_text("临海市2025年", timeout=60_000)
        page.locator(".cx-unit", has_text="临海市").click()
        expect(lead).to_contain_text("全市2025年", timeout=30_000)
        page.get_by_label("类别").select_option("全部")
        expect(lead).to_contain_text("景区和街区", timeout=30_000)
        fits_each_screen(page)


def test_the_buttons_save_files_that_agree_with_the_database(browser, served, sample, engine):
    site = served(sample)
    with looked_at(browser, site, accept_downloads=True) as page:
        page.goto(f"{site}voila/render/dashboard/city.ipynb?period=2025&kind=street")
        page.get_by_label("填报单位").select_option("临海市")
        expect(page.locator("h1 + .cx-lead")).to_contain_text("临海市2025年", timeout=60_000)
        _saved_files_agree(page, engine)


def _saved_files_agree(page, engine):
    def saved(*buttons):
        with page.expect_download(timeout=60_000) as waited:
            for name in buttons:
                page.get_by_role("button", name=name, exact=True).click()
        name = waited.value.suggested_filename
        assert name.startswith("全市看板-2025年-街区-临海市-")
        assert "演示数据" in name
        return waited.value.path().read_bytes()

    choice = Choice("2025", "street", "331082")
    rows = ranking(gathered(engine), choice)
    table = pd.read_csv(io.BytesIO(saved("表格（CSV）", "名次")))
    assert table["评价对象"].tolist() == rows["name"].tolist()
    assert table["总分（分）"].tolist() == pytest.approx(rows["total"].tolist(), nan_ok=True)
    book = openpyxl.load_workbook(io.BytesIO(saved("Excel（XLSX）")))
    cells = {row[0].value: row[1].value for row in book["主要数字"].iter_rows(min_row=2)}
    for row in headline(gathered(engine), choice).to_dict("records"):
        shown = None if pd.isna(row["value"]) else round(row["value"], row["digits"])
        assert cells[row["label"]] == (pytest.approx(shown) if shown is not None else None)
    assert saved("图片（PNG）").startswith(b"\x89PNG\r\n\x1a\n")

"""What the pages of one area and of the monitoring points let be saved is what they show."""

import io
from datetime import date

import openpyxl
import pandas as pd
import pytest
from stores import opened

from chengxin import areafiles, pointfiles, pointwatch
from chengxin.areapage import AreaPage
from chengxin.closeup import closeup
from chengxin.exports import to_csv, to_xlsx
from chengxin.pointpage import PointPage
from chengxin.savebar import SaveBar

DAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def engine(sample):
    with opened(sample) as engine:
        yield engine


def book(shown):
    return openpyxl.load_workbook(io.BytesIO(to_xlsx(shown)))


def figures(shown):
    return {row[0].value: row[1].value for row in book(shown)["主要数字"].iter_rows(min_row=2)}


def table(shown, name):
    return pd.read_csv(io.BytesIO(to_csv(shown, name)), dtype={"条目": "str"})


@pytest.fixture(scope="module")
def page(engine):
    return AreaPage(engine, today=lambda: DAY)


def test_every_assessment_can_be_taken_along_with_the_figures_of_its_page(page):
    for name in page.known.work["id"]:
        close = closeup(page.known, name)
        shown = areafiles.shown(close, True)
        lines = table(shown, "评分表")
        assert lines["条目"].tolist() == close.lines["line"].tolist()
        assert lines["得分（分）"].tolist() == pytest.approx(close.lines["score"].round(4).tolist(), nan_ok=True)
        assert table(shown, "整改事项")["可挽回（分）"].sum() == pytest.approx(close.mend["points"].sum(), abs=0.01)
        assert set(lines["评价对象"]) == {close.about["name"]}
    told, plain = figures(areafiles.shown(page.shown, True)), page.plain()
    for name in ("总分", "完整度", "同类中位数", "可挽回分值", "红线条目"):
        assert told[name] == (None if plain[name] is None else pytest.approx(plain[name]))


def test_an_open_assessment_says_its_range(page):
    work = page.known.kind("street").results
    row = work[~work["complete"]].iloc[0]
    close = closeup(page.known, row["id"])
    shown = areafiles.shown(close, True)
    assert figures(shown)["总分"] == f"{row['low']:.2f}–{row['high']:.2f}"
    assert shown.charts == []  # no bars that would say more than is known
    assert book(shown)["得分构成"].max_row == len(close.steps) + 1


@pytest.mark.parametrize("asked", [{}, {"county": "331082"}, {"quarter": "2025Q2", "county": "TZW"}], ids=str)
def test_the_monitoring_points_can_be_taken_along_with_the_figures_of_the_page(engine, asked):
    page = PointPage(engine, asked, today=lambda: DAY)
    quarter, unit = page.quarter.value, page.unit.value or None
    shown = pointfiles.shown(page.watch, quarter, unit)
    plain = page.plain()
    assert figures(shown) == {
        name: pytest.approx(value) if value is not None else None for name, value in plain.items()
    }
    mine = page.watch.of(unit)
    assert table(shown, "器具到期")["出厂编号"].tolist() == pointwatch.instruments(mine)["serial"].tolist()
    filed = table(shown, "各行业报送")
    assert filed["应报（份）"].sum() == plain["应报季报"]
    assert len(table(shown, "没有按期报送")) == len(pointwatch.wanting(mine, quarter))
    assert len(table(shown, "候选名单")) == plain["诚信计量商户候选"] + plain["取消资格研究"]


def test_the_buttons_are_on_both_pages(engine, page):
    for each in (page, PointPage(engine, today=lambda: DAY)):
        bars = [child for child in each.page.children if isinstance(child, SaveBar)]
        sent = []
        bars[0].send = lambda content, buffers=None, sent=sent: sent.append((content, buffers))
        bars[0]._heard(bars[0], {"format": "xlsx"}, None)
        assert sent[0][0]["name"].endswith("演示数据.xlsx")
        assert sent[0][1][0].startswith(b"PK")

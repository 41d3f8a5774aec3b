"""Files of what a dashboard shows: every format says the same figures, is of what it says, and does no harm."""

import io
import struct
from dataclasses import replace
from datetime import date, datetime
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest

from chengxin.errors import UsageError
from chengxin.exchange.csv import words
from chengxin.render import charts
from chengxin.render.demo import FILE
from chengxin.render.poster import Grid, poster, scale
from chengxin.web import exports
from chengxin.web.exports import Sheet, Shown, file_name, to_csv, to_png, to_xlsx
from chengxin.web.save_bar import save_bar

EVIL = ['=HYPERLINK("http://evil.example")', "+1+1", "-2分", "@SUM(A1)", "＝1", '<script>alert("1")</script>', "a\x07b"]
FRAME = pd.DataFrame({
    "name": EVIL, "total": [99.5, -1.25, np.nan, 0, 100, 7.125, 3.1],
    "rank": pd.array([1, 2, None, 3, 3, 5, 6], "Int64"),
    "tied": [False, False, False, True, True, False, False], "own": ["3", "97.2", "-0.5", "", "=1", "12", "x"],
})  # fmt: skip
COLUMNS = {"rank": "名次", "tied": "并列", "name": "评价对象", "total": "总分（分）", "own": "数值"}


@pytest.fixture
def shown():
    sheet = Sheet("名次", FRAME, COLUMNS, right=("own",))
    other = Sheet("历年", pd.DataFrame({"year": ["2025"], "count": [3]}), {"year": "评价期", "count": "个数"})
    chart = charts.trend(pd.DataFrame({"area": ["甲"], "period": ["2025"], "total": [90.0]}), "历年中位数")
    chosen = {"评价期": "2026年", "类别": "", "填报单位": "全市"}
    said = {"总分": "各条得分之和。"}
    return Shown("全市看板", chosen, date(2026, 10, 31), True, [sheet, other], [sheet, chart, other], said)


def test_csv_opens_in_excel_and_is_read_by_pandas_with_the_same_figures(shown):
    data = to_csv(shown)
    assert data.startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(io.BytesIO(data))
    assert frame["总分（分）"].tolist() == pytest.approx([99.5, -1.25, np.nan, 0, 100, 7.12, 3.1], nan_ok=True)
    assert frame["名次"].dropna().tolist() == [1, 2, 3, 3, 5, 6]
    assert frame["并列"].tolist() == ["是" if tied else "否" for tied in FRAME["tied"]]
    assert set(frame["截至"]) == {"2026-10-31"}
    assert set(frame["数据性质"]) == {"演示数据"}
    assert set(frame["评价期"]) == {"2026年"}
    assert "类别" not in frame  # nothing was chosen
    assert to_csv(shown, "历年").decode("utf-8-sig").startswith("评价期,个数,填报单位,截至,数据性质\r\n")
    assert "数据性质" not in to_csv(replace(shown, demo=False)).decode()
    with pytest.raises(UsageError, match="可用：名次、历年"):
        to_csv(shown, "../etc/passwd")


def test_no_text_of_a_csv_is_a_formula_and_every_text_comes_back(shown):
    frame = pd.read_csv(io.BytesIO(to_csv(shown)), dtype="str", keep_default_na=False)
    for cell, typed in zip(frame["评价对象"], EVIL, strict=True):
        assert cell[0] not in "=+-@＝"
        assert words(cell) == typed
    assert frame["数值"].tolist() == ["3", "97.2", "-0.5", "", "'=1", "12", "x"]


def test_a_workbook_has_typed_cells_filters_and_says_what_it_is_of(shown):
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(shown)))
    assert book.sheetnames == ["名次", "历年", "说明与定义"]
    sheet = book["名次"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:E8"
    names = [sheet.cell(row, 3) for row in range(2, 9)]
    assert all(cell.data_type == "s" for cell in names)
    assert [cell.value for cell in names] == [text.replace("\x07", "") for text in EVIL]
    totals = [sheet.cell(row, 4) for row in range(2, 9)]
    assert [cell.value for cell in totals] == [99.5, -1.25, None, 0, 100, 7.12, 3.1]
    formats = {cell.value: cell.number_format for cell in totals if cell.value is not None}
    assert formats.pop(-1.25) == "+0.00;−0.00;0.00"
    assert set(formats.values()) == {"0.00"}
    assert [sheet.cell(row, 5).value for row in range(2, 9)] == [3, 97.2, -0.5, None, "=1", 12, "x"]
    facts = {row[1].value: row[2].value for row in book["说明与定义"].iter_rows(min_row=2)}
    assert facts == {"演示数据": FILE, "评价期": "2026年", "类别": "全部", "填报单位": "全市",
                     "截至": datetime(2026, 10, 31), "总分": "各条得分之和。"}  # fmt: skip
    assert to_xlsx(shown) == to_xlsx(shown)


def test_a_picture_is_a_sharp_png_with_title_date_and_mark_in_it(shown, monkeypatch):
    drawn = []
    monkeypatch.setattr(exports, "png", lambda svg, scale: drawn.append((svg, scale)) or b"")
    to_png(shown)
    svg, times = drawn[0]
    tree = ElementTree.fromstring(svg)
    said = "".join(tree.itertext())
    for text in ("全市看板", "评价期：2026年", "截至：2026年10月31日", FILE, "历年中位数", "99.50", EVIL[5]):
        assert text in said
    assert tree.find(".//{*}script") is None
    monkeypatch.undo()
    data = to_png(shown)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert abs(width - times * float(tree.get("width"))) <= 2
    assert abs(height - times * float(tree.get("height"))) <= 2
    assert times == 2
    monkeypatch.setattr(exports, "png", lambda svg, scale: drawn.append((svg, scale)) or b"")
    to_png(replace(shown, demo=False))
    assert FILE not in drawn[-1][0]


def test_a_long_table_is_drawn_in_part_and_counted_and_a_long_picture_stays_small(shown, monkeypatch):
    drawn = []
    monkeypatch.setattr(exports, "png", lambda svg, scale: drawn.append(svg) or b"")
    to_png(replace(shown, drawn=[replace(shown.sheets[0], drawn=3)]))
    assert "共7项，此处列前3项；全部见表格文件。" in drawn[0]
    assert len(pd.read_csv(io.BytesIO(to_csv(shown)))) == 7
    rows = [[f"{n}", "名" * 40] for n in range(4000)]
    assert scale(poster("长表", [], "", [Grid("表", ["号", "名"], rows, [True, False])])) < 1


def test_bars_begin_where_the_note_says_and_ranges_are_told_apart(shown, monkeypatch):
    drawn = []
    monkeypatch.setattr(exports, "png", lambda svg, scale: drawn.append(svg) or b"")
    frame = pd.DataFrame({"low": [90.0, 80.0], "high": [90.0, 95.0]})
    bars = Sheet("名次", frame, {"high": "最高"}, bar="high", since="low")
    to_png(replace(shown, drawn=[bars]))
    assert "条形自70分起；空心的为可能范围。" in drawn[0]
    assert drawn[0].count('fill="#cfdcec"') == 1
    to_png(replace(shown, drawn=[replace(bars, frame=frame.iloc[:0])]))  # nothing to draw is no fault


@pytest.mark.parametrize("frame", [FRAME.iloc[:0], FRAME.assign(total=np.nan)], ids=["empty", "missing"])
def test_nothing_to_show_is_no_fault(shown, frame):
    sheet = Sheet("名次", frame, COLUMNS, bar="total")
    bare = replace(shown, sheets=[sheet], drawn=[sheet])
    assert to_csv(bare).startswith(b"\xef\xbb\xbf")
    assert openpyxl.load_workbook(io.BytesIO(to_xlsx(bare)))["名次"].max_row == len(frame) + 1
    assert to_png(bare).startswith(b"\x89PNG")


def test_a_file_s_name_says_what_it_is_and_is_one_on_every_system(shown):
    assert file_name(shown, "xlsx") == "全市看板-2026年-全市-演示数据.xlsx"
    assert file_name(replace(shown, demo=False), "csv", "名次") == "全市看板-2026年-全市-名次.csv"
    odd = replace(shown, chosen={"单位": '../../a\\b:c*?"<>|\n' + "长" * 90})
    name = file_name(odd, "png")
    assert not set(name[:-4]) & set('/\\:*?"<>|\n.')
    assert len(name) < 80


@pytest.fixture
def bar(shown):
    said, bar = [], save_bar(lambda: shown)
    bar.send = lambda content, buffers=None: said.append((content, buffers))
    return bar, said


def test_the_buttons_ask_for_the_table_and_send_the_file(bar, shown):
    bar, said = bar
    bar._heard(bar, {"format": "csv", "sheet": ""}, None)
    assert said[-1] == ({"said": "", "format": "csv", "sheets": ["名次", "历年"]}, [])
    bar._heard(bar, {"format": "csv", "sheet": "历年"}, None)
    content, files = said[-1]
    assert content["name"] == "全市看板-2026年-全市-历年-演示数据.csv"
    assert files == [to_csv(shown, "历年")]
    bar._heard(bar, {"format": "xlsx", "sheet": ""}, None)
    assert said[-1][1] == [to_xlsx(shown)]


@pytest.mark.parametrize("asked", [{}, None, [], {"format": "exe"}, {"format": ["png"]}, {"sheet": "名次"}])
def test_what_no_button_says_is_ignored(bar, asked):
    bar, said = bar
    bar._heard(bar, asked, None)
    assert said == []


def test_a_table_that_is_none_is_told(bar):
    bar, said = bar
    bar._heard(bar, {"format": "csv", "sheet": "<img src=x>"}, None)
    assert "没有名为" in said[-1][0]["said"]
    assert said[-1][1] == []


def test_a_fault_of_the_kit_is_told_without_its_words_and_not_hidden(shown):
    said, bar = [], save_bar(lambda: 1 / 0)
    bar.send = lambda content, buffers=None: said.append(content)
    with pytest.raises(ZeroDivisionError):
        bar._heard(bar, {"format": "png"}, None)
    assert said == [{"said": "文件没有生成，请刷新本页后再试。"}]


def test_head_figures_keep_their_own_decimals_and_dates_are_dates():
    frame = pd.DataFrame({
        "label": ["已评完", "总分", "合格率"], "value": [21, np.nan, 96.666], "digits": [0, 2, 1],
        "unit": ["个", "分", "%"], "change": [-1, np.nan, np.nan], "before": "2025",
        "shown": ["", "81.00–90.00", ""], "definition": "略。",
        "as_of": pd.Timestamp("2026-10-31"),
    })  # fmt: skip
    sheet = exports.figures(frame)
    assert list(sheet.columns) == ["label", "value", "unit", "change", "before", "as_of", "definition"]
    cells = [row[1:4] + row[5:6] for row in sheet.rows]
    assert cells == [["21", "个", "-1", "2026-10-31"], ["81.00–90.00", "分", "", "2026-10-31"],
                     ["96.7", "%", "", "2026-10-31"]]  # fmt: skip
    assert exports.said(frame)["总分"] == "略。"


def test_a_negative_figure_has_a_minus_in_the_picture_and_stays_a_number_in_the_files(shown, monkeypatch):
    drawn = []
    monkeypatch.setattr(exports, "png", lambda svg, scale: drawn.append(svg) or b"")
    to_png(shown)
    assert ">−1.25</text>" in drawn[0]
    assert ">−0.5</text>" in drawn[0]
    assert ">-1.25<" not in drawn[0]
    assert "-1.25" in to_csv(shown).decode("utf-8-sig")

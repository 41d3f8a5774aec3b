"""The score card of one area: every line, its points the area's total; evidence, what is to be mended, by file."""

import re

import pytest
from stores import sample_database

from chengxin.errors import UsageError
from chengxin.reports.area_card import area_card
from chengxin.reports.batch import make_reports
from chengxin.reports.county_index import county_index
from chengxin.store.attachments import attach
from chengxin.store.engine import open_store

AREA = "331082-S2"
DRAFT = "331024-S2"  # evidence is for what is not handed in yet


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    found = open_store(str(sample_database(tmp_path_factory.mktemp("card") / "x.db")))
    yield found
    found.dispose()


def cells(part) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(<td.*?)</tr>", part.text)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def test_every_line_stands_there_once_and_the_points_make_the_total(engine):
    card = area_card(engine, AREA, "2026")
    rows = [row for part in card.lines_tables() for row in cells(part)]
    assert [row[0].split(" ")[0] for row in rows] == [line.id for line in card.rubric.lines]
    assert all(row[3].endswith("。") and row[4] for row in rows)
    base, bonus, deduction = (sum(float(row[2]) for row in cells(part)) for part in card.lines_tables())
    assert base + bonus - deduction == pytest.approx(card.row["total"], abs=0.006)
    assert f"{card.row['total']:.2f}分" in card.title_facts().text
    (result,) = cells(card.result_table())
    assert [float(cell) for cell in result[:4]] == pytest.approx([base, bonus, deduction, card.row["total"]], abs=0.006)
    assert result[4:] == [str(card.row["county_rank"]), str(card.row["city_rank"])]


def test_the_card_says_what_the_unit_s_report_says(engine):
    whole, card = county_index(engine, "331082", "2026"), area_card(engine, AREA, "2026")
    row = whole.results.set_index("area").loc[AREA]
    assert card.row[["total", "city_rank", "county_rank"]].to_list() == row[
        ["total", "city_rank", "county_rank"]].to_list()  # fmt: skip
    mine = whole.items[whole.items["assessment"] == card.assessment]
    mended = cells(card.mend_table())
    assert len(mended) == len(mine) > 3
    assert sum(float(row[1]) for row in mended) == pytest.approx(100 - card.row["base"], abs=0.005 * len(mended))
    assert all(row[2] and row[3] and re.fullmatch(r"\d{4}-\d\d-\d\d", row[4]) for row in mended)


def test_an_incomplete_area_has_a_range_and_no_rank(engine):
    card = area_card(engine, "331004-J2", "2026")
    assert "完整度" in card.title_facts().text
    assert "不排名" in card.title_facts().text
    assert cells(card.result_table())[0][4:] == ["不排名", "不排名"]
    assert "—" in [row[2] for part in card.lines_tables() for row in cells(part)]
    alt, missing = card.waterfall().alt, re.findall(r"未评([\d.]+)分", card.waterfall().alt)
    assert alt.endswith(f"，最低可能总分{card.row['low']:.2f}分")
    assert sum(map(float, missing)) == pytest.approx(card.row["missing_points"])
    lost = sum(map(float, re.findall(r"−([\d.]+)分", alt)))  # what is not assessed is not lost
    assert lost == pytest.approx(100 - card.row["high"], abs=0.05)


def test_records_and_attached_files_are_counted_in_the_evidence(engine, tmp_path):
    from datetime import UTC, datetime

    before = {row[0].split(" ")[0]: row[4] for part in area_card(engine, DRAFT, "2026").lines_tables()
              for row in cells(part)}  # fmt: skip
    assert "（有台账记录" in before["10.6"]
    assert "佐证文件" not in "".join(before.values())
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    attach(engine, f"{DRAFT}-2026", "4.2", "台.png", picture, who="甲", at=datetime(2026, 11, 2, tzinfo=UTC))
    after = {row[0].split(" ")[0]: row[4] for part in area_card(engine, DRAFT, "2026").lines_tables()
             for row in cells(part)}  # fmt: skip
    assert {line for line in after if after[line] != before[line]} == {"4.2"}
    assert after["4.2"].endswith("<br>（有佐证文件1个）")


@pytest.mark.parametrize(
    ("area", "period", "said"),
    [
        ("X", "2026", "没有景区或街区“X”，可用：331002-J1、"),
        (AREA, "2025", "没有评价记录"),
        (AREA, "1999", "没有评价期"),
    ],
)
def test_a_wrong_parameter_is_told(engine, area, period, said):
    with pytest.raises(UsageError, match=said):
        area_card(engine, area, period)


def test_a_batch_makes_a_card_for_each_area_of_the_units_asked_for(engine, tmp_path):
    made = make_reports(str(engine.url.database), "2026", ["TZW", "331003"], tmp_path, kind="card").made
    assert [row.county for row in made] == ["331003-J1", "331003-S1", "TZW-J1"]
    assert {path.name for path in tmp_path.glob("card-2026-*.html")} == {row.file for row in made}
    page = (tmp_path / "card-2026-TZW-J1.html").read_text("utf-8")
    assert "演示·湾区商业街2026年诚信计量指数评分卡" in page
    assert "<h1>2026年诚信计量指数评分卡</h1>" in (tmp_path / "card-index.html").read_text("utf-8")

"""Self-assessment beside the re-check: the points as each was, who is told, and what a wrong file says."""

import csv
import re
from datetime import UTC, datetime

import pandas as pd
import pytest
from stores import sample_database

from chengxin.errors import UsageError
from chengxin.paths import place
from chengxin.reports.batch import make_reports
from chengxin.reports.kinds import planned
from chengxin.reports.recheck import rechecked
from chengxin.rubric.load import load_rubric
from chengxin.store import read
from chengxin.store.engine import open_store, record, writing

MINE = "331082-S2-2026"


@pytest.fixture
def engine(tmp_path):
    found = open_store(str(sample_database(tmp_path / "x.db")))
    yield found
    found.dispose()


def rows() -> list[dict[str, str]]:
    with (place("sample_data") / "rechecks.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_points_are_those_that_the_rule_gives_both_values(engine):
    both = rechecked(engine, "city", "2026")
    given = {(row["assessment"], row["line"]): row for row in rows() if row["assessment"].endswith("-2026")}
    stored = read.observations(engine, "2026").set_index(["assessment", "line"])
    assert len(both.lines) == len(given) > 100
    for row in both.lines.itertuples():
        line, check = load_rubric(row.kind).line(row.line), given[row.assessment, row.line]
        if check["outcome"] == "not_applicable":
            assert row.own == row.found == line.points
            continue
        entered = stored.loc[(row.assessment, row.line)]
        sides = [(entered["value"], entered["of"]), (float(check["value"]), float(check["of"] or "nan"))]
        told = [float(line.rule.score(line.points, *(pd.Series([x]).to_numpy() for x in side))[0]) for side in sides]
        assert [row.own, row.found] == pytest.approx(told)
    assert (both.lines["moved"] < 0).any()
    assert (both.lines["moved"] > 0).any()


def test_a_total_moves_by_what_its_lines_move(engine):
    both = rechecked(engine, "city", "2026")
    moved = both.lines.groupby("assessment")["moved"].sum()
    areas = both.areas.set_index("assessment")
    assert (areas["moved"] - moved).abs().max() < 0.011, "two decimals each"
    for who, area in areas.iterrows():
        mine = both.lines[both.lines["assessment"] == who]["moved"]
        assert (area["lines"], area["over"], area["under"]) == (len(mine), (mine < 0).sum(), (mine > 0).sum())


def test_a_later_correction_does_not_hide_what_was_found(engine):
    before = rechecked(engine, "331082", "2026")
    wrong = before.lines[(before.lines["assessment"] == MINE) & (before.lines["moved"] != 0)].iloc[0]
    check = next(row for row in rows() if (row["assessment"], row["line"]) == (MINE, wrong["line"]))
    mended = pd.DataFrame([{"assessment": MINE, "line": wrong["line"], "value": float(check["value"]),
                            "of": float(check["of"] or "nan"), "note": "照复核更正"}])  # fmt: skip
    midnight = datetime.fromisoformat(f"{check['done_on']}T16:00+00:00")  # in China the day of the re-check is over
    with writing(engine) as conn:
        record(conn, mended, who="甲", why="更正", at=midnight)
    after = rechecked(engine, "331082", "2026")
    pd.testing.assert_frame_equal(after.lines, before.lines)
    assert after.plain() == before.plain()


def test_what_was_entered_before_the_recheck_counts_in_its_last_version(engine):
    lines = rechecked(engine, "331082", "2025").lines
    yes_no = [load_rubric(row.kind).line(row.line).rule.kind == "met" for row in lines.itertuples()]
    row = lines[yes_no].iloc[0]
    for day, value in ((2, 1.0), (3, 0.0)):
        mended = pd.DataFrame([{"assessment": row["assessment"], "line": row["line"], "value": value, "note": "x"}])
        with writing(engine) as conn:
            record(conn, mended, who="甲", why="x", at=datetime(2026, 1, day, tzinfo=UTC))
    assert rechecked(engine, "331082", "2025").lines.loc[row.name, "own"] == 0


def test_the_report_says_it_in_words(engine, tmp_path):
    out = tmp_path / "out"
    made = make_reports(str(engine.url.database), "2026", ["city", "331082"], out, kind="recheck").made
    assert [row.state for row in made] == ["made"] * 2
    page = (out / "recheck-2026-city.html").read_text("utf-8")
    assert "演示数据" in page
    assert "AC1系数" in page
    table = re.search(r"表2.*?</table>", page, re.DOTALL)[0]
    moves = [float(cell.replace("−", "-")) for cell in re.findall(r'num">([+−][\d.]+)<', table)]
    assert moves == sorted(moves)
    assert len(re.findall('<tr class="?short', table)) == sum(move < 0 for move in moves) > 0


def test_units_with_rechecks_are_planned_and_where_there_are_none_it_is_told(engine):
    units = planned(engine, "recheck", "2026", None)
    work = read.assessments(engine, "2026").set_index("id")["unit"]
    assert set(units) == {"city", *(work[row["assessment"]] for row in rows() if row["assessment"] in work.index)}
    with pytest.raises(UsageError, match=r"2024年没有复核记录.*rechecks\.csv"):
        planned(engine, "recheck", "2024", None)
    for unit, said in (("331082", "没有复核记录"), ("X", "没有填报单位“X”")):
        with pytest.raises(UsageError, match=said):
            rechecked(engine, unit, "2024")


def test_every_fault_of_a_file_is_told_and_nothing_is_kept(engine, chengxin, tmp_path):
    (tmp_path / "rechecks.csv").write_text(
        "assessment,line,value,of,outcome,note,done_on,done_by\n"
        f"{MINE},2.1,-1,,assessed,,2026-10-31,甲\n{MINE},99.9,1,,assessed,,2026-10-31,甲\n"
        f"{MINE},1.1,7,,assessed,,2026-10-31,甲\nX,1.1,1,,assessed,,2026-10-31,甲\n",
        "utf-8",
    )
    before = read.counts(engine)["rows"].to_list()
    done = chengxin("load", tmp_path, "--database", engine.url.database)
    assert done.returncode == 1
    for said in ("rechecks.csv 第2行 value列", "rechecks.csv 第3行 line列", "rechecks.csv 第4行 value列",
                 "rechecks.csv 第5行 assessment列"):  # fmt: skip
        assert said in done.stderr, done.stderr
    assert read.counts(engine)["rows"].to_list() == before

"""Every move from every state, allowed or refused, through the one door; a first entry may be in any state."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from stores import empty_database, opened

from chengxin.errors import DataError
from chengxin.exchange.load import load
from chengxin.store import read, schema, states
from chengxin.store.engine import writing
from chengxin.store.write import put

ABOUT = {"who": "王科长", "why": "补正", "at": datetime(2026, 4, 1, tzinfo=UTC)}
FIRST = {
    "reporting_unit": {"code": "U", "name": "某局", "short_name": "某", "kind": "county"},
    "area": {"code": "A", "name": "某景区", "kind": "scenic_area", "unit": "U", "status": "applied"},
    "monitoring_point": {"code": "P", "unit": "U", "name": "某店", "sector": "加油", "status": "applied"},
    "assessment": {
        "id": "E", "area": "A", "period": "2026", "rubric": "scenic_area", "as_of": date(2026, 12, 31),
        "status": "draft", "demo": False,
    },
    "improvement": {
        "assessment": "E", "line": "2.1", "points": 2.0, "remedy": "送检", "owner": "某人", "state": "open",
    },
}  # fmt: skip
ALLOWED = {
    "area": "applied>recommended applied>withdrawn recommended>accepted recommended>withdrawn accepted>withdrawn "
    "withdrawn>applied",
    "monitoring_point": "applied>recommended applied>cancelled recommended>accepted recommended>cancelled "
    "accepted>cancelled cancelled>applied",
    "assessment": "draft>submitted submitted>draft submitted>approved approved>published published>withdrawn",
    "improvement": "open>rectified rectified>rechecked rectified>open",
}
MOVES = [
    (table, before, after)
    for table, (_, _, names, _) in states.MOVES.items()
    for before in names
    for after in names
    if before != after
]


def begin(conn, table, state):
    for name, row in FIRST.items():
        column = states.MOVES[name][1] if name in states.MOVES else "code"
        put(conn, name, [{**row, column: state if name == table else row[column]}], **ABOUT)
    key = {column.name: FIRST[table][column.name] for column in schema.REGISTRIES[table].primary_key}
    return key, states.MOVES[table][1]


@pytest.mark.parametrize(("table", "before", "after"), MOVES)
def test_every_move_is_allowed_or_refused_as_written(fresh, table, before, after):
    with fresh("empty") as address, opened(address) as engine:
        with writing(engine) as conn:
            key, column = begin(conn, table, before)
        allowed = f"{before}>{after}" in ALLOWED[table].split()
        if allowed:
            with writing(engine) as conn:
                assert put(conn, table, [{**key, column: after}], **ABOUT) == 1
        else:
            with pytest.raises(DataError, match="状态不能这样改") as refused, writing(engine) as conn:
                put(conn, table, [{**key, column: after}], **ABOUT)
            names = states.MOVES[table][2]
            assert f"由“{names[before]}”改为“{names[after]}”" in str(refused.value)
        with engine.connect() as conn:
            stored = conn.execute(sa.select(schema.REGISTRIES[table].c[column])).scalar()
            trail = conn.execute(sa.select(sa.func.count()).where(schema.AUDIT.c.action == "update")).scalar()
        assert (stored, trail) == ((after, 1) if allowed else (before, 0))


def test_one_bad_move_keeps_all_others_from_being_stored(tmp_path):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        areas = [{**FIRST["area"], "code": code, "status": "accepted"} for code in ("A", "B")]
        with writing(engine) as conn:
            put(conn, "reporting_unit", [FIRST["reporting_unit"]], **ABOUT)
            put(conn, "area", areas, **ABOUT)
        with pytest.raises(DataError) as refused, writing(engine) as conn:
            moved = [{"code": "A", "status": "withdrawn"}, {"code": "B", "status": "applied"}]
            put(conn, "area", moved, **ABOUT)
        assert [fault.where for fault in refused.value.faults] == ["景区街区“B”"]
        assert "“已纳入”之后为“已退出”" in str(refused.value)
        with engine.connect() as conn:
            assert set(conn.execute(sa.select(schema.AREA.c.status)).scalars()) == {"accepted"}


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        ("draft", "published", ("draft", "submitted", "approved", "published")),
        ("approved", "draft", ()),
        ("published", "submitted", ()),
        ("draft", "draft", ("draft",)),
    ],
)
def test_the_way_from_one_state_to_another(before, after, way):
    assert states.path("assessment", before, after) == way


def work(folder, *given):
    """Write assessments.csv: one row a state, from A0 on."""
    rows = [
        f"A{n},{FIRST['area']['code']},{2020 + n},scenic_area,2026-10-31,{state}\n" for n, state in enumerate(given)
    ]
    (folder / "assessments.csv").write_text("id,area,period,rubric,as_of,status\n" + "".join(rows), "utf-8")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("draft", "published", "“A1”由“草稿”改为“已发布”，应为“草稿”之后为“已提交”，"
         "请按“草稿→已提交→已审定→已发布”一步一步导入"),
        ("approved", "草稿", "“A1”由“已审定”改为“草稿”，应为“已审定”之后为“已发布”，没有到这一状态的途径"),
    ],
)  # fmt: skip
def test_a_load_that_jumps_is_refused_by_file_and_line_with_the_way(tmp_path, before, after, said):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        with writing(engine) as conn:
            put(conn, "reporting_unit", [FIRST["reporting_unit"]], **ABOUT)
            put(conn, "area", [FIRST["area"]], **ABOUT)
        work(tmp_path, "draft", before)
        load(engine, tmp_path, **ABOUT)
        work(tmp_path, "submitted", after)
        with pytest.raises(DataError) as refused:
            load(engine, tmp_path, **ABOUT)
        (fault,) = refused.value.faults
        assert fault.where == "assessments.csv 第3行 status列"
        assert f"{fault.found}，应为{fault.expected}，{fault.remedy}".startswith(said)
        assert set(read.assessments(engine)["status"]) == {"draft", before}


def test_what_may_follow_is_written_for_every_state_of_the_schema():
    for _, _, names, moves in states.MOVES.values():
        assert list(moves) == list(names)
        assert {after for follow in moves.values() for after in follow} <= set(names)

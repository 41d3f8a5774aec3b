"""Observations from any file or frame: names, types, line ids as numbers, every fault at once, whatever the junk."""

import io
import time
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from assessed import frame as framed
from assessed import full_marks
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.errors import DataError, Fault, Faults, UsageError
from chengxin.rubric.load import load_rubric
from chengxin.scoring.observations import NAMES, NEEDED, read_observations
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

STREET, SCENIC = load_rubric("street"), load_rubric("scenic_area")
WHOLE = framed({"甲": full_marks("street"), "乙": full_marks("street")})
SHEET = score(STREET, WHOLE)


def refused(rubric, source) -> Faults:
    with pytest.raises(DataError) as error:
        score(rubric, source)
    return error.value.faults


def same(source):
    """Scored, and held against the plain frame."""
    got = score(STREET, source)
    assert got["line"].astype(str).tolist() == SHEET["line"].astype(str).tolist()
    assert got["assessment"].astype(str).tolist() == SHEET["assessment"].astype(str).tolist()
    np.testing.assert_array_equal(got["score"], SHEET["score"])


@pytest.fixture
def saved(tmp_path):
    def save(text, encoding="utf-8"):
        (tmp_path / "obs.csv").write_bytes(text.encode(encoding))
        return tmp_path / "obs.csv"

    return save


# ---- frames ------------------------------------------------------------------------------------------------

FRAMES = {
    "polars": pl.DataFrame,
    "polars categories": lambda data: pl.DataFrame(data).with_columns(
        pl.col("assessment", "line").cast(pl.Categorical)
    ),
    "arrow": pa.table,
    "arrow batch": lambda data: pa.record_batch(pa.table(data).to_batches()[0].columns, names=list(data)),
    "duckdb": lambda data: duckdb.from_arrow(pa.table(data)),
    "objects": lambda data: pd.DataFrame(data, dtype=object),
    "nullable": lambda data: pd.DataFrame(data).convert_dtypes(),
    "categories": lambda data: pd.DataFrame(data).astype({"assessment": "category", "line": "category"}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_any_frame_scores_alike(kind):
    same(FRAMES[kind]({name: WHOLE[name].tolist() for name in WHOLE}))


@pytest.mark.parametrize("kind", ["polars", "arrow", "objects", "nullable"])
def test_lines_as_numbers_are_read_by_the_rubric(kind):
    data = {name: WHOLE[name].tolist() for name in ("assessment", "value", "of", "note")}
    same(FRAMES[kind](data | {"line": [float(line) for line in WHOLE["line"]]}))


def test_a_csv_read_by_pandas_scores_as_the_file_does(saved):
    path = saved(WHOLE.to_csv(index=False))
    assert pd.read_csv(path)["line"].dtype == float
    same(pd.read_csv(path))
    same(path)
    same(str(path))
    same(read_observations(path))
    same(pl.read_csv(path))


def test_decimals_and_categories_of_numbers_are_lines_too():
    same(WHOLE.assign(line=[Decimal(line) for line in WHOLE["line"]]))
    same(WHOLE.assign(line=pd.Categorical(WHOLE["line"].astype(float))))
    same(WHOLE.assign(line=WHOLE["line"].astype("float32")))


def test_chinese_columns_and_outcomes_in_any_case():
    chinese = {"assessment": "评价", "line": "条目", "value": "数值", "of": "总数", "outcome": "结论", "note": "说明"}
    same(WHOLE.rename(columns=chinese).assign(结论="已评价"))
    same(WHOLE.rename(columns=str.upper))
    same(WHOLE[["assessment", "line", "value", "of"]].assign(county="某县"))
    idle = WHOLE.assign(outcome=WHOLE["outcome"].mask(WHOLE["line"] == "1.1", "不适用"), note="没有")
    got = score(STREET, idle)
    assert set(got[got["line"] == "1.1"]["outcome"]) == {"not_applicable"}
    assert all(name not in NAMES for name in NEEDED)


def test_truth_values_count_as_one_and_nothing():
    rows = pd.DataFrame({"assessment": "甲", "line": ["3.1", "4.1"], "value": [True, False], "of": [None, 1]})
    for given_ in (rows, rows.assign(value=["True", "FALSE"]), rows.astype({"value": object})):
        got = score(STREET, given_).set_index("line")["value"]
        assert (got["3.1"], got["4.1"]) == (1, 0)


def test_numbers_that_stand_for_two_lines_or_for_none_are_told():
    lines = [STREET.lines[0].model_copy(update={"id": name}) for name in ("10.1", "10.10", "1", "1.0", "2.10")]
    rubric = STREET.model_copy(update={"lines": tuple(lines)})
    rows = pd.DataFrame({"assessment": "甲", "line": [10.1, 1.0, 2.1], "value": 1, "of": 1})
    first, second = refused(rubric, rows)
    assert "“10.1”、“10.10”" in first.found
    assert "“1”、“1.0”" in second.found
    assert "按文字读入" in first.remedy
    got = score(rubric, rows.assign(line=["10.1", "1.0", "2.10"]))
    assert got.dropna(subset="score")["line"].tolist() == ["10.1", "1.0", "2.10"]
    (fault,) = refused(STREET, pd.DataFrame({"assessment": ["甲"], "line": [3], "value": [1]}))
    assert (fault.row, fault.column, "没有“3”条" in fault.found) == (1, "line", True)


def test_a_frame_of_several_rubrics_is_told_to_be_split():
    both = pd.concat([WHOLE, framed({"丙": full_marks("scenic_area")})])
    (fault,) = refused(STREET, both)
    assert "“scenic_area”" in fault.found
    assert "分别评分" in fault.remedy
    (fault,) = refused(STREET, pd.concat([WHOLE.assign(rubric="street"), WHOLE.assign(rubric="scenic_area")]))
    assert "“street”、“scenic_area”" in fault.found
    same(WHOLE.assign(rubric="street"))
    same(WHOLE.assign(细则=STREET.title))


@pytest.mark.parametrize("source", [None, 3, [{"assessment": "甲"}], {"line": ["1.1"]}])
def test_what_is_neither_a_path_nor_a_frame_is_told(source):
    with pytest.raises(UsageError, match="路径"):
        score(STREET, source)


def test_a_column_given_twice_and_absent_columns_are_told_together():
    (fault,) = refused(STREET, WHOLE.assign(数值=1))
    assert fault.found == "列value重复"
    faults = refused(STREET, pd.DataFrame({"评价": ["甲"], "assessment": ["甲"], 3: [1]}))
    assert [fault.found for fault in faults] == ["缺少列line、value", "列assessment重复"]


# ---- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("head", ["assessment,line,value,of,outcome,note", "评价,条目,数值,总数,结论,说明",
                                  "某街观测,,,,,\nASSESSMENT,Line,VALUE,OF,outcome,NOTE"])  # fmt: skip
def test_a_file_is_read_however_it_was_saved(saved, encoding, separator, head):
    body = WHOLE.to_csv(index=False, header=False).replace("assessed", "已评价")
    same(saved((head + "\n" + body).replace(",", separator), encoding))


def test_faults_of_form_type_and_content_come_in_one_pass(saved):
    path = saved("assessment,line,value,of\n甲,1.1,12,10\n甲,3.1,一半,\n甲,9.9,1,\n甲,5.1\n甲,6.1,99,\n,7.1,x,\n")
    faults = refused(STREET, path)
    assert [(fault.file, fault.row) for fault in faults] == [("obs.csv", n) for n in (2, 3, 4, 5, 6, 7, 7)]
    assert [fault.column for fault in faults] == ["value", "value", "line", "", "value", "assessment", "value"]
    with pytest.raises(DataError) as error:
        read_observations(path)
    assert [fault.row for fault in error.value.faults] == [3, 5, 7, 7]


# ---- many faults, and junk ---------------------------------------------------------------------------------


def test_a_hundred_thousand_wrong_rows_are_a_short_message_at_once():
    rows = pd.DataFrame(
        {"assessment": [f"A{n}" for n in range(100_000)], "line": "1.1", "value": "十", "of": "很多" * 99}
    )
    started = time.process_time()
    faults = refused(STREET, rows)
    text = str(DataError("没有评分", faults))
    assert time.process_time() - started < 20
    assert len(faults) == 200_000
    assert len(text.encode()) < 8000
    assert "共200000处" in text
    assert "另有199950处" in text
    assert "value，应为有限的数：99975处" in text
    whole = faults.frame()
    assert len(whole) == len(faults)
    assert whole.columns.tolist() == ["file", "row", "column", "found", "expected", "remedy"]
    assert whole.iloc[[0, 1, -1]]["row"].tolist() == [1, 1, 100_000]
    assert [Fault(f, e, x, r, row=n, column=c) for f, n, c, e, x, r in whole.head(3).values.tolist()] == list(
        faults[:3]
    )


def test_other_kinds_of_faults_are_short_too(saved):
    lines = ["8.1", "9.9", "", "1.1", "2.1", "3.1"]
    text = io.StringIO()
    rows = pd.DataFrame(
        {"assessment": np.arange(60_000) // 6, "line": lines * 10_000, "value": -1, "of": 3, "note": ""}
    )
    rows.to_csv(text, index=False)
    assert len(str(DataError("没有评分", refused(STREET, saved(text.getvalue())))).encode()) < 8000


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 100), st.integers(), st.floats(), st.text(max_size=5), st.dates(),
    st.sampled_from([line.id for line in STREET.lines] + ["甲", "", " ", "assessed", "not_applicable"]),
    st.decimals(allow_nan=False), st.just([1]), st.just({}), st.binary(max_size=3), st.complex_numbers(),
)  # fmt: skip
COLUMNS = st.sampled_from(["assessment", "line", "value", "of", "outcome", "note", "row", "rubric", "评价", "x", 3])


@st.composite
def junk(draw):
    """A frame that may be anything, often with the right columns and sound cells."""
    count = draw(st.integers(0, 4))
    names = [*NEEDED, *draw(st.lists(COLUMNS, max_size=4))] if draw(st.booleans()) else draw(st.lists(COLUMNS))
    sound = {
        "assessment": "甲",
        "line": 1.1,
        "value": 1,
        "of": 1,
        "outcome": "assessed",
        "note": "好",
        "rubric": "street",
    }
    columns = [
        [sound.get(name, 1)] * count if draw(st.booleans()) else draw(st.lists(CELLS, min_size=count, max_size=count))
        for name in names
    ]
    frame = pd.concat([pd.Series(cells, dtype=object) for cells in columns], axis=1) if names else pd.DataFrame()
    frame.columns = names
    return frame.infer_objects() if draw(st.booleans()) else frame


@settings(max_examples=400, deadline=None, derandomize=True)
@given(junk())
def test_whatever_is_given_gives_a_sheet_or_faults_with_place_and_remedy(frame):
    try:
        sheet = score(STREET, frame)
    except DataError as refusal:
        error = refusal
    else:
        assert len(totals(sheet)) * len(STREET.lines) == len(sheet)
        return
    assert len(error.faults) >= 1
    assert len(error.frame()) == len(error.faults) == error.faults.kinds().total()
    for fault in error.faults:
        assert all((fault.where, fault.found, fault.expected, fault.remedy)), fault


@pytest.mark.parametrize("cell", [1 + 2j, [1], {}, b"x", "1+2j"])
@pytest.mark.parametrize("name", ["value", "of"])
def test_what_is_no_number_is_told_as_what_it_is(name, cell):
    row = {"assessment": "甲", "line": "1.1", "value": 1, "of": 1, name: cell}
    with pytest.raises(DataError) as refusal:
        score(STREET, pd.DataFrame([row]))
    assert [fault.column for fault in refusal.value.faults] == [name]


def test_an_error_without_a_fault_cannot_be_made():
    with pytest.raises(ValueError, match="at least one fault"):
        DataError("没有评分", [])

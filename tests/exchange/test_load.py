"""CSV in and out: the form of files, what rows must be, all or nothing, and no formula on the way out."""

import csv
import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import empty_database, opened

from chengxin.errors import DataError, StoreError, UsageError
from chengxin.exchange.csv import normal, read_csv, words, write_csv
from chengxin.exchange.load import load
from chengxin.exchange.rows import FILES
from chengxin.rubric.load import load_rubric
from chengxin.scoring.observations import read_observations
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read, schema
from chengxin.store.engine import open_store

ABOUT = {"who": "张三", "why": "首次导入", "at": datetime(2025, 4, 1, tzinfo=UTC)}
GOOD = {
    "reporting_units.csv": "code,name,short_name,admin_code,kind\n"
    "331083,玉环市市场监管局,玉环,331083,county\nTZW,台州湾新区分局,湾新,,branch\n",
    "areas.csv": "code,name,kind,unit,level,level_as_of,pilot_wave,status\n"
    "A1,大鹿岛（东区）,scenic_area,331083,4A,2024/12/31,1,accepted\nJ1,老街,street,TZW,,,,applied\n",
    "merchants.csv": "code,area,name,uscc,sector,premises,status\n"
    "M1,A1,海鲜行,91110000600037341L,餐饮,1号,open\nM2,J1,流动摊,,商贸,,closed\n",
    "assessments.csv": "id,area,period,rubric,as_of,status\n"
    "A1-2024,A1,2024,scenic_area,2024-12-31,published\nJ1-2024,J1,2024,street,2024年12月31日,draft\n",
    "observations.csv": "assessment,line,value,of,outcome,note\n"
    "A1-2024,2.1,1,,,\nA1-2024,8.1,19,20,assessed,\nJ1-2024,4.1,,,not_applicable,没有开展\n",
}
HEADS = {name: text.split("\n")[0].split(",") for name, text in GOOD.items()}


@pytest.fixture
def engine(tmp_path):
    with opened(empty_database(tmp_path / "x.db")) as engine:
        yield engine


def folder(tmp_path, encoding="utf-8", **changed):
    """The good files, some of them changed; a change of None leaves the file out."""
    (tmp_path / "in").mkdir(exist_ok=True)
    for name, text in (GOOD | {f"{key}.csv": text for key, text in changed.items()}).items():
        (tmp_path / "in" / name).unlink(missing_ok=True)
        if text is not None:
            (tmp_path / "in" / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return tmp_path / "in"


def refused(work, *args, **options) -> list[str]:
    with pytest.raises(DataError) as error:
        work(*args, **options)
    return [str(fault) for fault in error.value.faults]


def counted(engine):
    return read.counts(engine)["rows"].tolist()


# ---- load --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_five_files_are_loaded_and_a_second_time_changes_nothing(engine, tmp_path, encoding):
    source = folder(tmp_path, encoding)
    first = load(engine, source, **ABOUT)
    assert first == {"reporting_unit": 2, "area": 2, "merchant": 2, "assessment": 2, "observation": 3}
    before = counted(engine)
    assert set(load(engine, source, **ABOUT).values()) == {0}
    assert counted(engine) == before
    area = read.areas(engine).iloc[0]
    assert (area["name"], area["level_as_of"]) == ("大鹿岛（东区）", pd.Timestamp("2024-12-31"))
    assert read.units(engine)["admin_code"].isna().tolist() == [False, True]
    assert read.assessments(engine)["demo"].tolist() == [False, False]
    seen = read.observations(engine, rubric="scenic_area")
    assert totals(score(load_rubric("scenic_area"), seen))["assessed_points"].iloc[0] > 0


def test_merchants_inspected_one_by_one(engine, tmp_path):
    samples = "assessment,seed,population,drawn\nA1-2024,7,40,30\n"
    head = "assessment,merchant,line,result,note\n"
    good = f"{head}A1-2024,M1,8.1,合格,\nA1-2024,M1,10.5,bad,短秤\n"
    source = folder(tmp_path, merchant_samples=samples, merchant_checks=good)
    assert load(engine, source, **ABOUT) == load_counts(2, 3)
    rows, every = read.merchant_checks(engine, "2024", "scenic_area")
    assert rows.to_numpy().tolist() == [["A1-2024", "M1", "10.5", "bad"], ["A1-2024", "M1", "8.1", "ok"]]
    assert every == {"A1-2024": 40.0}
    wrong = f"{head}A1-2024,M2,8.1,ok,\nA1-2024,M1,1.1,ok,\nA1-2024,M9,8.1,好,\n"
    told = refused(load, engine, folder(tmp_path, merchant_checks=wrong, merchant_samples=samples.replace("40", "4")),
                   **ABOUT)  # fmt: skip
    for said in ("30大于population列的4", "merchant_checks.csv 第2行 merchant列：“M2”是“J1”的经营户；应为“A1”的经营户",
                 "merchant_checks.csv 第3行 line列：“1.1”条不是逐户检查的条目；应为逐户检查的条目：8.1、9.1、",
                 "第4行 result列"):  # fmt: skip
        assert any(said in each for each in told), (said, told)


def load_counts(units, seen):
    """What loading the good files changes, with two results of merchants in a draw."""
    places = dict.fromkeys(("reporting_unit", "area", "merchant", "assessment"), units)
    return places | {"merchant_sample": 1, "merchant_check": 2, "observation": seen}


def test_demo_marks_the_assessments_and_a_changed_cell_is_one_change(engine, tmp_path):
    load(engine, folder(tmp_path), **ABOUT, demo=True)
    assert read.assessments(engine)["demo"].all()
    changed = GOOD["observations.csv"].replace("19,20", "18,20")
    assert load(engine, folder(tmp_path, observations=changed), **ABOUT, demo=True) == {
        "reporting_unit": 0, "area": 0, "merchant": 0, "assessment": 0, "observation": 1,
    }  # fmt: skip


def test_full_width_signs_and_blanks_are_mended_in_codes_and_numbers_only(engine, tmp_path):
    source = folder(
        tmp_path,
        areas=GOOD["areas.csv"].replace("331083", "　３３１０８３ ").replace(",1,", ",１,").replace("4A", "４A"),
        observations=GOOD["observations.csv"]
        .replace("19,20", "１９， ２０".replace("，", ","))
        .replace("8.1", "８．１"),
    )
    load(engine, source, **ABOUT)
    assert read.areas(engine)["unit"].tolist() == ["331083", "TZW"]
    assert read.areas(engine)["level"].tolist()[0] == "４A"
    assert read.areas(engine)["pilot_wave"].tolist()[0] == 1
    assert read.observations(engine).query("line == '8.1'")[["value", "of"]].values.tolist() == [[19, 20]]


def test_text_that_attacks_is_stored_as_text(engine, tmp_path):
    attack = '"\'); DROP TABLE area; -- <img src=x onerror=alert(1)>"'
    load(engine, folder(tmp_path, areas=GOOD["areas.csv"].replace("老街", attack)), **ABOUT)
    assert read.areas(engine)["name"].tolist()[1] == attack.strip('"')


BROKEN = [
    ("reporting_units", "331083,玉环", "331021,玉环", "reporting_units.csv 第2行 code列：“331021”", "331083"),
    ("reporting_units", "county", "city", "reporting_units.csv 第2行 kind列：“city”；应为县级局（county）", ""),
    ("reporting_units", "TZW,", ",", "reporting_units.csv 第3行 code列：空白", "1至64位编号"),
    ("reporting_units", "TZW,", "331083,", "reporting_units.csv 第3行 code列：“331083”与第2行的“331083”重复", ""),
    ("reporting_units", "TZW,", "../TZW,", "reporting_units.csv 第3行 code列：“../TZW”", ""),
    ("areas", "TZW", "TZX", "areas.csv 第3行 unit列：“TZX”没有登记", "数据库中已有的编号"),
    ("areas", "2024/12/31", "2024-02-30", "areas.csv 第2行 level_as_of列：“2024-02-30”；应为日期", ""),
    ("areas", ",1,", ",1.5,", "areas.csv 第2行 pilot_wave列：“1.5”；应为试点批次", ""),
    ("areas", "大鹿岛", "大" * 201, "areas.csv 第2行 name列：“大大", "1至200个字"),
    ("merchants", "341L", "341M", "merchants.csv 第2行 uscc列：“91110000600037341M”", "校验码不符"),
    ("merchants", "341L", "341", "merchants.csv 第2行 uscc列：“91110000600037341”；应为18位", ""),
    ("merchants", "M2,J1", "M2,J9", "merchants.csv 第3行 area列：“J9”没有登记", ""),
    ("assessments", "J1-2024,J1,2024,street", "X,A1,2024,scenic_area",
     "assessments.csv 第3行 id列：A1、2024、scenic_area与第2行的“A1-2024”重复", ""),
    ("assessments", "draft", "done", "assessments.csv 第3行 status列：“done”；应为草稿（draft）", ""),
    ("assessments", "2024-12-31", "", "assessments.csv 第2行 as_of列：空白；应为日期", ""),
    ("observations", "J1-2024", "J9-2024", "observations.csv 第4行 assessment列：“J9-2024”没有登记", ""),
    ("observations", "2.1,1", "2.1,一", "observations.csv 第2行 value列：“一”不是数字", "不带单位"),
    ("observations", "19,20", "19,2O", "observations.csv 第3行 of列：“2O”不是数字", ""),
    ("observations", "assessed", "done", "observations.csv 第3行 outcome列：“done”；应为assessed", ""),
    ("observations", "8.1,19,20", "2.1,19,20", "observations.csv 第3行 line列：“A1-2024”的“2.1”条重复", ""),
    ("observations", "2.1,1", "99.1,1", "observations.csv 第2行 line列：重点景区诚信计量指数没有“99.1”条", ""),
    ("observations", "19,20", "21,20", "observations.csv 第3行 value列", "大于分母"),
]  # fmt: skip


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case[0]}: {case[1]} to {case[2][:10]}")
def test_one_broken_cell_is_named_and_nothing_is_stored(engine, tmp_path, case):
    file, old, new, said, also = case
    assert old in GOOD[f"{file}.csv"]
    source = folder(tmp_path, **{file: GOOD[f"{file}.csv"].replace(old, new, 1)})
    faults = refused(load, engine, source, **ABOUT)
    assert any(fault.startswith(said) and also in fault for fault in faults), faults
    assert not any(counted(engine))


def test_all_faults_of_all_files_come_together_in_order(engine, tmp_path):
    changed = {}
    for file, old, new, _, _ in BROKEN[1:2] + BROKEN[5:6] + BROKEN[9:10] + BROKEN[13:14] + BROKEN[16:18]:
        changed[file] = changed.get(file, GOOD[f"{file}.csv"]).replace(old, new, 1)
    faults = refused(load, engine, folder(tmp_path, **changed), **ABOUT)
    assert [fault.split("：")[0] for fault in faults] == [
        "reporting_units.csv 第2行 kind列", "areas.csv 第3行 unit列", "merchants.csv 第2行 uscc列",
        "assessments.csv 第3行 status列", "observations.csv 第2行 value列", "observations.csv 第3行 of列",
    ]  # fmt: skip


def test_a_refused_row_is_not_faulted_again_where_it_is_referred_to(engine, tmp_path):
    source = folder(tmp_path, reporting_units=GOOD["reporting_units.csv"].replace("county", "city"))
    assert len(refused(load, engine, source, **ABOUT)) == 1


def test_references_and_assessments_may_be_in_the_database_already(engine, tmp_path):
    load(engine, folder(tmp_path), **ABOUT)
    heads = {name: ",".join(head) + "\n" for name, head in HEADS.items()}
    later = {name.removesuffix(".csv"): text for name, text in heads.items()}
    later["assessments"] += "A1-2025,A1,2025,scenic_area,2025-12-31,draft\n"
    later["observations"] += "A1-2025,2.1,0,,,\nA1-2024,2.1,3,,,\n"
    counts = load(engine, folder(tmp_path, **later), **ABOUT)
    assert (counts["assessment"], counts["observation"]) == (1, 2)
    later["assessments"] = heads["assessments.csv"] + "NEU,A1,2024,scenic_area,2024-12-31,draft\n"
    assert "与数据库中的“A1-2024”重复" in refused(load, engine, folder(tmp_path, **later), **ABOUT)[0]


def test_a_value_unlike_the_ledgers_needs_a_reason_whoever_loads(engine, tmp_path):
    head = "id,area,merchant,point,kind,model,serial,maker,place,management,status,seal,mark,registered,code,scanned"
    scale = f"{head},calibration_months,maintained_on,in_use_since,retired_on\n" + (
        "I1,J1,,,电子计价秤,,S1,,,mandatory,in_use,完好,是,是,,,,,,\n"
    )
    seen = GOOD["observations.csv"] + "J1-2024,1.1,1,1,,\n"
    (fault,) = refused(load, engine, folder(tmp_path, instruments=scale, observations=seen), **ABOUT)
    assert fault.startswith("observations.csv 第5行 note列：“J1-2024”的1.1条与台账的0／1不同，没有说明")
    assert not any(counted(engine))
    load(engine, folder(tmp_path, instruments=scale, observations=seen.replace("1,1,,\n", "1,1,,复检合格\n")), **ABOUT)


def test_rechecks_are_checked_by_the_rubric_too(engine, tmp_path):
    rows = "assessment,line,value,of,outcome,note,done_on,done_by\nA1-2024,8.1,21,20,,,2025-03-01,复核组\n"
    (fault,) = refused(load, engine, folder(tmp_path, rechecks=rows.replace(",,,2025", ",已评,,2025")), **ABOUT)
    assert fault.startswith("rechecks.csv 第2行 value列")
    assert "大于分母" in fault


SURVEYS = "id,area,held_on,method,answers,satisfied\n"
RECHECKS = "assessment,line,value,of,outcome,note,done_on,done_by\n"


@pytest.mark.parametrize(
    ("file", "row", "place", "limit"),
    [
        ("surveys", "S1,A1,2024-10-08,,999999999,999999999", "", ""),
        ("surveys", "S1,A1,2024-10-08,,1000000000,1", "第2行 answers列：“1000000000”", "最大999999999"),
        ("rechecks", "A1-2024,8.1,19.0000000,20,已评,,2025-03-01,组", "第2行 value列：“19.0000000”", "小数不超过6位"),
        ("rechecks", "A1-2024,8.1,19,1000000000,已评,,2025-03-01,组", "第2行 of列：“1000000000”", "不超过9位"),
    ],
)
def test_numbers_beyond_the_limit_are_told_the_limit(engine, tmp_path, file, row, place, limit):
    source = folder(tmp_path, **{file: (SURVEYS if file == "surveys" else RECHECKS) + row + "\n"})
    if not place:
        assert load(engine, source, **ABOUT)["survey"] == 1
        return
    (fault,) = refused(load, engine, source, **ABOUT)
    assert fault.startswith(f"{file}.csv {place}")
    assert limit in fault


def test_a_failure_half_way_leaves_nothing(engine, tmp_path, monkeypatch):
    def broken(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("chengxin.exchange.load.record", broken)
    with pytest.raises(KeyboardInterrupt):
        load(engine, folder(tmp_path), **ABOUT)
    assert not any(counted(engine))


def test_a_folder_may_hold_some_of_the_files(engine, tmp_path):
    load(engine, folder(tmp_path, observations=None, merchants=None), **ABOUT)
    more = tmp_path / "more"
    more.mkdir()
    (more / "surveys.csv").write_text(
        "id,area,held_on,method,answers,satisfied\nS1,A1,2024-10-08,现场问卷,300,285\n", "utf-8"
    )
    assert load(engine, more, **ABOUT)["survey"] == 1
    (more / "surveys.csv").write_text("id,area,held_on,method,answers,satisfied\nS2,A1,2024-10-08,,300,385\n", "utf-8")
    faults = refused(load, engine, more, **ABOUT)
    assert faults == ["surveys.csv 第2行 satisfied列：385大于answers列的300；应为不大于300的数。"]


def test_wrong_folders_and_a_read_only_store_are_refused(engine, tmp_path):
    source = folder(tmp_path)
    (source / "merchant.csv").write_text("x", "utf-8")
    (fault,) = refused(load, engine, source, **ABOUT)
    assert fault.startswith("merchant.csv：不认识的文件")
    assert "是不是merchants.csv" in fault
    (source / "merchant.csv").unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    for wrong in (tmp_path / "nowhere", empty):
        with pytest.raises(UsageError, match=wrong.name):
            load(engine, wrong, **ABOUT)
    watching = open_store(engine.url.database, read_only=True)
    with pytest.raises(StoreError, match="只读"):
        load(watching, folder(tmp_path), **ABOUT)
    watching.dispose()


def test_codes_of_any_registering_authority_are_taken(engine, tmp_path):
    """Rural collectives have codes that begin with N; the check digit of the second is the remainder 0."""
    from stdnum.cn import uscc

    body = "N2331083MF0000001"
    zero = next(f"91110000600037{n:03}" for n in range(1000) if uscc.calc_check_digit(f"91110000600037{n:03}") == "0")
    codes = [body + uscc.calc_check_digit(body), zero + "0"]
    lines = [f"M{n},A1,某合作社,{code.lower()},商贸,,open\n" for n, code in enumerate(codes)]
    load(engine, folder(tmp_path, merchants=",".join(HEADS["merchants.csv"]) + "\n" + "".join(lines)), **ABOUT)


JUNK = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["", "331083", "A1", "A1-2024", "2024", "1", "-1", "1e400", "nan", "county", "street", "scenic_area", "open",
     "draft", "accepted", "2024-12-31", "0000-00-00", "=1+1", "'", '"', "91110000600037341L", "\x00", "２",
     "９９９９年９月９日"]
)  # fmt: skip
TABLES = st.fixed_dictionaries(
    {name: st.lists(st.lists(JUNK, min_size=len(head), max_size=len(head)), max_size=3) for name, head in HEADS.items()}
)


@pytest.fixture(scope="module")
def junk_store(tmp_path_factory):
    place = tmp_path_factory.mktemp("junk")
    with opened(empty_database(place / "x.db")) as engine:
        yield engine, place


@settings(max_examples=40, deadline=None, derandomize=True)
@given(TABLES, st.sampled_from(list(HEADS)), st.just(b"") | st.binary(max_size=12))
def test_junk_is_refused_or_loaded_and_never_a_traceback(junk_store, tables, where, noise):
    engine, place = junk_store
    source = folder(place)
    for name, rows in tables.items():
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        with (source / name).open("ab") as file:
            file.write(text.getvalue().encode() + (noise if name == where else b""))
    before = counted(engine)
    try:
        load(engine, source, **ABOUT)
    except DataError as error:
        faults = error.faults
    else:
        return
    assert faults
    assert counted(engine) == before


# ---- the form of a file ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "x.csv：空文件"),
        (b"\xef\xbb\xbf \r\n", "x.csv：空文件"),
        (b"a,b\n1,2\n\xff\xfe\n", "x.csv 第3行：编码读不懂"),
        (b"a,b\n1,2\n3,\x004\n", "x.csv 第3行：含有控制字符"),
        (b"a,b\n1,2,3\n", "x.csv 第2行：有3格；应为2格"),
        (b"a,b\n\n1\n", "x.csv 第3行：有1格；应为2格"),
        (b"a\n1\n", "x.csv 第1行：缺少列b"),
        (b"a,b,d\n1,2,3\n", "x.csv 第1行：多出列“d”"),
        (b"a,b,\n1,2,\n", "x.csv 第1行：第3列没有列名"),
        (b"a,b,a\n1,2,3\n", "x.csv 第1行：列a重复"),
        (b'a,b\n1,"2\n3,4\n', "x.csv 第2行：CSV写法有误"),
        (b'a,b\n1,"2"3\n', "x.csv 第2行：CSV写法有误"),
        (b"a,b\n1," + b"x" * 140000 + b"\n", "x.csv 第2行：CSV写法有误"),
    ],
)
def test_a_file_of_the_wrong_form_is_refused(tmp_path, data, said):
    (tmp_path / "x.csv").write_bytes(data)
    faults = refused(read_csv, tmp_path / "x.csv", ("a", "b"), ("c",))
    assert faults[0].startswith(said), faults


def test_missing_file_and_folder_instead_of_file(tmp_path):
    assert "没有这个文件" in refused(read_csv, tmp_path / "x.csv", ("a",))[0]
    assert "不能读取" in refused(read_csv, tmp_path, ("a",))[0]


def test_line_numbers_are_those_of_the_file(tmp_path):
    (tmp_path / "x.csv").write_bytes('\r\nb,ａ ,c\r\n1,"两\r\n行",\r\n\r\n,,\r\n2,001,NA\r\n'.encode())
    frame = read_csv(tmp_path / "x.csv", ("a", "b"), ("c", "d"))
    assert list(frame.columns) == ["a", "b", "c", "row"]
    assert frame["a"].tolist() == ["两\r\n行", "001"]
    assert frame["c"].tolist() == ["", "NA"]
    assert frame["row"].tolist() == [3, 7]


# ---- observations ------------------------------------------------------------------------------------------


def observed(tmp_path, text):
    (tmp_path / "o.csv").write_text(text, "utf-8")
    return read_observations(tmp_path / "o.csv")


def test_observations_need_only_three_columns(tmp_path):
    frame = observed(tmp_path, "line,assessment,value\n2.1,x, ２ \n10.10,x,\n")
    assert list(frame.columns) == ["assessment", "line", "value", "of", "outcome", "note", "row"]
    assert frame["line"].tolist() == ["2.1", "10.10"]
    np.testing.assert_array_equal(frame["value"], [2, np.nan])
    assert frame["of"].isna().all()
    assert frame["outcome"].tolist() == ["assessed"] * 2
    assert frame["note"].tolist() == ["", ""]
    assert frame["row"].tolist() == [2, 3]
    empty = observed(tmp_path, "line,assessment,value\n")
    assert empty.dtypes.to_dict() == frame.dtypes.to_dict()


BAD_NUMBERS = ["abc", "nan", "NaN", "inf", "-Infinity", "1e999", "0x10", "1_000", "1,000", "95%", "1 2", "5²", "③",
               "--1", ".", "1e", "真", "２０台", "−1", "'1", "=1"]  # fmt: skip


@pytest.mark.parametrize("cell", BAD_NUMBERS)
@pytest.mark.parametrize("column", ["value", "of"])
def test_what_is_no_number_is_refused(tmp_path, column, cell):
    value, of = (f'"{cell}"', "") if column == "value" else ("1", f'"{cell}"')
    faults = refused(observed, tmp_path, f"assessment,line,value,of\nx,1.1,1,\nx,2.1,{value},{of}\n")
    assert len(faults) == 1
    assert faults[0].startswith(f"o.csv 第3行 {column}列：“")
    assert "不是数字" in faults[0]


@pytest.mark.parametrize(
    "cell", ["0", "1", "+1", "-0.5", "1.", ".5", "1e2", "99.565", "0.1", "２．５", "1234567890123456"]
)
def test_numbers_are_read_exactly(tmp_path, cell):
    frame = observed(tmp_path, f"assessment,line,value\nx,1.1,{cell}\n")
    assert frame["value"].iloc[0] == float(normal(cell))


def test_faults_of_observations_come_together(tmp_path):
    text = "assessment,line,value,outcome\n,1.1,1,\nx,,1,\nx,2.1,many,done\nx,3.1,1,\nx, 3.1,2,\n"
    assert [fault.split("：")[0] for fault in refused(observed, tmp_path, text)] == [
        "o.csv 第2行 assessment列", "o.csv 第3行 line列", "o.csv 第4行 value列", "o.csv 第4行 outcome列",
        "o.csv 第6行 line列",
    ]  # fmt: skip


# ---- out ---------------------------------------------------------------------------------------------------

FORMULAS = ["=1+1", "+1", "-2分", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1", '=cmd|" /C calc"!A0', "=1,2"]


def test_no_text_cell_leaves_as_a_formula_and_numbers_are_untouched(tmp_path):
    frame = pd.DataFrame({"note": [*FORMULAS, "好=坏", None], "value": -1.5, "whole": -2}).convert_dtypes()
    frame["kind"] = pd.Categorical(frame["note"])
    frame["=head"] = frame["note"].astype(object)
    write_csv(frame, tmp_path / "x.csv")
    back = read_csv(tmp_path / "x.csv", ("note", "value", "whole", "kind", "'=head"))
    for column in ("note", "kind", "'=head"):
        assert back[column].tolist() == [*(f"'{cell}" for cell in FORMULAS), "好=坏", ""]
    assert set(back["value"]) == {"-1.5"}
    assert set(back["whole"]) == {"-2"}


def test_what_was_written_is_read_back_the_same(engine, tmp_path):
    notes = ["-2分，见照片", "'=引号", '说"好"，\n第二行', "<img src=x>", ""]
    frame = pd.DataFrame(
        {"assessment": "x", "line": [str(n) for n in range(5)], "value": [1.0, 0.1, np.nan, 99.565, 1e15]}
    )
    frame = frame.assign(of=np.nan, outcome="assessed", note=notes)
    write_csv(frame, tmp_path / "o.csv", bom=True)
    assert (tmp_path / "o.csv").read_bytes().startswith(b"\xef\xbb\xbfassessment,")
    back = read_observations(tmp_path / "o.csv").drop(columns="row")
    pd.testing.assert_frame_equal(back.drop(index=1), frame.drop(index=1), check_dtype=False)
    assert words("'=引号") == "=引号"


def test_writing_replaces_a_file_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    write_csv(pd.DataFrame({"a": [1]}), path)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("磁盘已满")))
    with pytest.raises(OSError, match="磁盘已满"):
        write_csv(pd.DataFrame({"a": [2]}), path)
    assert path.read_bytes() == b"a\r\n1\r\n"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_files_and_tables_have_the_same_columns():
    for file, (table, model) in FILES.items():
        columns = [column.name for column in schema.REGISTRIES[table].columns if column.name != "demo"]
        assert list(model.model_fields) == columns, file
        assert model.about


def test_every_registry_column_says_what_it_expects():
    for file, (_, model) in FILES.items():
        assert list(model.model_fields) == HEADS.get(file, list(model.model_fields))
        assert all(field.description for field in model.model_fields.values())


def test_personal_columns_of_complaints_are_never_read(engine, tmp_path):
    load(engine, folder(tmp_path), **ABOUT)
    more = tmp_path / "more"
    more.mkdir()
    head = "id,area,merchant,point,kind,channel,topic,cheating,received_on,settled_on,answered_on"
    (more / "complaints.csv").write_text(
        f"{head},姓名,手机号,身份证号,住址\nC1,A1,,,投诉,12315平台,计量,否,2024-05-06,,,赵某某,13800000000,110101199001011237,某路1号\n",
        "utf-8",
    )
    assert load(engine, more, **ABOUT)["complaint"] == 1
    with engine.connect() as conn:
        stored = "\n".join(conn.connection.driver_connection.iterdump())
    assert "C1" in stored
    assert not any(private in stored for private in ("赵某某", "13800000000", "110101199001011237", "某路1号"))
    (more / "complaints.csv").write_text(f"{head},微信\nC2,A1,,,投诉,12315平台,计量,否,2024-05-06,,,abc\n", "utf-8")
    assert "多出列“微信”" in refused(load, engine, more, **ABOUT)[0]

"""`chengxin reweigh` over the ledger: who counts, who is left out and why; nothing is filled in by itself."""

import json
import sqlite3

import pytest
from stores import sample_database

HEAD = "id,merchant,done_on,category,price,settled,actual,method\n"
ROWS = """W1,331082-S1-M01,2026-05-01,蔬菜,4,0.800,0.785,finer
W2,331082-S1-M01,2026-05-02,蔬菜,4,0.800,0.779,finer
W3,331082-S1-M02,2026-05-02,肉,28,1,0.991,equal
W4,331082-S1-M03,2026-05-02,蔬菜,4,30,29,finer
W5,331082-S1-M04,2025-12-31,蔬菜,4,1,0.5,finer
W6,331082-S1-M04,2026-11-01,蔬菜,4,1,0.5,finer
W7,331082-J1-M01,2026-05-02,蔬菜,4,1,0.5,finer
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory, chengxin):
    """The sample data, with the re-weighings of one scenic area replaced by those above."""
    folder = tmp_path_factory.mktemp("weighings")
    path = sample_database(folder / "x.db")
    with sqlite3.connect(path) as conn:
        conn.execute("delete from weighing where merchant like '331082-S1-%'")
    conn.close()
    (folder / "weighings.csv").write_text(HEAD + ROWS, "utf-8")
    done = chengxin("load", folder, "--database", path)
    assert done.returncode == 0, done.stderr
    return path


def words(database, *more, area="331082-S1"):
    return ("reweigh", "--area", area, "--period", "2026", "--as-of", "2026-10-31", "--database", database, *more)


def test_a_batch_gives_the_lines_value_with_the_weighings_behind_it(database, chengxin):
    done = chengxin(*words(database, "--format", "json"))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert list(said) == ["line", "value", "of", "evidence"]
    assert (said["line"], said["value"], said["of"]) == ("10.5", 1, 2)  # M02 of M01 and M02; M03 is beyond the table
    assert said["evidence"] == [{"ledger": "weighing", "id": each} for each in ("W1", "W2", "W3")]


def test_the_table_tells_who_was_short_and_what_was_left_out(database, chengxin):
    said = chengxin(*words(database)).stdout
    assert "10.5\t1\t2\t另有1次复称超出允许短缺量表的范围，未计入" in said
    assert "短缺21g；按“粮食、蔬菜、水果或不高于6元/kg的食品”允许短缺20g，超过允许短缺量。（W2）" in said
    assert "（W4）" in said
    assert not [each for each in ("W1", "W3", "W5", "W6", "W7") if f"（{each}）" in said]
    assert "不自动填入" in said


def test_the_street_has_its_own_line_and_the_ledger_fills_neither(database, chengxin):
    assert json.loads(chengxin(*words(database, "--format", "json", area="331082-J1")).stdout)["line"] == "9.5"
    for area, line in (("331082-S1", "10.5"), ("331082-J1", "9.5")):
        call = ("observe", "--area", area, "--period", "2026", "--as-of", "2026-10-31", "--format", "json")
        assert line not in {row["line"] for row in json.loads(chengxin(*call, "--database", database).stdout)}


def test_no_weighing_is_nothing_of_nothing(database, chengxin):
    call = ("reweigh", "--area", "331082-S1", "--period", "2020", "--as-of", "2020-12-31", "--database", database)
    assert json.loads(chengxin(*call, "--format", "json").stdout) == {
        "line": "10.5", "value": 0, "of": 0, "evidence": [],
    }  # fmt: skip
    assert "台账里没有这一期的复称。" in chengxin(*call).stdout


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ((), "缺少选项“--category、--settled、--actual”"),
        (("--category", "肉", "--settled", "1"), "缺少选项“--actual”"),
        (("--area", "331082-S1"), "缺少选项“--period”"),
        (("--as-of", "2026-10-31"), "缺少选项“--area、--period”"),
        (("--area", "331082-S1", "--period", "2026", "--actual", "1"), "不能同时写“--actual”"),
        (("--area", "X", "--period", "2026"), "没有景区、街区“X”"),
        (("--area", "331082-S1", "--period", "今年"), "评价期“今年”"),
        (("--area", "331082-S1", "--period", "2027", "--as-of", "2026-01-01"), "早于评价期2027年"),
        (("--area", "331082-S1", "--period", "2026", "--prefer", "x"), "--prefer得到“x”"),
        (("--area", "331082-S1", "--period", "2026", "--format", "xml"), "没有输出格式“xml”"),
        (("--category", "肉", "--settled", "1", "--actual", "1", "--format", "xml"), "没有输出格式“xml”"),
    ],
)
def test_wrong_use_is_told(database, chengxin, call, said):
    done = chengxin("reweigh", *call, "--database", database)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_weighing_that_cannot_be_judged_is_refused_at_its_row(database, chengxin, tmp_path):
    wrong = (
        "A,331082-S1-M01,2026-05-01,电器,4,1,1,finer\nB,331082-S1-M01,2026-05-01,其他食品,,1,1,finer\n"
        "C,331082-S1-M01,2026-05-01,肉,4,0.000,1,finer\n"
    )
    (tmp_path / "weighings.csv").write_text(HEAD + wrong, "utf-8")
    done = chengxin("load", tmp_path, "--database", database)
    assert done.returncode == 1
    for said in ("第2行 category列：“电器”", "第3行 price列：空白", "第4行 settled列：0"):
        assert said in done.stderr.replace("得到", ""), done.stderr

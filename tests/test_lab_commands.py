"""The lab from the command line, through the real entry point."""

import json

import pytest
from labdata import STREET, observed
from stores import sample_database

from chengxin import lab


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "o.csv"
    observed(STREET, 6, 1).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["effect", "intervals", "lines"])
def test_a_table_and_the_same_as_json(chengxin, csv, name):
    words = ["lab", name, csv, "--rubric", "street", *(["--draws", "200"] if name == "intervals" else [])]
    table, data = chengxin(*words), chengxin(*words, "--format", "json")
    assert (table.returncode, data.returncode) == (0, 0)
    rows = json.loads(data.stdout)
    frames = {
        "effect": lambda frame: lab.readings_effect(STREET, frame),
        "intervals": lambda frame: lab.rank_intervals(STREET, frame, 200, 1).table,
        "lines": lambda frame: lab.line_statistics(STREET, frame),
    }
    expected = frames[name](observed(STREET, 6, 1))
    key = expected.columns[0]
    assert [row[key] for row in rows] == expected[key].tolist()
    assert table.stdout.splitlines()[1].startswith(str(rows[0][key]))


def test_agreement_of_two_files(chengxin, csv, tmp_path):
    frame = observed(STREET, 6, 1)
    other = tmp_path / "b.csv"
    frame.assign(value=frame["value"].mask(frame["line"] == "3.1", 0)).to_csv(other, index=False)
    done = chengxin("lab", "agreement", csv, other, "--rubric", "street")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("全部")
    rows = json.loads(chengxin("lab", "agreement", csv, other, "--rubric", "street", "--format", "json").stdout)
    changed = next(row for row in rows if row["line"] == "3.1")
    assert changed["kappa"] is None
    assert changed["kappa_note"].startswith("不适用")
    assert changed["directions"] == [{"a": "满分", "b": "零分", "n": changed["n"] - changed["agreed"]}]


def test_a_period_of_the_database(chengxin, tmp_path):
    database = sample_database(tmp_path / "x.db")
    done = chengxin("lab", "effect", "--rubric", "street", "--period", "2026", "--database", database)
    assert done.returncode == 0
    assert "merchants" in done.stdout
    assert "演示数据" in done.stderr
    done = chengxin("lab", "effect", "--rubric", "street", "--period", "1999", "--database", database)
    assert done.returncode == 2
    assert "1999没有用“street”的评价" in done.stderr


def test_how_many_are_enough(chengxin):
    done = chengxin("lab", "enough", "--population", "1000", "--format", "json")
    assert json.loads(done.stdout)[0] | {"merchants": 278, "answers": 457} == json.loads(done.stdout)[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["effect"], "二者写一个"),
        (["effect", "CSV", "--period", "2026"], "二者写一个"),
        (["effect", "none.csv"], "没有文件"),
        (["intervals", "CSV", "--draws", "0"], "应为1至1000000次"),
        (["intervals", "CSV", "--seed", "-1"], "种子得到-1"),
        (["intervals", "CSV", "--vary", "weather"], "points、merchants、surveys"),
        (["intervals", "CSV", "--by", "moon"], "应为line、group之一"),
        (["lines", "CSV", "--format", "xml"], "没有输出格式“xml”"),
    ],
)
def test_wrong_use_is_said_in_chinese(chengxin, csv, words, said):
    done = chengxin("lab", *(csv if word == "CSV" else word for word in words), "--rubric", "street")
    assert done.returncode == 2
    assert said in done.stderr

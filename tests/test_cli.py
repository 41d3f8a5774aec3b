"""The command line through its real entry point."""

import json

import pytest
from exact import assess
from test_scoring import CASES, RUBRICS, frame


def csv(tmp_path, observations):
    path = tmp_path / "观测.csv"
    observations.to_csv(path, index=False, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_score_json_of_a_worked_case(case, tmp_path, chengxin):
    path = csv(tmp_path, frame({case["id"]: case["observations"]}))
    done = chengxin("score", path, "--rubric", case["rubric"], "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    (got,) = json.loads(done.stdout)
    assert list(got) == [
        "assessment", "rubric", "base", "bonus", "deduction", "raw", "total", "low", "high", "complete",
        "missing_points", "red_lines", "lines",
    ]  # fmt: skip
    want = assess(RUBRICS[case["rubric"]], {}, case["observations"])
    assert f"{got['total']:.2f}" == case["expected"]["total"]
    assert got["base"] == pytest.approx(float(want["base"]))
    assert set(got["lines"]) == set(want["scores"])
    assert all(set(line) == {"score", "outcome", "reason"} and line["reason"] for line in got["lines"].values())


def test_score_takes_readings_and_gives_null_while_incomplete(tmp_path, chengxin):
    case = CASES[0]
    seen = {line: value for line, value in case["observations"].items() if line != "2.1"}
    path = csv(tmp_path, frame({"甲": seen}))
    done = chengxin("score", path, "--rubric", "scenic_area", "--reading", "ceiling=100", "--format", "json")
    (got,) = json.loads(done.stdout)
    assert (got["total"], got["low"], got["high"], got["complete"]) == (None, 100.0, 100.0, False)
    assert got["lines"]["2.1"]["score"] is None


def test_bad_observations_are_told_at_their_lines(tmp_path, chengxin):
    path = tmp_path / "坏.csv"
    path.write_text("assessment,line,value,of\nA,9.9,1,\nA,2.1,-3,\nA,8.1,41,40\n", "utf-8")
    done = chengxin("score", path, "--rubric", "scenic_area")
    assert (done.returncode, done.stdout) == (1, "")
    for words in ("共3处", "第2行 line列", "第3行 value列", "第4行 value列"):
        assert words in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["score", "无.csv", "--rubric", "street"], "无.csv"),
        (["rubric", "show", "不存在"], "没有评分细则"),
        (["report", "--period", "2026", "--database", "没有.db"], "没有.db"),
    ],
)
def test_a_mistake_is_answered_in_chinese(words, said, tmp_path, chengxin):
    done = chengxin(*words, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr


def test_wrong_reading_and_rubric_are_usage_errors(tmp_path, chengxin):
    path = csv(tmp_path, frame({"甲": CASES[0]["observations"]}))
    done = chengxin("score", path, "--rubric", "scenic_area", "--reading", "merchants=大概")
    assert done.returncode == 2
    assert "merchants" in done.stderr


def test_rubric_commands(chengxin):
    assert "scenic_area" in chengxin("rubric", "list").stdout
    assert chengxin("rubric", "check").returncode == 0
    assert "| 2.1 器具在检定周期内 |" in chengxin("rubric", "show", "scenic_area").stdout
    assert "没有差别" in chengxin("rubric", "diff", "street", "street").stdout

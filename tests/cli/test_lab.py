"""The lab from the command line, through the real entry point."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request

import pytest
from conftest import COMMAND
from labdata import STREET, observed
from stores import opened, sample_database

from chengxin import lab
from chengxin.ledgers.filings.form import load_form
from chengxin.ledgers.filings.judge import checked
from chengxin.reports.recheck import rechecked
from chengxin.store import read


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "o.csv"
    observed(STREET, 6, 1).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return sample_database(tmp_path_factory.mktemp("lab") / "x.db")


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


def test_lines_say_what_leaving_each_out_would_do(chengxin, csv):
    words, told = ["lab", "lines", csv, "--rubric", "street"], ["reranked", "most_places", "first"]
    expected = lab.leave_one_out(STREET, observed(STREET, 6, 1)).set_index("line")[told]
    for row in json.loads(chengxin(*words, "--format", "json").stdout):
        known = row["line"] in expected.index
        assert [row[name] for name in told] == (expected.loc[row["line"]].tolist() if known else [None] * 3)
    assert "去掉后变名次（个）" in chengxin(*words).stdout.splitlines()[0]


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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "请写一种"),
        (["A", "A", "--rubric", "street", "--filings", "2026"], "请写一种"),
        (["--assessors", "2026"], "请写一种"),
        (["--filings", "2026", "--by", "moon"], "不能按“moon”分开"),
        (["A", "A", "--rubric", "street", "--by", "item"], "不能按“item”分开"),
        (["--filings", "%"], "应为2026或2026Q3这样的写法"),
        (["--filings", "1999"], "没有自查和核查都填了的季报"),
        (["--assessors", "2026", "--rubric", "street"], "没有哪一条由两个人先后评过"),
        (["A", "none.csv", "--rubric", "street"], "没有文件"),
    ],
)
def test_agreement_says_how_it_is_used(chengxin, csv, base, words, said):
    done = chengxin("lab", "agreement", *(csv if word == "A" else word for word in words), "--database", base)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(("by", "key"), [("all", None), ("item", "item"), ("sector", "sector"), ("unit", "unit")])
def test_self_checks_against_on_site_checks_of_the_database(chengxin, base, by, key):
    done = chengxin("lab", "agreement", "--filings", "2026", "--by", by, "--format", "json", "--database", base)
    rows = json.loads(done.stdout)
    with opened(base) as engine:
        books = read.books(engine, ["filing", "filing_answer"])
    filings = books["filing"][books["filing"]["quarter"].str[:4] == "2026"]
    found = checked(load_form(), books["filing_answer"], filings, books["monitoring_point"])
    assert sum(row["n"] for row in rows) == len(found)
    assert sum(row["overstated"] for row in rows) == (found["direction"] == "overstated").sum()
    assert len(rows) == (found[key].nunique() if key else 1)
    if key is None:
        table = chengxin("lab", "agreement", "--filings", "2026", "--database", base)
        assert "AC1" in table.stdout.splitlines()[0]
        assert "演示数据" in table.stderr


def test_self_assessments_against_re_checks_of_the_database(chengxin, base):
    done = chengxin("lab", "agreement", "--rechecks", "2026", "--rubric", "street", "--database", base, "--format",
                    "json")  # fmt: skip
    whole, *lines = json.loads(done.stdout)
    assert (whole["line"], whole["n"]) == ("全部", sum(row["n"] for row in lines))
    looked = rechecked(str(base), "city", "2026").lines.query("kind == 'street'")
    assert whole["n"] == len(looked)
    assert whole["agreed"] == int((looked["own_said"] == looked["found_said"]).sum()) < len(looked)
    by_line = {row["line"]: row["said"] for row in lines}
    assert any(said.startswith("自评平均高") for said in by_line.values())
    assert "演示数据" in done.stderr
    for words, said in ((["2024", "--rubric", "street"], "没有复核记录"), (["2026"], "--rechecks 评价期和--rubric")):
        done = chengxin("lab", "agreement", "--rechecks", *words, "--database", base)
        assert done.returncode == 2
        assert said in done.stderr


def test_assessors_of_one_area_and_merchants_known_one_by_one(chengxin, tmp_path):
    database = sample_database(tmp_path / "y.db")
    conn = sqlite3.connect(database)
    conn.execute(
        """INSERT INTO observation_history SELECT assessment, line, 2, 0, of, outcome, note, '2026-12-01T00:00:00Z',
        '李四', '复核' FROM observation_history WHERE assessment = '331002-J1-2026' AND line IN ('3.1', '7.1')"""
    )
    conn.commit()
    conn.close()
    done = chengxin("lab", "agreement", "--assessors", "2026", "--rubric", "street", "--database", database, "--format",
                    "json")  # fmt: skip
    rows = {row["line"]: row for row in json.loads(done.stdout)}
    assert (rows["3.1"]["n"], rows["3.1"]["agreed"], rows["全部"]["n"]) == (1, 0, 2)
    assert "后一人看得到前一人的判断" in done.stderr
    assert "李四" not in done.stdout + done.stderr
    words = ["--rubric", "street", "--period", "2026", "--vary", "merchants", "--draws", "50", "--database", database]
    rows = json.loads(chengxin("lab", "intervals", *words, "--format", "json").stdout)
    how = {row["assessment"]: row["merchants"] for row in rows}
    assert how["331002-J1-2026"] == "逐户"
    assert how["331022-J1-2026"] == "部分逐户"  # the ledgers fill in some of its lines
    assert set(how.values()) == {"逐户", "部分逐户", "按户数"}
    assert "抽查户重抽" in chengxin("lab", "intervals", *words).stdout.splitlines()[0]


def test_files_with_a_head_alone_are_refused(chengxin, csv, tmp_path):
    empty = tmp_path / "e.csv"
    empty.write_text("assessment,line,value\n", "utf-8")
    for words in (["exercise", empty, csv], ["exercise", csv, empty], ["agreement", empty, csv], ["effect", empty],
                  ["intervals", empty], ["lines", empty]):  # fmt: skip
        done = chengxin("lab", *words, "--rubric", "street")
        assert (done.returncode, "Traceback" in done.stderr, done.stdout) == (2, False, ""), (words, done.stderr)


def test_intervals_say_how_far_the_points_moved(chengxin, csv):
    words = ["lab", "intervals", csv, "--rubric", "street", "--draws", "200"]
    done = chengxin(*words, "--concentration", "100", "--confidence", "80")
    assert "最好、最差为80%的抽取所在；分值的集中度为100：" in done.stdout
    assert "区间重叠（个）" in done.stdout.splitlines()[0]
    near, far = (json.loads(chengxin(*words, "--concentration", c, "--format", "json").stdout) for c in ("1e6", "20"))
    assert sum(row["high"] - row["low"] for row in near) < sum(row["high"] - row["low"] for row in far)
    for wrong in (["--concentration", "0"], ["--confidence", "100"], ["--seed", "-1"]):
        assert chengxin(*words, *wrong).returncode == 2


def test_enough_says_what_answers_confirm_and_how_far_n_merchants_reach(chengxin):
    done = chengxin("lab", "enough", "--population", "120", "--n", "30")
    assert "±15.6%" in done.stdout  # as in the example of `margin_of_error`
    assert "问卷457份，要调查所得满意度达到97.0%才能确认不低于95.0%" in done.stdout
    (row,) = json.loads(chengxin("lab", "enough", "--format", "json").stdout)
    assert "margin_of_n" not in row
    assert chengxin("lab", "enough", "--population", "20", "--n", "30").returncode == 2


def test_an_exercise_of_several_teams(chengxin, csv, tmp_path):
    frame = observed(STREET, 6, 1)
    reference = tmp_path / "r.csv"
    frame[frame["assessment"] == "A00"].to_csv(reference, index=False)
    words = ["lab", "exercise", csv, reference, "--rubric", "street"]
    (told,) = json.loads(chengxin(*words, "--format", "json").stdout)
    lines, teams = lab.consistency(STREET, frame, frame[frame["assessment"] == "A00"])
    assert [row["line"] for row in told["lines"]] == lines["line"].tolist()
    assert told["teams"][0] | {"assessment": "A00", "differ": 0} == told["teams"][0]
    assert [row["differ"] for row in told["teams"]] == teams["differ"].tolist()
    table = chengxin(*words).stdout
    assert "与参考相同" in table.splitlines()[0]
    assert "偏差（分）" in table
    assert "应为1个" in chengxin("lab", "exercise", csv, csv, "--rubric", "street").stderr


def test_a_period_of_the_database(chengxin, base):
    database = base
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


def test_start_puts_a_demo_that_says_so_into_a_folder_and_keeps_what_is_there(chengxin, tmp_path):
    done = chengxin("lab", "start", "台", "--demo", "--no-open", cwd=tmp_path, CHENGXIN_DB="")
    assert (done.returncode, done.stderr) == (0, "")
    assert "演示数据" in done.stdout
    assert "jupyter lab" in done.stdout
    with opened(tmp_path / "台" / "chengxin.db") as engine:
        assert read.assessments(engine)["demo"].all()
    book = sorted((tmp_path / "台" / "lab").glob("*.ipynb"))[0]
    book.write_text("{}", "utf-8")
    again = chengxin("lab", "start", "台", "--demo", "--no-open", cwd=tmp_path, CHENGXIN_DB="")
    assert again.returncode == 0
    assert f"没有改动：lab/{book.name}\n" in again.stdout
    assert book.read_text("utf-8") == "{}"


def test_start_without_a_database_makes_an_empty_one_and_says_what_next(chengxin, tmp_path):
    done = chengxin("lab", "start", "--no-open", cwd=tmp_path, CHENGXIN_DB="")
    assert (done.returncode, done.stderr) == (0, "")
    assert "chengxin load 文件夹 --database chengxin-lab/chengxin.db" in done.stdout
    with opened(tmp_path / "chengxin-lab" / "chengxin.db") as engine:
        assert read.assessments(engine).empty
    refused = chengxin("lab", "start", "--demo", "--no-open", cwd=tmp_path, CHENGXIN_DB="")
    assert refused.returncode == 2
    assert "不是演示数据，没有改动" in refused.stderr


def test_start_takes_a_named_database_and_refuses_a_missing_one_before_anything_is_done(chengxin, base, tmp_path):
    done = chengxin("lab", "start", "b", "--database", base, "--no-open", cwd=tmp_path)
    assert done.returncode == 0
    assert not (tmp_path / "b" / "chengxin.db").exists()
    assert (tmp_path / "b" / "lab").is_dir()
    missing = chengxin("lab", "start", "c", "--database", "nope.db", "--no-open", cwd=tmp_path)
    assert missing.returncode == 1
    assert "找不到数据库文件" in missing.stderr
    both = chengxin("lab", "start", "c", "--database", base, "--demo", "--no-open", cwd=tmp_path)
    assert both.returncode == 2
    assert "二者写一个" in both.stderr
    assert not (tmp_path / "c").exists()


def test_start_opens_jupyterlab_on_this_machine_and_stops_with_it(base, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')  # CI may be root
    environment = {**os.environ, "PYTHONUTF8": "1", "JUPYTER_CONFIG_DIR": str(tmp_path)}
    words = [COMMAND, "lab", "start", "b", "--database", base, "--open", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(
        [str(word) for word in words], cwd=tmp_path, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5) as answer:
                    assert json.load(answer)["version"]
                break
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.5)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert "正在打开JupyterLab" in output.decode()
    assert b"Traceback" not in errors

"""The command line through its real entry point: what it does, and that it speaks Chinese alone."""

import io
import json
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest
import typer
from assessed import CASES, RUBRICS, frame
from conftest import COMMAND
from exact import assess

from chengxin.cli.console import progress
from chengxin.cli.main import app
from chengxin.rubric.load import rubric_paths

# what a person must type or will meet as a name; any other ASCII word would be English
NAMES = """
kg equal finer group points merchants surveys all item sector
stricter strict demo rubrics settings tables yaml README md Q index monitoring year city
chengxin CHENGXIN_DB chengxin.db sample_data reports chengxin-demo observations
CSV YAML HTML Markdown Word Excel table csv json html pdf docx xlsx ipynb assessment line value of outcome note
comparison merchant cancel yes no dispute_days
papermill JupyterLab DuckDB pandas SQL card recheck Dask tcp
"""


def pages(command, *path):
    """Every command and group by its words, with the names of its options and commands."""
    names = [name for param in command.params for name in param.opts] + [*getattr(command, "commands", {}), "--help"]
    yield path, names
    for name, sub in getattr(command, "commands", {}).items():
        yield from pages(sub, *path, name)


PAGES = dict(pages(typer.main.get_command(app)))
KNOWN = set(
    re.findall(r"[A-Za-z]+", " ".join([NAMES, *rubric_paths(), *(name for names in PAGES.values() for name in names)]))
)


def foreign(text: str, *typed: object) -> set[str]:
    """ASCII words that are neither names nor words the person typed."""
    return set(re.findall(r"[A-Za-z]+", text)) - KNOWN - set(re.findall(r"[A-Za-z]+", " ".join(map(str, typed))))


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
def test_a_help_page_is_chinese_and_names_everything(path, chengxin):
    done = chengxin(*path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert not foreign(done.stdout)
    assert done.stdout.startswith(" ".join(["用法：chengxin", *path]))
    assert all(name in done.stdout for name in PAGES[path] if name.startswith("-"))
    assert "None" not in done.stdout


@pytest.mark.parametrize("path", [(), ("rubric",)], ids=" ".join)
def test_no_command_shows_the_help_page_as_wrong_use(path, chengxin):
    done = chengxin(*path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == chengxin(*path, "--help").stdout


MISTAKES = {
    "missing option": (["score", "a.csv"], ["缺少选项“--rubric 细则”", "score --help"]),
    "missing argument": (["score", "--rubric", "street"], ["缺少参数“观测.csv…”", "score --help"]),
    "missing period": (["report"], ["缺少选项“--period 评价期”"]),
    "no number": (["report", "--jobs", "两个"], ["选项“--jobs 个数”应为整数，不小于1", "report --help"]),
    "too small": (["report", "--jobs", "0"], ["选项“--jobs 个数”应为整数，不小于1"]),
    "no numbers": (["bench", "report", "--units", "x"], ["选项“--units 份数”应为整数，不小于1"]),
    "unknown option": (["score", "--rubrc", "x"], ["没有选项“--rubrc”，是不是要写“--rubric”"]),
    "unknown short option": (["status", "-z"], ["没有选项“-z”", "status --help"]),
    "unknown option before the command": (["--colour"], ["没有选项“--colour”"]),
    "unknown command": (["scoer"], ["没有命令“scoer”", "score、init、load"]),
    "unknown command of a group": (["rubric", "lst"], ["没有命令“lst”", "list、check、show、diff"]),
    "no command after dashes": (["--"], ["没有写命令", "chengxin --help"]),
    "extra argument": (["rubric", "show", "street", "b", "c"], ["多出参数“b、c”", "引号"]),
    "extra argument of a command without any": (["status", "b"], ["多出参数“b”"]),
    "no value": (["report", "--period"], ["选项“--period”后面要写值"]),
    "value of a flag": (["report", "--period", "2026", "--force=1"], ["选项“--force”不带值"]),
    "no such file": (["score", "b.csv", "--rubric", "street"], ["没有文件“b.csv”", "当前文件夹"]),
    "folder for a file": (["score", ".", "--rubric", "street"], ["没有文件“.”"]),
    "no such folder": (["load", "b"], ["没有文件夹“b”"]),
    "unknown rubric": (["rubric", "show", "stret"], ["没有评分细则“stret”", "street"]),
    "unknown format": (["score", "a.csv", "--rubric", "street", "--format", "xml"], ["没有输出格式“xml”"]),
    "reading without sign": (["score", "a.csv", "--rubric", "street", "--reading", "x"], ["名称=选项"]),
    "file in place of the folder": (["demo", "--out", "a.csv"], ["“a.csv”：已有同名文件"]),
}


@pytest.mark.parametrize(("typed", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_wrong_use_and_told_in_chinese(typed, said, tmp_path, chengxin):
    (tmp_path / "a.csv").write_text("assessment,line,value\n", "utf-8")
    done = chengxin(*typed, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(words in done.stderr for words in said), done.stderr
    assert not foreign(done.stderr, *typed, tmp_path)


def test_the_check_for_english_finds_what_the_library_says_by_itself():
    assert foreign("Usage: chengxin score [OPTIONS]") == {"Usage", "OPTIONS"}
    assert foreign("Missing option '--rubric'.") == {"Missing", "option"}


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


def test_many_faults_are_a_short_message_and_a_file_with_all(tmp_path, chengxin):
    rows = "".join(f"A{n},1.1,十,\n" for n in range(3000))
    (tmp_path / "o.csv").write_text(f"评价,条目,数值,总数\n{rows}A1,9.9,1,\n", "utf-8")
    done = chengxin("score", "o.csv", "--rubric", "street", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.encode()) < 8000
    assert "  50. o.csv 第51行 value列" in done.stderr
    assert "另有2951处" in done.stderr
    assert f"全部3001处见“{tmp_path / 'faults.csv'}”。" in done.stderr
    told = (tmp_path / "faults.csv").read_text("utf-8-sig").splitlines()
    assert told[0] == "file,row,column,found,expected,remedy"
    assert told[-1].startswith("o.csv,3002,line,")
    assert len(told) == 3002


def test_a_database_that_is_not_there_is_told_with_what_to_run(tmp_path, chengxin):
    done = chengxin("report", "--period", "2026", "--database", "没有.db", cwd=tmp_path)
    assert done.returncode == 1
    assert "没有.db" in done.stderr
    assert "chengxin init" in done.stderr


def test_a_console_that_cannot_write_chinese_is_no_failure(chengxin):
    done = chengxin("rubric", "list", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "scenic_area" in done.stdout


def test_wrong_reading_and_rubric_are_usage_errors(tmp_path, chengxin):
    path = csv(tmp_path, frame({"甲": CASES[0]["observations"]}))
    done = chengxin("score", path, "--rubric", "scenic_area", "--reading", "merchants=大概")
    assert done.returncode == 2
    assert "merchants" in done.stderr


def test_the_demo_on_a_pipe_is_a_line_for_each_unit_and_says_what_to_open(demo, tmp_path, chengxin):
    out = shutil.copytree(demo, tmp_path / "again")  # its reports are up to date, so no kernel is started
    done = chengxin("demo", "--out", out)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == len(list(demo.glob("2026-*.html")))
    assert lines[-1] == "  台州湾新区（TZW）：已是最新"
    assert all(re.fullmatch(r"  \w+（\w+）：已是最新", line) for line in lines)
    assert "演示数据：各项结果均为虚构" in done.stdout
    assert f"{len(lines)}个可用，0个失败" in done.stdout
    assert f"请用浏览器打开：{out / 'index.html'}" in done.stdout
    assert not foreign(done.stdout + done.stderr, out, "TZW index.html")


def test_the_demo_ends_with_the_site_it_serves(demo, tmp_path):
    out = shutil.copytree(demo, tmp_path / "again")
    call = [COMMAND, "demo", "--out", out, "--serve"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8") as site:
        said = "".join(iter(site.stdout.readline, "按 Ctrl+C 停止。\n"))
        address = re.search(r"网站已打开：(http://127\.0\.0\.1:\d+/)$", said.rstrip())[1]
        with urllib.request.urlopen(address) as answer:
            assert "演示模式" in answer.read().decode()
        site.terminate()
        assert site.wait(30) == 0


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_on_a_terminal_a_bar_counts_the_units_and_names_them(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with progress(2) as show:
        show("椒江区（331002）", "已生成")
        show("温岭市（331081）", "失败，没有评价记录")
        seen = sys.stderr.getvalue().split("\r")
    assert [line.split(" ")[0] for line in seen if line] == ["0/2", "1/2", "2/2"]
    assert "椒江区（331002）" in seen[-2]
    assert "█" in seen[-2]
    assert not foreign("".join(seen))
    assert sys.stderr.getvalue().split("\r")[-2].isspace()  # wiped, so that the summary stands alone


def test_rubric_commands(chengxin):
    assert "scenic_area" in chengxin("rubric", "list").stdout
    assert chengxin("rubric", "check").returncode == 0
    assert "| 2.1 器具在检定周期内 |" in chengxin("rubric", "show", "scenic_area").stdout
    assert "没有差别" in chengxin("rubric", "diff", "street", "street").stdout

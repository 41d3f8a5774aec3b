"""The fast batch: forked kernels equal stock Papermill's, nothing leaks, a fault costs its own report only."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from chengxin import kernels, report_commands
from chengxin.batch import make_reports
from chengxin.kernels import Forks
from chengxin.making import WARM, execute
from chengxin.reports import KINDS

AWKWARD = [
    "import sys\nprint('out')\nprint('err', file=sys.stderr)",
    "import warnings\nwarnings.warn('mind this', UserWarning)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "from IPython.display import display, clear_output\nh = display('first', display_id=True)\nh.update('second')",
    "print('gone')\nclear_output()\nprint('kept')",
    "import os\nos.system('echo from the shell');",
    "!echo from the bang",
    "%%time\nsum(range(1000))",
    "import asyncio\nawait asyncio.sleep(0.01)\n'awaited'",
    "import ipywidgets\nipywidgets.IntSlider(value=3)",
    "import os, sys\n[type(get_ipython()).__name__, __name__, sys.path[0] == '', os.getcwd() == os.environ['PWD']]",
    "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "1 / 0",
]
POISON = (
    "import pandas as pd, builtins, os, sys, random\npd.DataFrame.sum = None\nbuiltins.print = None\n"
    "os.environ['CHENGXIN_DB'] = '/nowhere'\nsys.modules['chengxin.views'] = None\nos.chdir('/')\nrandom.seed(1)"
)


def notebook(path: Path, *cells: str, tags=()) -> Path:
    made = new_notebook(cells=[new_code_cell(source) for source in cells])
    made.cells[0].metadata["tags"] = list(tags)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(made, path)
    return path


def bare(made) -> list[object]:
    """Cells with all that may not differ: no addresses, ids, timings and temporary names."""
    cells = []
    for cell in made.cells:
        told = json.dumps(cell.get("outputs", []), sort_keys=True, ensure_ascii=False)
        told = re.sub(r"0x[0-9a-f]{6,}", "0x", told)
        told = re.sub(r"[0-9a-f]{32}", "ID", told)
        told = re.sub(r"ipykernel_\d+", "ipykernel_N", told)
        told = re.sub(r"(CPU times|Wall time)[^\"]*?\\n", "TIME", told)
        cells.append((cell.cell_type, cell.source, cell.get("execution_count"), _joined(json.loads(told))))
    return [*cells, made.metadata["kernelspec"], made.metadata.get("language_info")]


def _joined(outputs):
    """Streams as one text each: how a stream is cut into messages is a matter of time."""
    texts = {name: "".join(o["text"] for o in outputs if o.get("name") == name) for name in ("stdout", "stderr")}
    return texts, [output for output in outputs if output["output_type"] != "stream"]


@pytest.fixture(scope="module")
def forks(demo):
    os.environ["CHENGXIN_DB"] = str(demo / "chengxin.db")
    with Forks(WARM, "index", "331082", "2026", charts=1) as source:
        assert not source.failed
        yield source
        assert not source.failed, "no kernel was started the ordinary way"
    del os.environ["CHENGXIN_DB"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_forked_report_equals_stock_papermill_s(forks, kind):
    told = {KINDS[kind].parameter: "331082-S1" if kind == "card" else "331082", "period": "2026"}
    template = KINDS[kind].template
    stock = papermill.execute_notebook(template, None, parameters=told, progress_bar=False, kernel_name="python3")
    assert bare(execute(template, None, told, forks.kernel, 300)) == bare(stock)


def test_awkward_cells_equal_stock_papermill_s(forks, tmp_path, monkeypatch):
    monkeypatch.setenv("PWD", str(Path.cwd()))
    path = notebook(tmp_path / "awkward.ipynb", *AWKWARD)
    made = []
    for options in ({}, {"kernel_manager_class": forks.kernel}):
        out = tmp_path / f"{len(made)}.ipynb"
        with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
            papermill.execute_notebook(path, out, progress_bar=False, kernel_name="python3", **options)
        made.append(bare(nbformat.read(out, 4)))
    for stock, forked in zip(*made, strict=True):
        assert forked == stock
    assert "image/png" in str(made[1])
    assert "from the shell" in str(made[1])
    assert "awaited" in str(made[1])


def test_nothing_leaks_from_a_poisoned_predecessor(forks, tmp_path):
    told = {"county": "331082", "period": "2026"}
    alone = bare(execute(KINDS["index"].template, None, told, forks.kernel, 300))
    execute(notebook(tmp_path / "poison.ipynb", POISON), None, {}, forks.kernel, 60)
    assert bare(execute(KINDS["index"].template, None, told, forks.kernel, 300)) == alone


def test_random_numbers_differ_between_kernels(forks, tmp_path):
    path = notebook(tmp_path / "random.ipynb", "import random, numpy\n(random.random(), float(numpy.random.rand()))")
    first, second = (execute(path, None, {}, forks.kernel, 60).cells[-1].outputs[0].data for _ in range(2))
    assert first != second


def test_where_the_preloaded_process_is_gone_ordinary_kernels_take_over(demo, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGXIN_DB", str(demo / "chengxin.db"))
    path = notebook(tmp_path / "one.ipynb", "6 * 7")
    with Forks(WARM, "index", "331082", "2026", charts=1) as source:
        source._started[-1].kill()
        made = execute(path, None, {}, source.kernel, 60)
        assert made.cells[-1].outputs[0].data["text/plain"] == "42"
        assert source.failed


def test_the_command_says_so(demo, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(kernels.Forks, "_start", lambda self: (_ for _ in ()).throw(OSError("no fork")))
    path = notebook(tmp_path / "t.ipynb", "county = period = ''", tags=["parameters"])
    units, said = ["TZW", "331082", "331081"], "本机不能预先装载计算进程，已逐个启动（较慢，结果相同）。"
    words = (str(demo / "chengxin.db"), "2026", units, tmp_path / "out", False)
    assert report_commands.run(*words, template=path)
    assert said in capsys.readouterr().out
    assert report_commands.run(*words, template=path)  # nothing to make: nothing to say
    assert said not in capsys.readouterr().out


def test_where_fork_is_missing_ordinary_kernels_take_over(monkeypatch):
    monkeypatch.delattr("os.pidfd_open")  # Windows and macOS
    with Forks(WARM, "index", "331082", "2026", charts=1) as source:
        assert source.failed
        assert not source._started, "nothing was tried"


FAULTY = """import os, signal, time
if county == 'TZW':
    os.kill(os.getpid(), signal.SIGKILL)
if county == '331081':
    raise ValueError('第三行的单价不是数')
if county == '331083':
    time.sleep(60)
county"""


def test_a_killed_a_failing_and_a_slow_kernel_lose_their_own_reports_only(demo, tmp_path):
    path = notebook(tmp_path / "t.ipynb", "county = period = ''", FAULTY, tags=["parameters"])
    units = ["331082", "TZW", "331081", "331083", "331002"]
    batch = make_reports(str(demo / "chengxin.db"), "2026", units, tmp_path / "out", template=path, timeout=2)
    assert {row.county: row.state for row in batch.made} == {
        "331082": "made", "TZW": "failed", "331081": "failed", "331083": "failed", "331002": "made",
    }  # fmt: skip
    said = {row.county: row.reason for row in batch.failed}
    assert "终止" in said["TZW"]
    assert "第三行的单价不是数" in said["331081"]
    assert "代码格" in said["331081"]
    assert "时限" in said["331083"]
    names = {path.name for path in (tmp_path / "out").glob("*")}
    assert names == {"2026-331082.html", "2026-331002.html", "index.html", "manifest.json", "failed"}


def test_a_unit_that_fails_once_is_made_at_the_second_try(demo, tmp_path):
    flag = tmp_path / "flag"
    cell = f"from pathlib import Path\np = Path({str(flag)!r})\nif not p.exists():\n    p.touch(); 1 / 0"
    path = notebook(tmp_path / "t.ipynb", "county = period = ''", cell, tags=["parameters"])
    batch = make_reports(str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path / "out", template=path)
    assert [row.state for row in batch.made] == ["made"]


def test_after_a_kill_every_file_is_whole_and_the_next_run_goes_on(demo, tmp_path):
    out = tmp_path / "out"
    code = "from chengxin.cli import main; main()"
    words = [sys.executable, "-c", code, "report", "--period", "2026", "--out", str(out)]
    running = subprocess.Popen([*words, "--database", str(demo / "chengxin.db")], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    end, manifest = time.monotonic() + 120, out / "manifest.json"  # a kill before it is there makes all again
    while not (manifest.is_file() and len(list(out.glob("2026-*.html"))) >= 2) and time.monotonic() < end:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    left = sorted(out.glob("2026-*.html"))
    assert len(left) >= 2
    assert all(page.read_text("utf-8").rstrip().endswith("</html>") for page in left)
    json.loads(manifest.read_text("utf-8"))
    batch = make_reports(str(demo / "chengxin.db"), "2026", None, out)
    states = [row.state for row in batch.made]
    assert len(states) == 10
    assert set(states) <= {"made", "current"}
    assert "current" in states
    assert not list(out.glob(".*part*"))


def test_a_file_that_was_changed_by_hand_is_made_again_with_the_same_bytes(demo, tmp_path):
    database = str(demo / "chengxin.db")
    first = make_reports(database, "2026", ["TZW"], tmp_path).made[0]
    page = tmp_path / first.file
    before = page.read_bytes()
    page.write_text("spoilt", "utf-8")
    assert make_reports(database, "2026", ["TZW"], tmp_path).made[0].state == "made"
    assert page.read_bytes() == before

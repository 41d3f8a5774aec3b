"""The fast batch: forked kernels equal stock Papermill's, nothing leaks, a fault costs its own report only."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from filelock import FileLock
from nbformat.v4 import new_code_cell, new_notebook

from chengxin.cli import report
from chengxin.cli.console import told
from chengxin.errors import UsageError
from chengxin.jupyter import kernels
from chengxin.jupyter.kernels import Forks
from chengxin.reports.batch import make_reports
from chengxin.reports.kinds import KINDS, content
from chengxin.reports.manifest import Manifest
from chengxin.reports.pages import write
from chengxin.reports.run import FORMATS, WARM, Job, execute
from chengxin.store.engine import open_store

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
    "os.environ['CHENGXIN_DB'] = '/nowhere'\nsys.modules['chengxin.reports.county_index'] = None\n"
    "os.chdir('/')\nrandom.seed(1)"
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
        cells.append((cell.cell_type, cell.source, cell.get("execution_count"), _joined(json.loads(told))))
    return [*cells, made.metadata["kernelspec"], made.metadata.get("language_info")]


def _joined(outputs):
    """Streams as one text each: how a stream is cut into messages is a matter of time."""
    texts = {name: "".join(o["text"] for o in outputs if o.get("name") == name) for name in ("stdout", "stderr")}
    texts = {name: re.sub(r"(CPU times|Wall time).*\n", "TIME", text) for name, text in texts.items()}
    return texts, [output for output in outputs if output["output_type"] != "stream"]


@pytest.fixture(scope="module")
def forks(demo):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHENGXIN_DB", str(demo / "chengxin.db"))
        with Forks(WARM, "index", "331082", "2026", charts=1) as source:
            assert not source.failed
            yield source
            assert not source.failed, "no kernel was started the ordinary way"


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


SET = """import os, signal, sys
from pathlib import Path
from chengxin.reports.pages import write_all
out, text = Path(sys.argv[1]), sys.argv[2]
class Killing(dict):
    def items(self):
        for number, item in enumerate(super().items()):
            if number == 2 and text == "new":
                os.kill(os.getpid(), signal.SIGKILL)
            yield item
write_all(Killing({out / name: text for name in ("a.html", "a.pdf", "a.docx", "a.xlsx")}))"""


def test_a_set_of_formats_stays_the_old_one_when_its_writer_is_killed(tmp_path):
    for text in ("old", "new"):
        subprocess.run([sys.executable, "-c", SET, str(tmp_path), text], check=text == "old", timeout=60)
    assert {path.read_text() for path in tmp_path.glob("a.*")} == {"old"}
    assert list(tmp_path.glob(".a.*.part")), "it was killed in the middle"


def test_a_format_that_fails_leaves_the_others_as_they_were(demo, tmp_path, monkeypatch):
    words = (str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path)
    first = make_reports(*words, formats=("html", "xlsx")).made[0]
    before = {name: (tmp_path / name).read_bytes() for name in first.files}
    monkeypatch.setitem(FORMATS, "html", lambda *_: "new")
    monkeypatch.setitem(FORMATS, "xlsx", lambda *_: 1 / 0)
    assert make_reports(*words, formats=("html", "xlsx"), force=True).made[0].state == "failed"
    assert {name: (tmp_path / name).read_bytes() for name in first.files} == before


def test_one_batch_at_a_time_uses_a_folder(demo, tmp_path):
    words = (str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path)
    with FileLock(tmp_path / ".lock"), pytest.raises(UsageError, match="另一批报告正在写入"):
        make_reports(*words)
    assert make_reports(*words).made[0].state == "made"


@pytest.mark.parametrize("name", ["report.typ", "report.css", "index.html.j2", "county_index.ipynb", "measures.yaml"])
def test_what_is_up_to_date_depends_on_every_template(demo, monkeypatch, name):
    engine, read = open_store(str(demo / "chengxin.db"), read_only=True), Path.read_bytes
    before = content(engine, KINDS["index"])
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b" " * (path.name == name))
    assert content(engine, KINDS["index"]) != before
    engine.dispose()


def listed(out: Path) -> list[list[str]]:
    """Rows of the folder's list, as texts with the addresses of links."""
    rows = re.findall("<tr>(.*?)</tr>", (out / "index.html").read_text("utf-8"))[1:]
    return [re.findall('href="([^"]+)"|<td>([^<]*)</td>', row) for row in rows]


def test_the_list_keeps_what_earlier_batches_made(demo, tmp_path):
    database = str(demo / "chengxin.db")
    make_reports(database, "2026", ["TZW", "331082"], tmp_path, formats=("html", "xlsx"))
    make_reports(database, "2025", ["331082"], tmp_path)
    make_reports(database, "2026", ["TZW"], tmp_path)
    made = [("", "2026"), ("", "331082"), ("2026-331082.html", ""), ("2026-331082.xlsx", ""), ("", "已是最新")]
    zone = [("", "2026"), ("", "TZW"), ("2026-TZW.html", ""), ("2026-TZW.xlsx", ""), ("", "已是最新")]
    past = [("", "2025"), ("", "331082"), ("2025-331082.html", ""), ("", "已是最新")]
    assert sorted(listed(tmp_path)) == sorted([made, zone, past])
    other = notebook(tmp_path / "t.ipynb", "county = period = ''", "7", tags=["parameters"])
    make_reports(database, "2026", ["TZW"], tmp_path, template=other)
    stale = ("", "数据或模板有变化，待重新生成")
    zone = [("", "2026"), ("", "TZW"), ("2026-TZW.html", ""), ("", "已生成")]  # not beside an old workbook
    assert sorted(listed(tmp_path)) == sorted([[*made[:-1], stale], zone, [*past[:-1], stale]])


def test_a_cluster_that_cannot_be_one_is_refused_also_where_nothing_is_to_be_made(demo, tmp_path):
    make_reports(str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path)
    with pytest.raises(UsageError, match="集群地址“junk”写法有误"):
        make_reports(str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path, cluster="junk")


@pytest.mark.parametrize("text", ["[]", "{", '{"a.html": 1}', '{"../../x": {"kind": "index"}}', "\x00"])
def test_a_spoilt_manifest_counts_as_empty(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    assert Manifest(tmp_path / "manifest.json").known == {}


def test_a_kernel_says_nothing_of_a_message_that_comes_while_its_sockets_close(forks, tmp_path):
    cell = "import logging\nlogging.getLogger('tornado.general').error('not a socket')"
    path = notebook(tmp_path / "log.ipynb", cell)
    for kernel in (forks.kernel, kernels.QuickKernel):
        assert execute(path, None, {}, kernel, 60).cells[-1].outputs == []


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
    assert report.run(*words, template=path)
    assert said in capsys.readouterr().out
    assert report.run(*words, template=path)  # nothing to make: nothing to say
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
    assert all("（已重试）" in words for words in said.values())
    names = {path.name for path in (tmp_path / "out").glob("*")}
    assert names == {"2026-331082.html", "2026-331002.html", "index.html", "manifest.json", "failed", ".lock"}


def test_a_unit_that_fails_once_is_made_at_the_second_try(demo, tmp_path):
    flag = tmp_path / "flag"
    cell = f"from pathlib import Path\np = Path({str(flag)!r})\nif not p.exists():\n    p.touch(); 1 / 0"
    path = notebook(tmp_path / "t.ipynb", "county = period = ''", cell, tags=["parameters"])
    batch = make_reports(str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path / "out", template=path)
    assert [row.state for row in batch.made] == ["made"]


BATCH = """import signal, sys
from pathlib import Path
from chengxin.cli.report import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell runs in the background
database, out, template = sys.argv[1:]
try:
    run(database, "2026", None, Path(out), False, template=Path(template), jobs=2)
except KeyboardInterrupt:
    sys.exit(130)"""


@contextmanager
def batch_at(moment, database, out, template):
    """A batch in a process and a session of its own, once a moment has come."""
    words = [sys.executable, "-c", BATCH, database, out, template]
    with subprocess.Popen([*map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as running:  # fmt: skip
        end = time.monotonic() + 120
        while not moment():
            assert running.poll() is None, "it ended before the moment"
            assert time.monotonic() < end
            time.sleep(0.01)
        yield running


def whole(out: Path) -> int:
    """How many pages there are; each is whole, and the manifest is."""
    pages = list(out.glob("2026-*.html"))
    assert all(page.read_text("utf-8").rstrip().endswith("</html>") for page in pages)
    if (out / "manifest.json").exists():
        json.loads((out / "manifest.json").read_text("utf-8"))
    return len(pages)


def test_after_kills_every_file_is_whole_and_the_next_run_goes_on(demo, tmp_path):
    database, out = demo / "chengxin.db", tmp_path / "out"
    path = notebook(tmp_path / "t.ipynb", "county = period = ''", "import time\ntime.sleep(0.3)", tags=["parameters"])
    moments = {
        "a notebook is being written": lambda: list(out.glob(".*.part.ipynb")),
        "some are done": lambda: len(list(out.glob("2026-*.html"))) > 4,
    }
    for moment in moments.values():
        with batch_at(moment, database, out, path) as running:
            running.kill()
        whole(out)
    there = json.loads((out / "manifest.json").read_text("utf-8"))
    batch = make_reports(str(database), "2026", None, out, template=path)
    assert [row.state for row in batch.made].count("current") == len(there) > 3, "what was noted is not made again"
    assert whole(out) == len(batch.made) == 10
    assert not list(out.glob(".*part*"))


def test_ctrl_c_finishes_what_is_being_made_and_leaves_no_process(demo, tmp_path):
    out = tmp_path / "out"
    path = notebook(tmp_path / "t.ipynb", "county = period = ''", "import time\ntime.sleep(0.3)", tags=["parameters"])
    with batch_at(lambda: list(out.glob("2026-*.html")), demo / "chengxin.db", out, path) as running:
        started = psutil.Process(running.pid).children(recursive=True)
        assert len(started) > 2
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        said = running.stderr.read()
    assert running.returncode == 130
    assert said.index("正在收尾") < said.index("已中断")
    assert "Traceback" not in said
    assert 1 <= whole(out) < 10
    assert len(json.loads((out / "manifest.json").read_text("utf-8"))) == whole(out), "each was noted"
    assert not list(out.glob(".*part*"))
    assert not psutil.wait_procs(started, timeout=10)[1]


def test_ctrl_c_at_the_worst_moment_loses_no_note(demo, tmp_path, monkeypatch):
    """Between a report's last file and its note in the manifest."""
    noted = Manifest.note

    def interrupted(self, job, row):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        noted(self, job, row)

    monkeypatch.setattr(Manifest, "note", interrupted)
    path, out = notebook(tmp_path / "t.ipynb", "county = period = ''", tags=["parameters"]), tmp_path / "out"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            make_reports(str(demo / "chengxin.db"), "2026", None, out, template=path, jobs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert 1 <= whole(out) < 10
    assert len(json.loads((out / "manifest.json").read_text("utf-8"))) == whole(out), "each was noted"


WRITER = """import os, random, signal, sys, time
from pathlib import Path
from chengxin.reports.manifest import Manifest
from chengxin.reports.pages import write
path, chance, texts = Path(sys.argv[1]), random.Random(6), ["a" * 300_000, "b" * 300_000]
write(path, texts[0])
for _ in range(25):
    child = os.fork()
    if not child:
        while True:
            for text in texts:
                write(path, text)
    time.sleep(chance.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.read_text() in texts, "half a file"
"""


def test_a_file_is_whole_whenever_its_writer_is_killed(tmp_path):
    subprocess.run([sys.executable, "-c", WRITER, str(tmp_path / "x.html")], check=True, timeout=60)


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    path = tmp_path / "x.html"
    write(path, "whole")
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as error:
        write(path, "new")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]
    assert told(error.value) == f"不能读写“{path}”：磁盘已满。请换一个位置，或改正后再试。"


def test_names_of_files_are_safe_and_stay_apart(tmp_path):
    names = ["../../etc/x", "CON", "a/b", "a_b", "a b", "x" * 300, "x" * 299 + "y", ".", "路桥", "a\\b", "nul.txt"]
    jobs = [Job(KINDS[kind], name, name, name, tmp_path, ("html",), "", tmp_path, 1) for name in names
            for kind in ("index", "card")]  # fmt: skip
    files = [job.files[0] for job in jobs]
    assert len(set(map(str.lower, files))) == len(jobs)
    assert all(re.fullmatch(r"[\w-]+\.html", file) and len(file.encode()) < 250 for file in files)
    assert not {file.split(".")[0].upper() for file in files} & {"CON", "NUL"}


def test_files_that_were_changed_by_hand_are_made_again_with_the_same_bytes(demo, tmp_path):
    words = (str(demo / "chengxin.db"), "2026", ["TZW"], tmp_path)
    formats = ("html", "pdf", "docx", "xlsx")  # an executed notebook holds the times of its run
    first = make_reports(*words, formats=formats).made[0]
    before = {name: (tmp_path / name).read_bytes() for name in first.files}
    assert len(before) == len(formats)
    (tmp_path / first.files[2]).write_text("spoilt", "utf-8")
    for name in (first.files[0], first.files[1], first.files[3]):
        (tmp_path / name).unlink()
    assert make_reports(*words, formats=formats).made[0].state == "made"
    assert {name: (tmp_path / name).read_bytes() for name in first.files} == before

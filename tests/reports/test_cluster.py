"""The batch and the scoring on a real cluster of separate processes: same result, a killed worker loses nothing."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from clusters import cluster
from nbformat.v4 import new_code_cell, new_notebook

from chengxin.errors import DataError, MissingExtraError, UsageError
from chengxin.reports import cluster as module
from chengxin.reports.batch import make_reports
from chengxin.reports.cluster import Cluster, connected, scored
from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store import read
from chengxin.store.engine import open_store

UNITS = ["TZW", "331002", "331003", "331082"]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), 2) as made:
        yield made


@pytest.fixture(scope="module")
def database(demo):
    return demo / "chengxin.db"


def template(path: Path, *cells: str) -> Path:
    made = new_notebook(cells=[new_code_cell("county = period = ''"), *map(new_code_cell, cells)])
    made.cells[0].metadata["tags"] = ["parameters"]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, path)
    return path


def test_reports_of_the_cluster_are_those_of_this_machine(local, demo, chengxin, tmp_path):
    units = [word for unit in ("TZW", "331003") for word in ("--county", unit)]
    words = ("report", "--period", "2026", *units, "--out", tmp_path, "--database", demo / "chengxin.db", "--cluster")
    done = chengxin(*words, local.address)
    assert done.returncode == 0, done.stderr
    assert "逐个启动" not in done.stdout
    for unit in ("TZW", "331003"):
        assert (tmp_path / f"2026-{unit}.html").read_bytes() == (demo / f"2026-{unit}.html").read_bytes()
    again = make_reports(str(demo / "chengxin.db"), "2026", ["TZW", "331003"], tmp_path, cluster=local.address)
    assert [row.state for row in again.made] == ["current"] * 2, "what is up to date is not sent"


def test_a_failing_unit_is_told_with_its_notebook_and_the_others_are_made(local, database, tmp_path):
    path = template(tmp_path / "t.ipynb", "if county == 'TZW':\n    raise ValueError('第三行的单价不是数')")
    batch = make_reports(str(database), "2026", ["TZW", "331082"], tmp_path / "out", template=path, forked=False,
                         cluster=local.address)  # fmt: skip
    assert {row.county: row.state for row in batch.made} == {"TZW": "failed", "331082": "made"}
    assert "第三行的单价不是数" in batch.failed[0].reason
    left = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert left == {"2026-331082.html", "index.html", "manifest.json", ".lock", "failed/2026-TZW.ipynb"}


def test_a_worker_killed_in_the_middle_loses_nothing(local, database, tmp_path):
    """The killed one is at work: it has written its process's number before."""
    mark = tmp_path / "mark"
    cell = f"import os, time\nopen({str(mark)!r}, 'a').write(f'{{os.getppid()}}\\n')\ntime.sleep(0.5)"
    path = template(tmp_path / "t.ipynb", cell)
    victim = []

    def kill() -> None:
        while not mark.exists():
            time.sleep(0.02)
        number = int(mark.read_text().split()[0])
        victim.extend(worker for worker in local.workers if worker.pid == number)
        os.kill(number, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    batch = make_reports(str(database), "2026", UNITS, tmp_path / "out", template=path, forked=False,
                         cluster=local.address)  # fmt: skip
    killer.join()
    assert len(victim) == 1
    assert victim[0].wait(10) == -signal.SIGKILL
    assert [row.state for row in batch.made] == ["made"] * len(UNITS), batch.failed
    assert len(list((tmp_path / "out").glob("2026-*.html"))) == len(UNITS)
    assert len(mark.read_text().split()) > len(UNITS), "the lost one was run again"


def test_partitions_are_scored_as_one_file_would_be(local, database, chengxin, tmp_path):
    engine = open_store(str(database), read_only=True)
    seen = read.observations(engine, "2025", rubric="street")
    engine.dispose()
    rubric, files = load_rubric("street"), []
    for number, who in enumerate(sorted(set(seen["assessment"]))):
        files.append(tmp_path / f"{number}.csv")
        seen[seen["assessment"] == who].to_csv(files[-1], index=False)
    whole = totals(score(rubric, seen)).astype({"assessment": "str", "red_lines": "str"})
    with connected(local.address) as client:
        pd.testing.assert_frame_equal(scored(client.get_executor(), rubric, files), whole, check_dtype=False)
        with pytest.raises(DataError, match="已有"):
            scored(client.get_executor(), rubric, [files[0], files[0]])
    pd.testing.assert_frame_equal(scored(None, rubric, files), whole, check_dtype=False)
    words = ("score", *files, "--rubric", "street", "--format", "csv")
    there, here = chengxin(*words, "--cluster", local.address), chengxin(*words)
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    assert there.stdout.count("\n") == len(whole) + 1
    asked = chengxin(*words[:-2])
    assert asked.returncode == 2
    assert "--format csv" in asked.stderr


def test_workers_that_see_other_data_are_named_and_nothing_begins(local, database, tmp_path):
    with Cluster(local.address, str(database), "another hash", []) as workers, pytest.raises(UsageError) as error:
        there = len(workers.client.nthreads())
        workers.alike("index")
    assert "数据库、细则、模板或程序与本机不同" in str(error.value)
    assert str(error.value).count("tcp://127.0.0.1") == there
    with (
        Cluster(local.address, str(tmp_path / "none.db"), "x", []) as workers,
        pytest.raises(UsageError, match=r"none\.db"),
    ):
        workers.alike("index")
    said = module._differs(("0.0.9", "x"), "x")
    assert "版本为0.0.9" in said


def test_a_scheduler_that_is_not_there_and_dask_that_is_not_installed(monkeypatch):
    with pytest.raises(UsageError, match="连不上集群"), connected("tcp://127.0.0.1:1"):
        pass
    for address in ("junk", "127.0.0.1", "tcp://", "x:y", "http://127.0.0.1:8786", "tcp://127.0.0.1:99999"):
        with pytest.raises(UsageError, match="写法有误；应为dask scheduler显示的地址"), connected(address):
            pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chengxin\[cluster\]"'), connected("tcp://127.0.0.1:1"):
        pass


def test_a_scheduler_without_workers(tmp_path):
    with cluster(tmp_path, 0) as empty, pytest.raises(UsageError, match="没有计算进程"), connected(empty.address):
        pass

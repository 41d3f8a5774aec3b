"""Reports and scores on the workers of a Dask cluster, where one machine is too small.

Only the interface of `concurrent.futures` is used: a report is a task that gives back its files as bytes, so workers
share nothing with the caller but the database (a server's URL, or a file that all see under the same path). A worker
that dies costs nothing: the scheduler gives its tasks to others. Each worker process makes one report at a time, in
kernels forked from a process of its own. Whoever reaches the scheduler's port can run programs on all workers: keep it
within a closed network, or use ``tls://``.
"""

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from chengxin import __version__
from chengxin.errors import ChengxinError, DataError, Fault, MissingExtraError, UsageError
from chengxin.jupyter.kernels import Forks, QuickKernel
from chengxin.reports.kinds import KINDS, content
from chengxin.reports.pages import write_all
from chengxin.reports.run import WARM, Job, Made, make_one, reason
from chengxin.rubric.model import Rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals
from chengxin.store.engine import open_store

EXPECTED = "应为dask scheduler显示的地址，如tcp://10.0.0.5:8786"
WAIT = 10  # seconds to wait for a scheduler
REHEARSED = 10  # units of which a worker gathers the data beforehand
_STATE: dict[str, Any] = {}  # of a worker process: its preloaded process and whose reports that one makes
_ONE = threading.Lock()


@dataclass(frozen=True)
class Task:
    """One report as it travels: job, notebook, database, hash of what it is made from, codes to rehearse (or none)."""

    job: Job
    notebook: bytes
    address: str
    content: str
    codes: str


def place_of(address: str) -> tuple[str, int]:
    """Host and port of a scheduler's address.

    Parameters
    ----------
    address : such as ``tcp://10.0.0.5:8786``

    Raises
    ------
    UsageError : it is none
    """
    with contextlib.suppress(ValueError):
        place = urlsplit(address)
        if place.scheme in ("tcp", "tls") and place.hostname and place.port:
            return place.hostname, place.port
    raise UsageError(f"集群地址“{address[:80]}”写法有误；{EXPECTED}。")


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of a scheduler.

    Parameters
    ----------
    address : such as ``tcp://10.0.0.5:8786``

    Raises
    ------
    MissingExtraError : Dask is not installed
    UsageError : nobody answers there, or there is no worker
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtraError('在集群上运行要用Dask。请运行：pip install "chengxin[cluster]"') from None
    place = place_of(address)
    try:
        socket.create_connection(place, WAIT).close()
        client = Client(address, timeout=WAIT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        raise UsageError(f"连不上集群“{address}”；{EXPECTED}，请核对它是否在运行。") from None
    with client:
        if not client.nthreads():  # type: ignore[no-untyped-call]
            raise UsageError(f"集群“{address}”里没有计算进程；请先运行：dask worker {address} --nthreads 1")
        yield client


class Cluster:
    """The workers of a scheduler as a place where reports are made; a context.

    Parameters
    ----------
    scheduler : its address
    database : address of the database, password included, as the workers can open it
    seen : `kinds.content` of the reports' kind, as the caller sees it
    codes : what the reports are for; not empty: have kernels forked from a process that a few of them are rehearsed in

    ordinary : whether a worker had to start kernels the ordinary way
    """

    def __init__(self, scheduler: str, database: str, seen: str, codes: list[str]) -> None:
        self.database, self.seen, self.codes, self.ordinary = database, seen, ",".join(codes[:REHEARSED]), False
        self._open = connected(scheduler)

    def __enter__(self) -> "Cluster":
        self.client = self._open.__enter__()
        self.pool: Executor = self.client.get_executor(pure=False)
        return self

    def __exit__(self, *about: Any) -> None:
        self._open.__exit__(*about)

    @property
    def width(self) -> int:
        """How many reports are made at the same time."""
        return len(self.client.nthreads())

    def make(self, job: Job, stopped: Callable[[], bool] = lambda: False) -> Made:
        """Have one report made and put its files in their place; a failure is told, not raised.

        Parameters
        ----------
        job, stopped : as for `run.make_one`; a worker does not hear of a stop
        """
        task = Task(job, job.template.read_bytes(), self.database, self.seen, self.codes)
        try:
            row, files, ordinary = self.pool.submit(remote, task).result()
        except Exception as error:  # the cluster's own trouble with one task: the other units go on
            return job.told("failed", f"集群：{reason(error)}")
        self.ordinary |= ordinary
        try:
            for name in files:
                (job.out / name).parent.mkdir(exist_ok=True)
            write_all({job.out / name: data for name, data in files.items()})
        except OSError as error:
            return job.told("failed", reason(error))
        return row

    def alike(self, kind: str) -> None:
        """Check that all workers have this kit and see these data.

        Raises
        ------
        UsageError : every worker that does not, and what it has
        """
        said = self.client.run(seen_here, self.database, kind, on_error="return")
        told = {worker: _differs(found, self.seen) for worker, found in sorted(said.items())}
        if any(told.values()):
            wrong = "\n".join(f"  {worker}：{why}" for worker, why in told.items() if why)
            raise UsageError(f"集群中有计算进程与本机不一致，没有开始：\n{wrong}")


def _differs(found: Any, seen: str) -> str:
    """What is not as it should be on a worker; nothing when all is."""
    if isinstance(found, ModuleNotFoundError):
        return "没有安装chengxin"
    if isinstance(found, Exception):
        return reason(found)
    version, content_there = found
    if version != __version__:
        return f"chengxin版本为{version}，本机为{__version__}；请装同一版本"
    return "" if content_there == seen else "数据库、细则、模板或程序与本机不同；请用同一数据库和同一版本"


def seen_here(address: str, kind: str) -> tuple[str, str]:
    """On a worker: the kit's version, and `kinds.content` of a kind of report."""
    engine = open_store(address, read_only=True)
    try:
        return __version__, content(engine, KINDS[kind])
    finally:
        engine.dispose()


def remote(task: Task) -> tuple[Made, dict[str, bytes], bool]:
    """On a worker: make one report; what became of it, its files by name, whether its kernel was an ordinary one."""
    with _ONE, tempfile.TemporaryDirectory(prefix="chengxin-") as name:
        _prepared(task)
        folder = Path(name)
        template = folder / "template.ipynb"
        template.write_bytes(task.notebook)
        forks = _STATE.get("forks")
        row = make_one(replace(task.job, out=folder, template=template), forks.kernel if forks else QuickKernel)
        template.unlink()
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
        return row, files, bool(forks and forks.failed)


def _prepared(task: Task) -> None:
    """Make this process one for a task's database and kind, once.

    Raises
    ------
    ChengxinError : this worker has another kit or sees other data
    """
    job = task.job
    wanted = (task.address, task.content, job.kind.name, job.period, task.codes)
    if _STATE.get("for") == wanted:
        return
    if old := _STATE.pop("forks", None):
        old.__exit__()
    _STATE.pop("for", None)
    os.environ["CHENGXIN_DB"] = task.address
    if wrong := _differs(seen_here(task.address, job.kind.name), task.content):
        raise ChengxinError(wrong)
    if task.codes:
        _STATE["forks"] = Forks(WARM, job.kind.name, task.codes, job.period, charts=1).__enter__()
    _STATE["for"] = wanted


def scored(pool: Executor | None, rubric: Rubric, files: Iterable[Path]) -> pd.DataFrame:
    """Score files of observations, each a partition of its own; the same function as for one file.

    Parameters
    ----------
    pool : where; None: here, one after the other
    rubric : the rubric
    files : each holds whole assessments

    Returns
    -------
    results as `totals.totals` gives them, in the order of the files

    Raises
    ------
    DataError : a file is faulty, or an assessment is in two files
    """
    files = list(files)
    names = [path.name for path in files]
    if pool is None:
        parts = [part(rubric, path.name, path.read_bytes()) for path in files]
    else:
        tasks = [pool.submit(part, rubric, path.name, path.read_bytes()) for path in files]
        parts = [task.result() for task in tasks]
    whole = pd.concat(parts, ignore_index=True)
    owner = pd.Series([name for name, rows in zip(names, parts, strict=True) for _ in range(len(rows))], dtype="str")
    twice = whole["assessment"].duplicated()
    if twice.any():
        faults = [Fault(owner[n], f"评价“{whole['assessment'][n]}”在前面的文件中已有", "每个评价只在一个文件中")
                  for n in whole.index[twice]]  # fmt: skip
        raise DataError("没有评分", faults)
    return whole


def part(rubric: Rubric, name: str, data: bytes) -> pd.DataFrame:
    """Results of one file of observations, wherever this is run."""
    with tempfile.TemporaryDirectory(prefix="chengxin-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        results = totals(score(rubric, path))
    return results.astype({"assessment": "str"})

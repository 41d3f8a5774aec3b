"""The batch: plan, run every unit's notebook in a kernel of its own, write the formats, tell what became of each.

A report's files are written beside their final names and moved there when all are whole, so whatever stops the batch
leaves the last good set; what is up to date by content is not made again. A unit that fails leaves a line in the
summary; the others go on. One batch at a time uses a folder.
The same data give the same bytes, but for the executed notebook (ipynb), which holds the times of its run.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Lock

from filelock import FileLock, Timeout

from chengxin.errors import UsageError
from chengxin.jupyter.kernels import Forks, QuickKernel
from chengxin.reports.cluster import Cluster, place_of
from chengxin.reports.kinds import KINDS, Kind, content, planned
from chengxin.reports.manifest import Manifest
from chengxin.reports.pages import index_page, write
from chengxin.reports.run import FORMATS, TIMEOUT, WARM, Job, Made, make_one
from chengxin.store import read
from chengxin.store.engine import address_of, open_store

__all__ = ["FORMATS", "Batch", "Made", "make_reports"]
WORTH = 3  # reports from which on the preloaded process pays for its start


@dataclass(frozen=True)
class Batch:
    """All units of a batch in the order of the plan, and whether kernels had to be started the ordinary way."""

    made: list[Made]
    ordinary: bool = False

    @property
    def failed(self) -> list[Made]:
        return [row for row in self.made if row.state == "failed"]


def make_reports(
    database: str | None,
    period: str,
    units: Iterable[str] | None,
    out: Path,
    *,
    kind: str = "index",
    formats: Collection[str] = ("html",),
    force: bool = False,
    jobs: int | None = None,
    forked: bool = True,
    template: Path | None = None,
    timeout: int = TIMEOUT,
    cluster: str | None = None,
    progress: Callable[[Made], None] = lambda made: None,
    stopping: Callable[[], None] = lambda: None,
) -> Batch:
    """Make a report of every reporting unit that has something to report in a period.

    Parameters
    ----------
    database : as `engine.open_store`
    period : evaluation period
    units : codes of units; None for all
    out : folder of the reports
    kind : one of `kinds.KINDS`
    formats : of `FORMATS`
    force : make again what is up to date
    jobs : reports made at the same time; default one more than processors
    forked : have kernels forked from a preloaded process; else, and where that fails, they start one by one
    template : another notebook than the kind's own, with the same parameters
    timeout : seconds a cell may take
    cluster : address of a Dask scheduler whose workers make the reports, such as ``tcp://10.0.0.5:8786``
    progress : called after each unit, once at a time, in whichever thread made it
    stopping : called when the batch is stopped (Ctrl-C), before what is being made is finished

    Raises
    ------
    UsageError : unknown kind, period or unit; another batch uses the folder; no such cluster, or its workers have
        another kit or see other data
    MissingExtraError : a cluster is asked for and Dask is not installed
    """
    if cluster is not None:
        place_of(cluster)
    address = address_of(database).render_as_string(hide_password=False)
    os.environ["CHENGXIN_DB"] = address
    plan = _planned(kind, period, units, out, tuple(formats), template, timeout)
    made: dict[str, Made] = {}
    with _alone(out):
        manifest = Manifest(out / "manifest.json")
        for job in plan.jobs:
            if not force and manifest.current(job):
                made[job.code] = job.told("current")
                progress(made[job.code])
        todo = [job for job in plan.jobs if job.code not in made]
        note = partial(_noted, manifest=manifest, made=made, progress=progress)
        pool = partial(_pool, note=note, stopping=stopping)
        try:
            if cluster is not None and todo:
                ordinary = _there(todo, jobs, forked, pool, (cluster, address, plan.seen))
            else:
                ordinary = _here(todo, jobs, forked, pool)
        finally:
            plan.index(manifest, made, out)
    return Batch([made[job.code] for job in plan.jobs], ordinary)


@dataclass(frozen=True)
class _Plan:
    """What is to be made.

    Parameters
    ----------
    sort : the kind of report
    jobs : one a unit
    seen, whole : hash of what all reports are made from, without and with the template
    demo : whether there is sample data
    """

    sort: Kind
    jobs: list[Job]
    seen: str
    whole: str
    demo: bool

    def index(self, manifest: Manifest, made: dict[str, Made], out: Path) -> None:
        """Write the index page of the folder's good reports."""
        jobs = {job.code: job for job in self.jobs}
        if listed := manifest.listed(self.sort, jobs, made, partial(_mark, self.whole)):
            write(out / f"{self.sort.prefix}index.html", index_page(listed, self.sort, self.demo))


def _planned(
    kind: str, period: str, units: Iterable[str] | None, out: Path, formats: tuple[str, ...], template: Path | None,
    timeout: int,
) -> _Plan:  # fmt: skip
    """The plan, see `make_reports`; the database is read once and closed."""
    engine = open_store(read_only=True)
    named, sort = planned(engine, kind, period, units), KINDS[kind]
    seen, demo = content(engine, sort), bool(read.assessments(engine)["demo"].any())
    engine.dispose()
    source = template or sort.template
    whole = seen + hashlib.sha256(source.read_bytes()).hexdigest()
    jobs = [
        Job(sort, code, name, period, out, formats, _mark(whole, code), source, timeout) for code, name in named.items()
    ]
    return _Plan(sort, jobs, seen, whole, demo)


def _mark(whole: str, code: str) -> str:
    """What a unit's report is made from, as a hash."""
    return hashlib.sha256(f"{whole} {code}".encode()).hexdigest()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """The folder for this batch alone, without what a stopped one left; free again however the batch ends."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".lock", timeout=0):
            for left in out.glob(".*.part*"):
                left.unlink(missing_ok=True)
            yield
    except Timeout:
        raise UsageError(f"另一批报告正在写入文件夹“{out}”。请等它做完，或用--out另选文件夹。") from None


def _here(todo: list[Job], jobs: int | None, forked: bool, pool: Callable[..., None]) -> bool:
    """Make reports on this machine; whether kernels had to be started the ordinary way."""
    cores = os.cpu_count() or 1
    jobs = jobs or cores + 1
    if not forked or len(todo) < WORTH:
        pool(todo, jobs, partial(make_one, kernel=QuickKernel))
        return False
    codes = ",".join(job.code for job in todo)
    with Forks(WARM, todo[0].kind.name, codes, todo[0].period, charts=min(jobs, cores)) as forks:
        pool(todo, jobs, partial(make_one, kernel=forks.kernel))
        return forks.failed


def _there(
    todo: list[Job], jobs: int | None, forked: bool, pool: Callable[..., None], where: tuple[str, str, str]
) -> bool:
    """Make reports on a cluster; whether kernels had to be started the ordinary way."""
    with Cluster(*where, [job.code for job in todo] if forked else []) as workers:
        workers.alike(todo[0].kind.name)
        pool(todo, jobs or 2 * workers.width, workers.make)
        return workers.ordinary


def _pool(
    todo: list[Job],
    jobs: int,
    make: Callable[..., Made],
    *,
    note: Callable[[Job, Made], None],
    stopping: Callable[[], None],
) -> None:
    """Make reports side by side; when stopped (Ctrl-C), those that are being made are finished and noted.

    A report is noted by the thread that made it: Ctrl-C breaks into the main thread only, never between the two.
    """
    stopped, one_by_one = Event(), Lock()

    def work(job: Job) -> None:
        row = make(job, stopped=stopped.is_set)
        with one_by_one:
            note(job, row)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for done in as_completed([pool.submit(work, job) for job in todo]):
                done.result()
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            stopping()
            raise


def _noted(job: Job, row: Made, manifest: "Manifest", made: dict[str, Made], progress: Callable[[Made], None]) -> None:
    made[job.code] = row
    manifest.note(job, row)
    progress(row)

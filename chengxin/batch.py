"""The batch: plan, run every unit's notebook in a kernel of its own, write the formats, tell what became of each.

A file is written beside its final name and moved there when whole, so whatever stops the batch leaves the last good
set; what is up to date by content is not made again. A unit that fails leaves a line in the summary; the others go on.
The same data give the same bytes, but for the executed notebook (ipynb), which holds the times of its run.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Lock

from chengxin import readers
from chengxin.cluster import Cluster
from chengxin.kernels import Forks, QuickKernel
from chengxin.making import FORMATS, TIMEOUT, WARM, Job, Made, make_one
from chengxin.rendering import index_page, write
from chengxin.reports import KINDS, content, planned
from chengxin.store import address_of, open_store

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
) -> Batch:
    """Make a report of every reporting unit that has something to report in a period.

    Parameters
    ----------
    database : as `store.open_store`
    period : evaluation period
    units : codes of units; None for all
    out : folder of the reports
    kind : one of `reports.KINDS`
    formats : of `FORMATS`
    force : make again what is up to date
    jobs : reports made at the same time; default one more than processors
    forked : have kernels forked from a preloaded process; else, and where that fails, they start one by one
    template : another notebook than the kind's own, with the same parameters
    timeout : seconds a cell may take
    cluster : address of a Dask scheduler whose workers make the reports, such as ``tcp://10.0.0.5:8786``
    progress : called after each unit, once at a time, in whichever thread made it

    Raises
    ------
    UsageError : unknown kind, period or unit; no such cluster, or its workers have another kit or see other data
    MissingExtraError : a cluster is asked for and Dask is not installed
    """
    address = address_of(database).render_as_string(hide_password=False)
    os.environ["CHENGXIN_DB"] = address
    engine = open_store(read_only=True)
    units, sort = planned(engine, kind, period, units), KINDS[kind]
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(".*.part*"):  # of a batch that was stopped
        left.unlink()
    seen = whole = content(engine, sort)
    demo = bool(readers.assessments(engine)["demo"].any())
    engine.dispose()
    source = template or sort.template
    whole += hashlib.sha256(source.read_bytes()).hexdigest()
    plan = [
        Job(sort, code, name, period, out, tuple(formats), hashlib.sha256(f"{whole} {code}".encode()).hexdigest(),
            source, timeout)
        for code, name in units.items()
    ]  # fmt: skip
    manifest = Manifest(out / "manifest.json")
    made = {job.code: job.told("current") for job in plan if not force and manifest.current(job)}
    for row in made.values():
        progress(row)
    todo = [job for job in plan if job.code not in made]
    note = partial(_noted, manifest=manifest, made=made, progress=progress)
    if cluster is not None and todo:
        with Cluster(cluster, address, seen, [job.code for job in todo] if forked else []) as workers:
            workers.alike(kind)
            _pool(todo, jobs or 2 * workers.width, workers.make, note)
            ordinary = workers.ordinary
    else:
        ordinary = _here(todo, jobs or (os.cpu_count() or 1) + 1, forked, note)
    batch = Batch([made[job.code] for job in plan], ordinary)
    if plan:
        write(out / f"{sort.prefix}index.html", index_page(batch.made, f"{period}年{sort.title}", demo, sort.about))
    return batch


def _here(todo: list[Job], jobs: int, forked: bool, note: Callable[[Job, Made], None]) -> bool:
    """Make reports on this machine; whether kernels had to be started the ordinary way."""
    if not forked or len(todo) < WORTH:
        _pool(todo, jobs, partial(make_one, kernel=QuickKernel), note)
        return False
    cores = os.cpu_count() or 1
    codes = ",".join(job.code for job in todo)
    with Forks(WARM, todo[0].kind.name, codes, todo[0].period, charts=min(jobs, cores)) as forks:
        _pool(todo, jobs, partial(make_one, kernel=forks.kernel), note)
        return forks.failed


def _pool(todo: list[Job], jobs: int, make: Callable[..., Made], note: Callable[[Job, Made], None]) -> None:
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
            pool.shutdown(cancel_futures=True)
            raise


def _noted(job: Job, row: Made, manifest: "Manifest", made: dict[str, Made], progress: Callable[[Made], None]) -> None:
    made[job.code] = row
    manifest.note(job, row)
    progress(row)


class Manifest:
    """What each file was made from and what it holds, as hashes; written after every report."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.known: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def current(self, job: Job) -> bool:
        """Whether every file of a job is there as it was made from the same content."""
        return all(
            (job.out / file).is_file() and self.known.get(file) == {"from": job.mark, "sha256": _sha(job.out / file)}
            for file in job.files
        )

    def note(self, job: Job, row: Made) -> None:
        for file in job.files:
            self.known.pop(file, None)
            if row.state != "failed":
                self.known[file] = {"from": job.mark, "sha256": _sha(job.out / file)}
        write(self.path, json.dumps(self.known, indent=1, sort_keys=True))


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

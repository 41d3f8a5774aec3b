"""The batch: plan, run every unit's notebook in a kernel of its own, write the formats, tell what became of each.

A file is written beside its final name and moved there when whole, so whatever stops the batch leaves the last good
set; what is up to date by content is not made again. A unit that fails is tried once more, leaves its notebook in
``failed/`` and a line in the summary; the others go on. What went wrong is judged by the exception, never by the
notebook's own metadata: a killed kernel leaves a notebook that says all went well.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chengxin import readers
from chengxin.kernels import Forks, QuickKernel
from chengxin.pdf import to_pdf
from chengxin.rendering import index_page, to_html, write
from chengxin.reports import KINDS, Kind, content, planned
from chengxin.store import address_of, open_store
from chengxin.word import to_docx
from chengxin.workbook import to_xlsx

TIMEOUT = 300  # seconds a cell may take
TRIES = 2
WORTH = 3  # reports from which on the preloaded process pays for its start


@dataclass(frozen=True)
class Made:
    """What became of one unit's report: made, current (nothing changed) or failed with the reason."""

    county: str
    name: str
    state: str
    files: tuple[str, ...]
    reason: str = ""

    @property
    def file(self) -> str:
        return self.files[0]


@dataclass(frozen=True)
class Batch:
    """All units of a batch in the order of the plan, and whether kernels had to be started the ordinary way."""

    made: list[Made]
    ordinary: bool = False

    @property
    def failed(self) -> list[Made]:
        return [row for row in self.made if row.state == "failed"]


@dataclass(frozen=True)
class Job:
    """One unit's report: its parameters, the files wanted and the hash of all it is made from."""

    kind: Kind
    code: str
    name: str
    period: str
    out: Path
    formats: tuple[str, ...]
    mark: str
    template: Path
    timeout: int

    @property
    def stem(self) -> str:
        return f"{self.kind.prefix}{_safe(self.period)}-{_safe(self.code)}"

    @property
    def title(self) -> str:
        return f"{self.name}{self.period}年{self.kind.title}"

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(f"{self.stem}.{ending}" for ending in self.formats)

    def told(self, state: str, reason: str = "") -> Made:
        return Made(self.code, self.name, state, self.files, reason)


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
    progress : called after each unit

    Raises
    ------
    UsageError : unknown kind, period or unit
    """
    os.environ["CHENGXIN_DB"] = address_of(database).render_as_string(hide_password=False)
    engine = open_store(read_only=True)
    units, sort = planned(engine, kind, period, units), KINDS[kind]
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(".*.part*"):  # of a batch that was stopped
        left.unlink()
    whole = content(engine, sort)
    demo = bool(readers.assessments(engine)["demo"].any())
    engine.dispose()
    source = template or sort.template
    whole += hashlib.sha256(source.read_bytes()).hexdigest()
    plan = [
        Job(sort, code, name, period, out, tuple(formats), hashlib.sha256(f"{whole} {code}".encode()).hexdigest(),
            source, timeout)
        for code, name in units.items()
    ]  # fmt: skip
    batch = _run(plan, kind, jobs or (os.cpu_count() or 1) + 1, force, forked, progress)
    if plan:
        write(out / f"{sort.prefix}index.html", index_page(batch.made, f"{period}年{sort.title}", demo, sort.about))
    return batch


def _run(plan: list[Job], kind: str, jobs: int, force: bool, forked: bool, progress: Callable[[Made], None]) -> Batch:
    if not plan:
        return Batch([])
    manifest = Manifest(plan[0].out / "manifest.json")
    made = {job.code: job.told("current") for job in plan if manifest.current(job) and not force}
    for row in made.values():
        progress(row)
    todo = [job for job in plan if job.code not in made]
    forks = Forks(kind, ",".join(job.code for job in todo), plan[0].period, min(jobs, os.cpu_count() or 1))
    if not forked or len(todo) < WORTH:
        _pool(todo, jobs, QuickKernel, manifest, made, progress)
        return Batch([made[job.code] for job in plan])
    with forks:
        _pool(todo, jobs, forks.kernel, manifest, made, progress)
        return Batch([made[job.code] for job in plan], forks.failed)


def _pool(todo: list[Job], jobs: int, kernel: Any, manifest: "Manifest", made: dict[str, Made], progress: Any) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(_one, job, kernel): job for job in todo}
        for done in as_completed(running):
            job, row = running[done], done.result()
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


def _safe(name: str) -> str:
    """A name for a file: letters, digits, - and _; what had to be changed carries a hash to stay apart."""
    safe = re.sub(r"[^\w-]", "_", name)
    return safe if safe == name else f"{safe[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _one(job: Job, kernel: Any) -> Made:
    """Execute one unit's notebook and write its files; a failure is told, not raised."""
    part = job.out / f".{job.stem}.part.ipynb"
    for _ in range(TRIES):
        try:
            executed = execute(
                job.template, part, {job.kind.parameter: job.code, "period": job.period}, kernel, job.timeout
            )
            for ending, file in zip(job.formats, job.files, strict=True):
                write(job.out / file, FORMATS[ending](executed, job.title))
        except Exception as error:  # whatever went wrong in a kernel, the other units go on
            reason = _reason(error)
        else:
            part.unlink()
            return job.told("made")
        finally:
            with contextlib.suppress(RuntimeError):  # the loop that nbclient made for this thread
                asyncio.get_event_loop().close()
    failed = job.out / "failed"
    failed.mkdir(exist_ok=True)
    if part.is_file():
        part.replace(failed / f"{job.stem}.ipynb")
    return job.told("failed", reason)


def execute(template: Path, output: Path | None, parameters: dict[str, str], kernel: Any, timeout: int) -> Any:
    """Run a notebook by Papermill in a kernel of a manager class; the executed notebook.

    Raises
    ------
    PapermillExecutionError : a cell failed
    DeadKernelError, CellTimeoutError : the kernel was killed, a cell took too long
    """
    import papermill

    return papermill.execute_notebook(
        template,
        output,
        parameters=parameters,
        progress_bar=False,
        kernel_name="python3",
        execution_timeout=timeout,
        request_save_on_cell_execute=False,
        kernel_manager_class=kernel,
    )


def _reason(error: Exception) -> str:
    said = getattr(error, "evalue", None) or str(error) or type(error).__name__
    known = {"DeadKernelError": "计算进程被终止（可能内存不足）", "CellTimeoutError": "代码格运行超过时限"}
    cell = getattr(error, "exec_count", None)
    return (f"第{cell}个代码格：" if cell else "") + known.get(
        type(error).__name__, (str(said).strip() or type(error).__name__).splitlines()[0]
    )


def _ipynb(notebook: Any, title: str) -> str:
    import nbformat

    return nbformat.writes(notebook)


FORMATS: dict[str, Callable[[Any, str], str | bytes]] = {
    "html": to_html,
    "pdf": to_pdf,
    "docx": to_docx,
    "xlsx": to_xlsx,
    "ipynb": _ipynb,
}

"""One report: its notebook run by Papermill in a kernel of its own, and its files in every format.

What went wrong is judged by the exception, never by the notebook's own metadata: a killed kernel leaves a notebook
that says all went well. A report that fails is tried once more and leaves its notebook in ``failed/``.
"""

import asyncio
import contextlib
import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chengxin.render.pdf import to_pdf
from chengxin.render.word import to_docx
from chengxin.render.workbook import to_xlsx
from chengxin.reports.kinds import Kind
from chengxin.reports.pages import to_html, write_all

TIMEOUT = 300  # seconds a cell may take
TRIES = 2
LONGEST = 60  # bytes of a code in a file's name
WARM = (
    "chengxin.reports.area_card",
    "chengxin.reports.comparison",
    "chengxin.reports.recheck",
    "chengxin.reports.monitoring_year",
)  # kernels find them imported


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


def _safe(name: str) -> str:
    """A short name for a file: letters, digits, - and _; what had to be changed carries a hash to stay apart."""
    safe = re.sub(r"[^\w-]", "_", name)
    if safe == name and len(name.encode()) <= LONGEST:
        return name
    return f"{safe[: LONGEST // 3]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def make_one(job: Job, kernel: Any, stopped: Callable[[], bool] = lambda: False) -> Made:
    """Execute one unit's notebook and write its files; a failure is told, not raised.

    Parameters
    ----------
    job : what to make
    kernel : manager class of the kernels
    stopped : whether the batch was stopped, so that a failure is not tried again
    """
    part = job.out / f".{job.stem}.part.ipynb"
    for tried in range(TRIES):
        try:
            executed = execute(
                job.template, part, {job.kind.parameter: job.code, "period": job.period}, kernel, job.timeout
            )
            files = {job.out / file: FORMATS[ending](executed, job.title)
                     for ending, file in zip(job.formats, job.files, strict=True)}  # fmt: skip
            write_all(files)  # none is seen before all are whole
            part.unlink()
            return job.told("made")
        except Exception as error:  # whatever went wrong in a kernel, the other units go on
            why = reason(error) + ("（已重试）" if tried else "")
            if stopped():
                break
        finally:
            with contextlib.suppress(RuntimeError):  # the loop that nbclient made for this thread
                asyncio.get_event_loop().close()
    failed = job.out / "failed"
    failed.mkdir(exist_ok=True)
    if part.is_file():
        part.replace(failed / f"{job.stem}.ipynb")
    return job.told("failed", why)


def execute(template: Path, output: Path | None, parameters: dict[str, str], kernel: Any, timeout: int) -> Any:
    """Run a notebook by Papermill in a kernel of a manager class; the executed notebook.

    Raises
    ------
    PapermillExecutionError : a cell failed
    DeadKernelError, CellTimeoutError : the kernel was killed, a cell took too long
    """
    import papermill

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what goes wrong is told by exceptions
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


def reason(error: Exception) -> str:
    """Why a report was not made, in one line: the cell where one failed, and what the exception says."""
    said = getattr(error, "evalue", None) or str(error) or type(error).__name__
    known = {"DeadKernelError": "计算进程被终止（可能内存不足）", "CellTimeoutError": "代码格运行超过时限",
             "KilledWorker": "多个计算进程先后被终止（可能内存不足）"}  # fmt: skip
    cell = getattr(error, "exec_count", None)
    return (f"第{cell}个代码格：" if cell else "") + known.get(
        type(error).__name__, (str(said).strip() or type(error).__name__).splitlines()[0]
    )


def _ipynb(notebook: Any, title: str) -> str:
    import nbformat

    return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]


FORMATS: dict[str, Callable[[Any, str], str | bytes]] = {
    "html": to_html,
    "pdf": to_pdf,
    "docx": to_docx,
    "xlsx": to_xlsx,
    "ipynb": _ipynb,
}

"""The lab at size: a what-if edit of 1,000 areas, re-scored and redrawn; 10,000 draws of points over them with ranks.

Peers on the same matrix and the same draws in the same run: scikit-criteria's and pymcdm's weighted sum and ranks,
called draw by draw as they are made to be, and a plain NumPy loop. The peers make the first of the draws and are
scaled up; their ranks are compared with ours on those draws. Memory is the peak above what the process held; CPU
is of all threads. Prints Markdown tables. Run: ``pip install scikit-criteria pymcdm`` (licences BSD-3-Clause and MIT;
wanted here only, the kit does not depend on them), then ``python bench/lab.py``.
"""

import gc
import time
from collections.abc import Callable
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from chengxin import lab
from chengxin.lab.draws import points_drawn
from chengxin.lab.panel import panel
from chengxin.rubric.load import load_rubric
from chengxin.scoring.ranking import placed

AREAS, DRAWS, PEER_DRAWS = 1000, 10_000, 200
RUBRIC = load_rubric("scenic_area")
EDIT: dict[str, Any] = {"15.1": {"rule": {"kind": "share", "when_none": "zero"}}, "repeats": "each"}


def observations(areas: int) -> pd.DataFrame:
    """A clean frame of complete assessments, lines in rubric order."""
    rng = np.random.default_rng(20261125)
    columns = []
    for line in RUBRIC.lines:
        of = rng.integers(20, 60, areas).astype(float) if line.rule.needs_of else np.full(areas, np.nan)
        likely = rng.uniform(0.8, 1.0, areas)
        value = np.floor(of * likely + 0.5) if line.rule.needs_of else (rng.random(areas) < likely).astype(float)
        if line.section != "base":
            value = (rng.random(areas) < 0.1).astype(float)
        columns.append((value, of))
    value, of = (np.stack(part, axis=1).reshape(-1) for part in zip(*columns, strict=True))
    ids = [f"A{n:04d}" for n in range(areas)]
    lines = [line.id for line in RUBRIC.lines]
    frame = pd.DataFrame({"assessment": np.repeat(ids, len(lines)), "line": np.tile(lines, areas)})
    return frame.assign(value=value, of=of, note="")


def memory(name: str) -> float:
    """MiB that Linux counts for this process: VmRSS now, VmHWM at the peak."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def timed(work: Callable[[], Any], repeats: int = 3) -> tuple[float, float, float, Any]:
    """Median seconds by the clock and of CPU, peak MiB above the start, and the result."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before, took = memory("VmRSS"), []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        got = work()
        took.append((time.perf_counter() - start, time.process_time() - busy))
    clock, cpu = np.median(took, axis=0)
    return float(clock), float(cpu), memory("VmHWM") - before, got


def numpy_loop(matrix: Any, weights: Any) -> list[Any]:
    return [rankdata(-(matrix @ weight), "min") for weight in weights]


def criteria_loop(matrix: Any, weights: Any) -> list[Any]:
    simple = import_module("skcriteria.agg.simple")
    skc, model = import_module("skcriteria"), simple.WeightedSumModel()
    sense = [max] * matrix.shape[1]
    return [model.evaluate(skc.mkdm(matrix, sense, weights=weight)).rank_ for weight in weights]


def pymcdm_loop(matrix: Any, weights: Any) -> list[Any]:
    """Its method WSM normalises by sums unless told otherwise; the matrix is taken as it is."""
    methods, helpers = import_module("pymcdm.methods"), import_module("pymcdm.helpers")
    wsm = methods.WSM(lambda column, cost=False: column)
    types = np.ones(matrix.shape[1])
    return [helpers.rrankdata(wsm(matrix, weight, types, validation=False)) for weight in weights]


PEERS = {"NumPy loop": numpy_loop, "scikit-criteria": criteria_loop, "pymcdm": pymcdm_loop}


def what_if_table(frame: pd.DataFrame) -> str:
    form = import_module("chengxin.web.lab.what_if_form").WhatIfForm(RUBRIC, frame)
    form.line.value = "15.1"
    form.rule.kind.value = "share"  # the form stands in the middle of work: one line is changed already
    form.line.value = "2.1"
    turns = cycle(["7", "5"])
    work = {
        "scored, ranked, who moved and by which line (`lab.what_if`)": lambda: lab.what_if(RUBRIC, frame, EDIT),
        "typed into the form: all of it, and both charts as SVG, both tables as HTML, words and YAML": lambda: edited(
            form, next(turns)
        ),
    }
    rows = []
    for name, call in work.items():
        seconds, cpu, peak, got = timed(call, 15)
        sent = f"{len(got) / 1000:.0f} kB" if isinstance(got, str) else "–"
        rows.append(f"| {name} | {seconds * 1000:.0f} ms | {cpu * 1000:.0f} ms | {sent} | {peak:.0f} MiB |")
    title = f"| What-if edit, {AREAS} areas × {len(RUBRIC.lines)} lines, in the kernel | median | CPU | sent | peak |"
    return "\n".join([title, "|---|---|---|---|---|", *rows])


def edited(form: Any, points: str) -> str:
    """One edit in the form; everything that goes to the browser."""
    form.points.value = points
    assert form.changes["2.1"] == {"points": int(points)}
    return "".join(each.value for each in (form.official, form.bar, form.said, form.charts, form.tables))


def draws_table(frame: pd.DataFrame) -> str:
    seconds, cpu, peak, _ = timed(lambda: lab.rank_intervals(RUBRIC, frame, DRAWS, 1), 5)
    rows = [f"| chengxin `rank_intervals`, {DRAWS} draws | {seconds:.2f} s | {cpu:.2f} s | {peak:.0f} MiB | 1 |"]
    found = panel(RUBRIC, frame)
    base = points_drawn(np.random.default_rng(1), RUBRIC, PEER_DRAWS)
    ours = placed(found.totals(base))
    matrix = np.column_stack([found.share, found.rest - found.rest.min() + 1e-9])
    weights = np.column_stack([base, np.ones(PEER_DRAWS)])
    for name, loop in PEERS.items():
        try:
            taken, busy, top, ranks = timed(lambda loop=loop: loop(matrix, weights), 1)
        except ModuleNotFoundError:
            rows.append(f"| {name} | not installed: pip install {name} | | | |")
            continue
        scaled, busy = taken * DRAWS / PEER_DRAWS, busy * DRAWS / PEER_DRAWS
        same = float(np.mean(np.array([rankdata(rank, "min") for rank in ranks]) == ours))
        about = f"{name}, {PEER_DRAWS} draws scaled up (ranks equal: {same:.2%})"
        rows.append(f"| {about} | {scaled:.1f} s | {busy:.1f} s | {top:.0f} MiB | {busy / cpu:.1f} |")
    title = (
        f"| {DRAWS} draws × {AREAS} areas × {len(RUBRIC.lines)} lines, with ranks | time | CPU | peak | CPU of ours |"
    )
    return "\n".join([title, "|---|---|---|---|---|", *rows])


if __name__ == "__main__":
    sample = observations(AREAS)
    print(draws_table(sample), end="\n\n")
    print(what_if_table(sample))

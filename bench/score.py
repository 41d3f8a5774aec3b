"""Scoring at 1e5–1e7 observation rows: rows a second, peak memory, and ratios to the floor and to three peers.

Long frame in, results out, validation included; in order (each assessment's lines in rubric order) and
shuffled. Peers in the same run: DuckDB SQL on two threads, pandas merge + groupby, a plain loop over tuples;
each way in a process of its own, its totals compared with ours one by one. The floor is one reduction over the
same values. Memory is the peak above what the process held with the input ready, by Linux's own account.
Prints Markdown tables. Run: ``chengxin bench score`` or ``python bench/score.py [ROWS …]``.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from chengxin.rubric.load import load_rubric
from chengxin.scoring.score import score
from chengxin.scoring.totals import totals

RUBRIC = load_rubric("street")
LINES = RUBRIC.lines
REPEATS = 3


def observations(rows: int, shuffled: bool) -> pd.DataFrame:
    """A clean frame with categorical keys; counts as integers in float64 columns."""
    rng = np.random.default_rng(20261124)
    count, width = max(1, rows // len(LINES)), len(LINES)
    value, of = np.empty((count, width)), np.full((count, width), np.nan)
    for n, line in enumerate(LINES):
        kind = line.rule.kind
        if kind in ("share", "threshold"):
            of[:, n] = rng.integers(20, 60, count)
            value[:, n] = np.floor(of[:, n] * rng.uniform(0.8, 1.0, count) + 0.5)
        elif kind == "marks":
            value[:, n] = line.points
        else:
            value[:, n] = rng.integers(0, 2, count)
    ids = pd.Index([f"A{n:07d}" for n in range(count)])
    frame = pd.DataFrame(
        {
            "assessment": pd.Categorical.from_codes(np.repeat(np.arange(count, dtype=np.int32), width), categories=ids),
            "line": pd.Categorical.from_codes(
                np.tile(np.arange(width, dtype=np.int8), count), categories=[line.id for line in LINES]
            ),
            "value": value.reshape(-1),
            "of": of.reshape(-1),
        }
    )
    return frame.sample(frac=1, random_state=1).reset_index(drop=True) if shuffled else frame


def chengxin_way(frame: pd.DataFrame) -> np.ndarray:
    return totals(score(RUBRIC, frame)).sort_values("assessment")["total"].to_numpy()


def parameters() -> pd.DataFrame:
    """The rubric as a table, for the peers."""
    rows = []
    for line in LINES:
        rule = line.rule.model_dump()
        none = {"full": line.points, "zero": 0.0, "not_applicable": line.points}.get(rule.get("when_none"), 0.0)
        rows.append(
            {
                "line": line.id, "kind": rule["kind"], "points": line.points, "section": line.section, "none": none,
                "least": rule.get("at_least", 0.0), "need": rule.get("count", 0), "each": rule.get("each", 0.0),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


SQL = """
with scored as (
  select o.assessment, r.section, o.line,
    case r.kind
      when 'share' then case when o."of" = 0 then r."none" else r.points * o.value / o."of" end
      when 'threshold' then case when o."of" = 0 then r."none"
        when o.value >= r.least * o."of" - 5e-7 then r.points else 0 end
      when 'met' then r.points * o.value
      when 'marks' then o.value
      when 'per_unit' then greatest(0, r.points - r."each" * o.value)
      when 'at_least' then case when o.value >= r.need then r.points else 0 end
      else r.points * o.value end as score,
    (o.value is null or o.value < 0 or (r.kind <> 'marks' and o.value <> round(o.value))
      or (r.kind in ('share', 'threshold') and (o."of" is null or o.value > o."of" or o."of" <> round(o."of")))
      or (r.kind = 'met' and o.value > 1) or (r.kind = 'marks' and o.value > r.points)) as bad
  from frame o join rubric r on o.line = r.line)
select assessment, count(*) as lines, count(distinct line) as kinds, bool_or(bad) as bad,
  sum(case section when 'base' then score end) as base, sum(case section when 'bonus' then score end) as bonus,
  sum(case section when 'deduction' then score end) as deduction
from scored group by assessment order by assessment
"""


def duckdb_way(frame: pd.DataFrame) -> np.ndarray:
    with duckdb.connect(config={"threads": 2}) as con:
        con.register("frame", frame)
        con.register("rubric", parameters())
        got = con.execute(SQL).df()
    assert not got["bad"].any()
    assert bool((got["lines"] == got["kinds"]).all())
    return (got["base"] + got["bonus"] - got["deduction"]).clip(lower=0).round(2).to_numpy()


def pandas_way(frame: pd.DataFrame) -> np.ndarray:
    rubric = parameters().astype({"line": frame["line"].dtype})
    rows = frame.merge(rubric, on="line")
    value, of, points = rows["value"], rows["of"], rows["points"]
    assert not (value.isna() | (value < 0) | (value > of)).any()
    assert not frame.duplicated(["assessment", "line"]).any()
    ways = {
        "share": points * value / of, "threshold": points * (value >= rows["least"] * of - 5e-7), "met": points * value,
        "marks": value, "per_unit": (points - rows["each"] * value).clip(lower=0),
        "at_least": points * (value >= rows["need"]), "each": points * value,
    }  # fmt: skip
    score = np.select([rows["kind"] == kind for kind in ways], list(ways.values()))
    sign = np.where(rows["section"] == "deduction", -1, 1)
    return pd.Series(score * sign).groupby(rows["assessment"].to_numpy()).sum().clip(lower=0).round(2).to_numpy()


def loop_way(frame: pd.DataFrame) -> np.ndarray:
    rubric = parameters().set_index("line").to_dict("index")
    sums: dict[str, float] = {}
    for who, line, value, of in frame.itertuples(index=False, name=None):
        rule = rubric[line]
        kind, points = rule["kind"], rule["points"]
        if value < 0 or value > of:
            raise ValueError
        if kind == "share":
            got = points * value / of
        elif kind == "threshold":
            got = points if value >= rule["least"] * of - 5e-7 else 0.0
        elif kind == "marks":
            got = value
        elif kind == "at_least":
            got = points if value >= rule["need"] else 0.0
        else:
            got = points * value
        sums[who] = sums.get(who, 0.0) + (-got if rule["section"] == "deduction" else got)
    return np.array([round(max(0.0, sums[who]), 2) for who in sorted(sums)])


def floor_way(frame: pd.DataFrame) -> np.ndarray:
    """The least any way can do: one reduction over the same bytes."""
    return np.add.reduceat(frame["value"].to_numpy(), np.arange(0, len(frame), len(LINES)))


WAYS = {"floor": floor_way, "chengxin": chengxin_way, "duckdb": duckdb_way, "pandas": pandas_way, "loop": loop_way}
NAMES = {
    "floor": "下限（对同样的数求和一次）",
    "chengxin": "chengxin",
    "duckdb": "DuckDB SQL（2线程）",
    "pandas": "pandas合并分组",
    "loop": "逐行循环",
}


def memory(name: str) -> float:
    """MiB that Linux counts for this process: VmRSS now, VmHWM at the peak."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def measure(way: str, rows: int, shuffled: bool, to: str) -> dict[str, float]:
    """Median seconds and the peak of memory above the input; the totals are left in a file."""
    frame = observations(rows, shuffled)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak starts anew
    before, seconds = memory("VmRSS"), []
    for _ in range(1 if way == "loop" else REPEATS):
        start = time.perf_counter()
        got = WAYS[way](frame)
        seconds.append(time.perf_counter() - start)
    found = {"seconds": float(np.median(seconds)), "peak": memory("VmHWM") - before}
    np.save(to, got)
    return found


def all_ways(rows: int, shuffled: bool) -> dict[str, dict[str, float]]:
    """Every way measured, with the greatest difference of a total from ours; more than a rounding is an error."""
    found, got = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            file = str(Path(folder) / f"{way}.npy")
            call = [sys.executable, __file__, "--one", way, str(rows), str(int(shuffled)), file]
            found[way] = json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout)
            got[way] = np.load(file)
    for way in set(WAYS) - {"floor"}:
        found[way]["off"] = float(np.abs(got[way] - got["chengxin"]).max())
        found[way]["differ"] = int((np.abs(got[way] - got["chengxin"]) > 1e-9).sum())
        assert found[way]["off"] < 0.01 + 1e-9, f"{way} is off by {found[way]['off']}"
    return found


def table(rows: int, shuffled: bool) -> str:
    """One Markdown table: a line for each way."""
    found = all_ways(rows, shuffled)
    floor, duckdb_time = found["floor"]["seconds"], found["duckdb"]["seconds"]
    lines = [
        f"{rows // len(LINES) * len(LINES):,}行，{'乱序' if shuffled else '有序'}",
        "",
        "| 做法 | 秒 | 行／秒 | 为下限的（倍） | 为DuckDB的（倍） | 输入之外的内存峰值 | 总分不同的（个，最大差） |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for way, r in found.items():
        totals_differ = "—" if way == "floor" else f"{r['differ']} ({r['off']:.2f})"
        lines.append(
            f"| {NAMES[way]} | {r['seconds']:.4f} | {rows / r['seconds']:,.0f} | {r['seconds'] / floor:,.1f} "
            f"| {r['seconds'] / duckdb_time:.2f} | {r['peak']:.0f} MiB | {totals_differ} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1", sys.argv[5])))
    else:
        for size in [int(float(text)) for text in sys.argv[1:]] or [10**5, 10**6, 10**7]:
            for shuffled in (False, True):
                print(table(size, shuffled), flush=True)

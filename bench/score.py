"""Scoring at 1e5–1e7 observation rows: rows a second, peak memory, and ratios to the floor and to three peers.

Long frame in, results out, validation included; in order (each assessment's lines in rubric order) and
shuffled. Peers in the same run: DuckDB SQL on two threads, pandas merge + groupby, a plain loop over tuples.
Every way must give the same totals. Run: ``python bench/score.py [ROWS …]``.
"""

import gc
import json
import resource
import subprocess
import sys
import time

import duckdb
import numpy as np
import pandas as pd

from chengxin.rubric import load_rubric
from chengxin.scoring import score, totals

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


def measure(way: str, rows: int, shuffled: bool) -> dict[str, float]:
    """Best and median seconds and the growth of peak memory, in a process of its own."""
    frame = observations(rows, shuffled)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(1 if way == "loop" else REPEATS):
        start = time.perf_counter()
        got = WAYS[way](frame)
        seconds.append(time.perf_counter() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check = float(np.nansum(got)) if way != "floor" else 0.0
    return {"median": float(np.median(seconds)), "best": min(seconds), "mb": (after - before) / 1024, "check": check}


def main(sizes: list[int]) -> None:
    for rows in sizes:
        for shuffled in (False, True):
            found = {}
            for way in WAYS:
                call = [sys.executable, __file__, "--one", way, str(rows), str(int(shuffled))]
                found[way] = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
            print(f"{rows:,} rows, {'shuffled' if shuffled else 'in order'}")
            for way, r in found.items():
                ratio = r["median"] / found["floor"]["median"]
                times_duckdb = r["median"] / found["duckdb"]["median"]
                print(
                    f"  {way:<9}{r['median']:>9.4f} s {rows / r['median']:>14,.0f} rows/s  ×floor {ratio:>8.1f}"
                    f"  ×duckdb {times_duckdb:>6.2f}  +{r['mb']:.0f} MiB  Σ {r['check']:.2f}"
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1")))
    else:
        main([int(float(size)) for size in sys.argv[1:]] or [10**5, 10**6, 10**7])

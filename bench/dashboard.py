"""The city dashboard at the size of the nation: 2,800 counties × 10 areas × 4 periods, 112,000 assessments.

A temporary SQLite file of the kit's own schema is filled by bulk inserts with a fixed seed: registries, assessments,
every line's observation (3.4 million), two instruments an area with a verification a year, approved and so untouched
by the ledgers; no audit rows, no history. One process of its own reads it, makes the page, and then changes period,
kind and county in turn. A change is timed in the kernel, from setting the control until every part of the page holds
its new value; the browser's part is not in it. Beside it, in the same run: the same choice as one pandas filter and
groupby on ready frames, and as one SQL query on ready totals; both give one table of ten parts of the page.
Prints Markdown tables. Run: ``python bench/dashboard.py [COUNTIES] [ROUNDS]``.
"""

import json
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from chengxin.rubric.load import load_rubric
from chengxin.store.engine import migrate

SEED, AREAS, PERIODS = 20261125, 10, ("2023", "2024", "2025", "2026")
KINDS = ("scenic_area", "street")
HERE = Path(__file__)


def codes(counties: int) -> list[str]:
    return [f"{110000 + n}" for n in range(counties)]


def areas(counties: int) -> list[tuple[str, str, str]]:
    """Code, kind and county of every area, the kinds in turn."""
    return [(f"{code}-{n}", KINDS[n % 2], code) for code in codes(counties) for n in range(AREAS)]


def observed(kind: str, ids: list[str], rng: np.random.Generator) -> Iterator[tuple]:
    """Rows of observations: most points are got, a twentieth of the assessments lacks its last base line."""
    rubric, count = load_rubric(kind), len(ids)
    last = [line.id for line in rubric.lines if line.section == "base"][-1]
    good = rng.beta(12, 2, count)
    for line in rubric.lines:
        of: np.ndarray | None = None
        if line.rule.needs_of:
            of = rng.integers(10, 60, count)
            value = rng.binomial(of, good).astype(float)
        elif line.rule.kind == "marks":
            value = np.round(line.points * good * 2) / 2
        elif line.section == "base":
            right = rng.random(count) < good
            value = np.where(right, 0.0, 1.0) if line.rule.kind == "per_unit" else right.astype(float)
        else:
            value = (rng.random(count) < (0.001 if line.red_line else 0.05)).astype(float)
        keep = rng.random(count) > 0.05 if line.id == last else np.ones(count, bool)
        whole = [None] * count if of is None else of.astype(float).tolist()
        note = "演示" if line.rule.kind == "marks" else ""
        for one, number, part, kept in zip(ids, value.tolist(), whole, keep.tolist(), strict=True):
            if kept:
                yield one, line.id, number, part, "assessed", note, 1


def database(path: Path, counties: int) -> int:
    """Fill a new database; the number of observations."""
    migrate(str(path))
    rng, places = np.random.default_rng(SEED), areas(counties)
    with sqlite3.connect(path) as db:
        units = [(code, f"第{n}县市场监督管理局", f"第{n}县", code, "county") for n, code in enumerate(codes(counties))]
        db.executemany("INSERT INTO reporting_unit VALUES (?,?,?,?,?)", units)
        rows = [(code, f"演示·{code}", kind, unit, None, None, None, "accepted") for code, kind, unit in places]
        db.executemany("INSERT INTO area VALUES (?,?,?,?,?,?,?,?)", rows)
        for period in PERIODS:
            rows = [(f"{code}-{period}", code, period, kind, f"{period}-10-31", "approved", 1)
                    for code, kind, _ in places]  # fmt: skip
            db.executemany("INSERT INTO assessment VALUES (?,?,?,?,?,?,?)", rows)
        for kind in KINDS:
            ids = [f"{code}-{period}" for period in PERIODS for code, each, _ in places if each == kind]
            db.executemany("INSERT INTO observation VALUES (?,?,?,?,?,?,?)", observed(kind, ids, rng))
        tools = [(f"{code}-{n}", code) for code, *_ in places for n in range(2)]
        fields = "id, area, kind, model, serial, maker, place, management, status, in_use_since"
        more = "'电子秤', '', '', '', '', 'mandatory', 'in_use', '2020-01-01'"
        db.executemany(f"INSERT INTO instrument ({fields}) VALUES (?,?,{more})", tools)
        tests = [(f"{tool}-{year}", tool, f"{year}-03-01", f"{int(year) + 1}-02-28")
                 for year in PERIODS for tool, _ in tools]  # fmt: skip
        fields = "id, instrument, done_on, valid_until, kind, result, certificate, body"
        db.executemany(f"INSERT INTO verification ({fields}) VALUES (?,?,?,?,'verification','qualified','','')", tests)
        count = db.execute("SELECT count(*) FROM observation").fetchone()[0]
    db.close()
    return int(count)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: other work on the machine adds to the first only."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def floors(page, choices: list[tuple[str, str]]) -> dict[str, list[tuple[float, float]]]:
    """The same choices answered with one table only: by pandas, by SQL."""
    frame = page.city.results[["period", "kind", "unit", "unrounded", "complete"]]
    frame = frame.assign(**{name: frame[name].astype("str") for name in ("period", "kind", "unit")})

    def pandas_way(period: str, kind: str) -> object:
        rows = frame[(frame["period"] == period) & (frame["kind"] == kind) & frame["complete"]]
        return rows.groupby("unit")["unrounded"].agg(["median", "size"]).sort_values("median", ascending=False)

    with sqlite3.connect(":memory:") as db:
        frame.to_sql("result", db, index=False)
        db.execute("CREATE INDEX chosen ON result (period, kind)")
        sql = """SELECT unit, avg(unrounded) AS mean, count(*) FROM result
                 WHERE period = ? AND kind = ? AND complete GROUP BY unit ORDER BY mean DESC"""
        ways = {
            "pandas：一次筛选加分组": pandas_way,
            "SQL：一条查询（SQLite没有中位数，取均值）": lambda *asked: db.execute(sql, asked).fetchall(),
        }
        return {name: [timed(lambda way=way, one=one: way(*one)) for one in choices] for name, way in ways.items()}


def kernel(path: str, rounds: int) -> dict[str, object]:
    """What one kernel does: read, show, change."""
    from chengxin.figures.city import latest
    from chengxin.store.engine import open_store
    from chengxin.web.dashboard.city_page import CityPage

    before = mebibytes()
    engine = open_store(path, read_only=True)
    read, made = timed(lambda: latest(engine)), []
    first = timed(lambda: made.append(CityPage(engine)))
    page, whole = made[0], mebibytes()
    rng, spent = random.Random(SEED), {}
    known = [code for _, code in page.unit.options if code]
    for name, control, values in (
        ("换评价期", page.period, list(PERIODS)), ("换类别", page.kind, ["", *KINDS]), ("选一个县", page.unit, known),
        ("回到全部", page.unit, known),
    ):  # fmt: skip
        spent[name] = []
        for _ in range(rounds):
            if name == "回到全部":
                control.value = rng.choice(values)
                spent[name].append(timed(lambda control=control: setattr(control, "value", "")))
                continue
            value = rng.choice([value for value in values if value != control.value])
            spent[name].append(timed(lambda control=control, value=value: setattr(control, "value", value)))
        page.unit.value, page.kind.value, page.period.value = "", "", PERIODS[-1]
    choices = [(rng.choice(PERIODS), rng.choice(KINDS)) for _ in range(rounds)]
    return {"read": read, "first": first, "before": before, "whole": whole, "spent": spent,
            "floors": floors(page, choices), "at": len(page.city.results)}  # fmt: skip


def main(counties: int = 2800, rounds: int = 20) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nation.db"
        start = time.perf_counter()
        count = database(path, counties)
        size = path.stat().st_size / 2**20
        took = time.perf_counter() - start
        print(f"{counties}个县，观测{count:,}条，数据库{size:.0f} MiB，造数{took:.0f}秒")
        call = [sys.executable, str(HERE), "kernel", str(path), str(rounds)]
        found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    print(f"评价{found['at']:,}个；内存峰值{found['whole']:.0f} MiB（载入程序后{found['before']:.0f}）")
    print("\n| 一个计算进程 | 秒 | 其中处理器 |\n|---|---|---|")
    for name, key in (("读库并全部评分", "read"), ("再到页面出齐", "first")):
        print(f"| {name} | {found[key][0]:.2f} | {found[key][1]:.2f} |")
    print("\n| 一次筛选，毫秒 | 中位数 | 最长 | 处理器中位数 | 处理器最长 |\n|---|---|---|---|---|")
    for name, times in {**found["spent"], **found["floors"]}.items():
        both = [f(part) for part in zip(*times, strict=True) for f in (statistics.median, max)]
        print(f"| {name} | {' | '.join(f'{1000 * each:.1f}' for each in both)} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["kernel"]:
        print(json.dumps(kernel(sys.argv[2], int(sys.argv[3]))))
    else:
        main(*map(int, sys.argv[1:3]))

"""Seconds per report: the plain ``papermill`` command in a loop, the kit's batch, and a floor, in one run.

The batch makes what the command makes: an executed notebook; a second row also writes page, PDF, Word and Excel. The
floor is the same report as a plain function in a pool of as many processes as there are processors, warm, the city
scored once a process. The command is linear in the number of reports, so it is run for a few only, before and after
the others. Memory is the largest sum of the proportional set sizes of this process and all below it (Linux).
Prints a Markdown table. Run: ``chengxin bench report`` or ``python bench/report.py [--plain RUNS] [REPORTS …]``.
"""

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from chengxin.jupyter.kernels import Forks
from chengxin.paths import place
from chengxin.reports.kinds import KINDS
from chengxin.reports.run import TIMEOUT, WARM, Job, make_one
from chengxin.store.engine import migrate, open_store

UNITS = ("331002", "331003", "331004", "331022", "331023", "331024", "331081", "331082", "331083", "TZW")
PERIOD = "2026"
CORES = os.cpu_count() or 1
EVERY = 0.2  # seconds between looks at the memory
HEAD = "| 报告（份） | 做法 | 秒／份 | 比papermill循环快（倍） | 为下限的（倍） | 内存峰值（MiB） |"


def sample(folder: Path) -> None:
    from chengxin.exchange.load import load

    database = str(folder / "bench.db")
    migrate(database)
    engine = open_store(database)
    load(engine, place("sample_data"), who="bench", why="bench", at=datetime.now(UTC), demo=True)
    engine.dispose()
    os.environ["CHENGXIN_DB"] = database


def cycled(count: int) -> list[str]:
    return list(itertools.islice(itertools.cycle(UNITS), count))


def plain_way(folder: Path, count: int) -> None:
    for number, unit in enumerate(cycled(count)):
        out = folder / f"plain{number}.ipynb"
        out.unlink(missing_ok=True)
        call = [sys.executable, "-m", "papermill", str(KINDS["index"].template), str(out)]
        subprocess.run([*call, "-r", "county", unit, "-r", "period", PERIOD], check=True, capture_output=True)


def our_way(folder: Path, count: int, formats: tuple[str, ...] = ("ipynb",)) -> None:
    jobs = []
    for number, unit in enumerate(cycled(count)):
        out = folder / f"{len(formats)}-{count}-{number}"
        out.mkdir()
        jobs.append(Job(KINDS["index"], unit, unit, PERIOD, out, formats, "", KINDS["index"].template, TIMEOUT))
    with Forks(WARM, "index", ",".join(UNITS), PERIOD, charts=CORES) as forks, ThreadPoolExecutor(CORES + 1) as pool:
        made = list(pool.map(lambda job: make_one(job, forks.kernel), jobs))
    assert all(row.state == "made" for row in made), made
    assert not forks.failed


def one_plain(unit: str) -> int:
    from chengxin.jupyter.forkserver import _shown
    from chengxin.reports.county_index import county_index
    from chengxin.workflow.cache import hold

    hold()
    made = county_index(None, unit, PERIOD)
    for word in (word for word in vars(type(made)) if not word.startswith("_")):
        _shown(getattr(made, word))
    return len(made.results)


def floor_way(folder: Path, count: int) -> None:
    with ProcessPoolExecutor(CORES) as pool:
        assert all(pool.map(one_plain, cycled(count)))


def family(root: int) -> list[int]:
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):  # a process may end between two looks
            for task in list(Path(f"/proc/{pid}/task").iterdir()):
                found += children(task)
    return found


def children(task: Path) -> list[int]:
    """Processes that a thread has started; none where it has ended meanwhile."""
    try:
        return [int(pid) for pid in (task / "children").read_text().split()]
    except OSError:
        return []


def memory() -> float:
    """MiB of this process and all below it."""
    total = 0
    for pid in family(os.getpid()):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def timed(way: Callable[[Path, int], None], folder: Path, count: int) -> tuple[float, float]:
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(EVERY):
            peak[0] = max(peak[0], memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        way(folder, count)
    finally:
        seconds = (time.perf_counter() - start) / count
        done.set()
        watcher.join()
    return seconds, peak[0]


def all_formats(folder: Path, count: int) -> None:
    our_way(folder, count, ("html", "pdf", "docx", "xlsx", "ipynb"))


WAYS = {"批量": our_way, "批量，另写网页、PDF、Word、Excel": all_formats, "直接调用函数（下限）": floor_way}


def compared(folder: Path, count: int, runs: int) -> None:
    """Print one row a way for one number of reports; half of the plain runs before the others, half after."""
    plain, most = timed(plain_way, folder, runs - runs // 2)
    ways = {name: timed(way, folder, count) for name, way in WAYS.items()}
    if runs > 1:
        plain = (plain + timed(plain_way, folder, runs // 2)[0]) / 2
    floor = ways["直接调用函数（下限）"][0]
    for way, (seconds, peak) in {f"papermill命令循环（实跑{runs}份）": (plain, most), **ways}.items():
        print(f"| {count} | {way} | {seconds:.2f} | {plain / seconds:.1f} | {seconds / floor:.1f} | {peak:.0f} |")


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("reports", nargs="*", type=int, default=[20, 100])
    words.add_argument("--plain", type=int, default=8)
    said = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample(folder)
        print(f"{CORES}个处理器\n\n{HEAD}\n|--:|---|--:|--:|--:|--:|", flush=True)
        for count in said.reports:
            compared(folder, count, min(said.plain, count))


if __name__ == "__main__":
    main()

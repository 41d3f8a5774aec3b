"""Seconds per report: the plain ``papermill`` command in a loop, the kit's batch, and a floor, in one run.

The batch makes what the command makes: an executed notebook. The floor is the same report as a plain function in a
pool of as many processes as there are processors, warm, the city scored once a process. The command is linear in
the number of reports, so it is run for a few only. Memory is the sum of the proportional set sizes of all processes.
Prints a Markdown table. Run: ``python bench/report.py [REPORTS …]`` (default 20 100).
"""

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from chengxin.batch import TIMEOUT, WARM, Job, _one
from chengxin.kernels import Forks
from chengxin.places import place
from chengxin.reports import KINDS
from chengxin.store import migrate, open_store

PLAIN = 4  # runs of the command
UNITS = ("331002", "331003", "331004", "331022", "331023", "331024", "331081", "331082", "331083", "TZW")
PERIOD = "2026"


def sample(folder: Path) -> None:
    from datetime import UTC, datetime

    from chengxin.exchange import load

    database = str(folder / "bench.db")
    migrate(database)
    engine = open_store(database)
    load(engine, place("sample_data"), who="bench", why="bench", at=datetime.now(UTC), demo=True)
    engine.dispose()
    os.environ["CHENGXIN_DB"] = database


def plain_way(folder: Path, count: int) -> None:
    for number, unit in enumerate(itertools.islice(itertools.cycle(UNITS), count)):
        call = [sys.executable, "-m", "papermill", str(KINDS["index"].template), str(folder / f"plain{number}.ipynb")]
        subprocess.run([*call, "-r", "county", unit, "-r", "period", PERIOD], check=True, capture_output=True)


def our_way(folder: Path, count: int) -> None:
    template = KINDS["index"].template
    jobs = []
    for number, unit in enumerate(itertools.islice(itertools.cycle(UNITS), count)):
        out = folder / f"ours{count}-{number}"
        out.mkdir()
        jobs.append(Job(KINDS["index"], unit, unit, PERIOD, out, ("ipynb",), "", template, TIMEOUT))
    cores = os.cpu_count() or 1
    with Forks(WARM, "index", ",".join(UNITS), PERIOD, charts=cores) as forks, ThreadPoolExecutor(cores + 1) as pool:
        made = list(pool.map(lambda job: _one(job, forks.kernel), jobs))
    assert all(row.state == "made" for row in made), made
    assert not forks.failed


def one_plain(unit: str) -> int:
    from chengxin.forks import _shown
    from chengxin.held import hold
    from chengxin.views import county_index

    hold()
    made = county_index(None, unit, PERIOD)
    for word in (word for word in vars(type(made)) if not word.startswith("_")):
        _shown(getattr(made, word))
    return len(made.results)


def floor_way(folder: Path, count: int) -> None:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        assert all(pool.map(one_plain, itertools.islice(itertools.cycle(UNITS), count)))


def family(root: int) -> list[int]:
    found = [root]
    for pid in found:
        tasks = Path(f"/proc/{pid}/task")
        for task in tasks.glob("*") if tasks.is_dir() else []:
            try:
                found += map(int, (task / "children").read_text().split())
            except OSError:
                continue
    return found


def memory() -> float:
    """MB of this process and all below it."""
    total = 0
    for pid in family(os.getpid()):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def timed(way: object, folder: Path, count: int) -> tuple[float, float]:
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            peak[0] = max(peak[0], memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    way(folder, count)  # type: ignore[operator]
    seconds = (time.perf_counter() - start) / count
    done.set()
    watcher.join()
    return seconds, peak[0]


def main() -> None:
    counts = [int(word) for word in sys.argv[1:]] or [20, 100]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample(folder)
        print("| reports | way | s a report | papermill ÷ this | this ÷ floor | peak MB |\n|---|---|---|---|---|---|")
        for count in counts:
            before, there = timed(plain_way, folder, PLAIN)
            for old in folder.glob("plain*"):
                old.unlink()
            ours, ours_memory = timed(our_way, folder, count)
            floor, floor_memory = timed(floor_way, folder, count)
            after, _ = timed(plain_way, folder, PLAIN)
            plain = (before + after) / 2
            ways = {
                "papermill command": (plain, there),
                "batch": (ours, ours_memory),
                "plain function": (floor, floor_memory),
            }
            for way, (seconds, most) in ways.items():
                ratios = f"{plain / seconds:.1f} | {seconds / floor:.1f}"
                print(f"| {count} | {way} | {seconds:.2f} | {ratios} | {most:.0f} |", flush=True)


if __name__ == "__main__":
    main()

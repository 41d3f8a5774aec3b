"""A real Dask cluster for tests: a scheduler and workers as separate processes on loopback."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client


class Local:
    """The processes, and where the scheduler listens."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workers = folder, []
        self.scheduler = self._run("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard",
                                   "--scheduler-file", folder / "where.json")  # fmt: skip
        self.address = self._await(lambda: json.loads((folder / "where.json").read_text("utf-8"))["address"])

    def _run(self, *words: object) -> subprocess.Popen[bytes]:
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen([Path(sys.executable).with_name("dask"), *map(str, words)], stdout=log, stderr=log,
                                    cwd=self.folder, env={**os.environ, "PYTHONUTF8": "1"})  # fmt: skip

    def _await(self, get):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                return get()
            except (OSError, ValueError):
                time.sleep(0.05)
        raise AssertionError((self.folder / "scheduler.log").read_text("utf-8"))

    def add(self, count: int) -> None:
        """Start so many worker processes, each a process of its own without a nanny."""
        for _ in range(count):
            words = ("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory",
                     self.folder, "--host", "127.0.0.1")  # fmt: skip
            self.workers.append(self._run(*words))

    def wait(self, count: int) -> None:
        """Until so many workers are there."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)

    def stop(self) -> None:
        """At once: a scheduler that is asked to end takes its time."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Local]:
    """A cluster with so many workers."""
    local = Local(folder)
    try:
        local.add(workers)
        if workers:
            local.wait(workers)
        yield local
    finally:
        local.stop()

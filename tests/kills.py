"""Writes drafts in processes that are killed at random moments; says what was acknowledged before each kill.

Called by test_drafts with the path of a database and how many kills; prints one JSON line per acknowledged save.
"""

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime

from chengxin.store.drafts import save
from chengxin.store.engine import open_store


def entry(path: str, round_: int, out: int) -> None:
    """Type into one field after the other until killed; each save is acknowledged on the pipe once it returned."""
    engine = open_store(path)
    for n in range(100_000):
        field, value = f"{round_}.{n}", {"value": n, "note": f"第{n}次"}
        save(engine, "assessment", "A1-2024", field, value, version=0, who="王", at=datetime.now(UTC))
        os.write(out, f"{field} {n}\n".encode())


def main(path: str, kills: int) -> None:
    """Kill one writer after the other."""
    chance = random.Random(20261125)
    for round_ in range(kills):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            entry(path, round_, write)
        os.close(write)
        first = os.read(read, 1)  # it is typing
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(read, "rb") as pipe:
            sys.stdout.write((first + pipe.read()).decode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

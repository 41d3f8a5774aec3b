"""Empty databases for tests: migrated once, then copied."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from chengxin.store import migrate, open_store


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        migrate(str(path))
        return path.read_bytes()


def empty_database(path: Path) -> Path:
    """Put an empty database of the newest schema at a path."""
    path.write_bytes(_empty())
    return path


@contextmanager
def opened(path: Path) -> Iterator[Engine]:
    """A store open for writing, closed at the end."""
    engine = open_store(str(path))
    yield engine
    engine.dispose()

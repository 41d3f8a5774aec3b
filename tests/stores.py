"""Databases for tests, empty or with the sample data: made once, then copied."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from chengxin.exchange.load import load
from chengxin.paths import place
from chengxin.store.engine import migrate, open_store


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


@cache
def _sample() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = empty_database(Path(folder) / "x.db")
        with opened(path) as engine:
            about = {"who": "演示", "why": "示例数据", "at": datetime(2026, 11, 1, tzinfo=UTC)}
            load(engine, place("sample_data"), **about, demo=True)
        return path.read_bytes()


def sample_database(path: Path) -> Path:
    """Put a database with the sample data at a path."""
    path.write_bytes(_sample())
    return path

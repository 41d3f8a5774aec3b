"""What all parts of the sample data share: seeded draws, days, the one date all is seen from."""

import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Row = dict[str, Any]

SEED = 20261031
AS_OF = {2024: date(2024, 12, 31), 2025: date(2025, 12, 31), 2026: date(2026, 10, 31)}
TODAY = AS_OF[2026]
STEMS = "甲乙丙丁戊己庚辛壬癸"  # 演示甲, 演示乙…: persons that cannot be anybody


def draw(*key: str) -> np.random.Generator:
    """A generator of its own for each key."""
    return np.random.default_rng([SEED, zlib.crc32("/".join(key).encode())])


def hits(rng: np.random.Generator, of: int, chance: int) -> int:
    """How many of ``of`` checks are passed."""
    return int(np.count_nonzero(rng.random(of) * 100 < chance))


def happens(rng: np.random.Generator, chance: float) -> bool:
    """Whether something of this chance in % happens."""
    return bool(rng.random() * 100 < chance)


def one(rng: np.random.Generator, among: Sequence[T]) -> T:
    """One of some."""
    return among[int(rng.integers(len(among)))]


def shuffled(rng: np.random.Generator, items: Sequence[T]) -> list[T]:
    """All in another order."""
    return [items[n] for n in rng.random(len(items)).argsort(kind="stable").tolist()]


def day(rng: np.random.Generator, first: date, last: date) -> date:
    """A day from first to last, both included."""
    return first + timedelta(days=int(rng.integers((last - first).days + 1)))


def after(rng: np.random.Generator, start: date, least: int, most: int) -> date:
    """A day so many days later."""
    return start + timedelta(days=int(rng.integers(least, most + 1)))


def shifted(start: date, months: int) -> date:
    """The same day months later or earlier, cut to the end of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=start.day - 1), following - timedelta(days=1))

"""The moment, and the day in China: every day of the kit is a Chinese one, whatever zone the machine is set to."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def now() -> datetime:
    """The moment, in UTC, as what is stored is dated."""
    return datetime.now(UTC)


def china_day(at: datetime) -> date:
    """The day it is in China at a moment.

    >>> china_day(datetime(2026, 11, 25, 17, tzinfo=UTC)).isoformat()
    '2026-11-26'
    """
    return at.astimezone(CHINA).date()


def today() -> date:
    """The day it is in China now."""
    return china_day(now())

"""A day is the day in China, on a machine of any zone: from 0:00 to 8:00 there it is still yesterday in UTC."""

import os
import time
from datetime import UTC, date, datetime

import pytest

from chengxin import clock
from chengxin.cli.ledgers import day


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Asia/Shanghai"])
def zone(request, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 25, 17, 30, tzinfo=UTC))
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


def test_today_is_the_day_in_china(zone):
    assert clock.today() == day(None) == date(2026, 11, 26)


def test_a_moment_is_the_same_in_every_zone(zone):
    assert os.environ["TZ"]
    moments = ("2026-11-25T15:59:59+00:00", "2026-11-25T16:00:00+00:00", "2026-11-26T00:00:00+08:00")
    days = [clock.china_day(datetime.fromisoformat(each)).day for each in moments]
    assert days == [25, 26, 26]

"""Saving as a form does it: at once, a moment later, again after a refusal; others' changes come in."""

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from stores import opened, sample_database

from chengxin.errors import StoreError
from chengxin.store import drafts
from chengxin.store.drafts import Conflict, Frozen
from chengxin.store.engine import open_store, writing
from chengxin.store.write import put
from chengxin.web.entry import autosave
from chengxin.web.entry.autosave import Autosave, versions_of

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
FORM = ("assessment", "331024-S2-2026")


@pytest.fixture
def path(tmp_path):
    return sample_database(tmp_path / "x.db")


@pytest.fixture
def engine(path):
    with opened(path) as engine:
        yield engine


class Window:
    """A form without widgets: what it was told."""

    def __init__(self, engine, who):
        self.said = []
        stored = drafts.saved(engine, *FORM)
        change = drafts.since(engine, *FORM, 0)[1]
        self.saver = Autosave(engine, *FORM, who=who, now=lambda: AT, versions=versions_of(stored), change=change,
                              told=lambda *said: self.said.append(said))  # fmt: skip

    def states(self):
        return [(field, state) for field, state, _ in self.said]


async def until(holds, seconds=20):
    """Let others work until something holds, or fail."""
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.01)


def test_a_change_is_saved_and_told(engine):
    window = Window(engine, "李")
    window.saver.put("8.1", {"value": "1"})
    window.saver.put("8.1", {"value": "12"})
    assert window.states() == [("8.1", "saved")] * 2
    assert drafts.saved(engine, *FORM)["8.1"].version == 2


def test_words_wait_a_moment_and_are_one_version(engine, monkeypatch):
    monkeypatch.setattr(autosave, "PAUSE", 0.05)
    window = Window(engine, "李")

    async def typing():
        for n in range(1, 6):
            window.saver.put("10.1", {"note": "现场复核"[:n]}, wait=True)
        assert "10.1" not in drafts.saved(engine, *FORM)
        await until(lambda: "10.1" in drafts.saved(engine, *FORM))

    asyncio.run(typing())
    assert drafts.saved(engine, *FORM)["10.1"].version == 1
    assert window.states()[-1] == ("10.1", "saved")
    assert ("10.1", "waiting") in window.states()


def test_a_number_takes_waiting_words_with_it(engine):
    window = Window(engine, "李")

    async def typing():
        window.saver.put("10.1", {"note": "现"}, wait=True)
        window.saver.put("8.1", {"value": "1"})

    asyncio.run(typing())
    assert set(drafts.saved(engine, *FORM)) == {"10.1", "8.1"}


def test_a_conflict_is_told_the_rest_is_saved_and_a_choice_settles_it(engine):
    mine, theirs = Window(engine, "李"), Window(engine, "王")
    theirs.saver.put("8.1", {"value": "5"})
    mine.saver.put_all({"8.1": {"value": "6"}, "8.2": {"value": "1"}})
    assert mine.states() == [("8.1", "conflict"), ("8.2", "saved")]
    clash = mine.said[0][2]
    assert isinstance(clash, Conflict)
    assert drafts.saved(engine, *FORM)["8.1"].entry == {"value": "5"}
    mine.saver.choose("8.1", {"value": "6"}, clash.theirs)
    assert drafts.saved(engine, *FORM)["8.1"].entry == {"value": "6"}


def test_a_frozen_form_tells_and_forgets(engine):
    window = Window(engine, "李")
    with writing(engine) as conn:
        put(conn, "assessment", [{"id": FORM[1], "status": "submitted"}], who="王", why="试", at=AT)
    window.saver.put("8.1", {"value": "5"})
    assert window.states() == [("8.1", "frozen")]
    assert isinstance(window.said[0][2], Frozen)
    assert window.saver.waiting == {}


def test_what_could_not_be_saved_waits_for_the_next_time(path, engine):
    with_only_reading = open_store(str(path), read_only=True)
    window = Window(engine, "李")
    window.saver.engine = with_only_reading
    window.saver.put("8.1", {"value": "5"})
    assert window.states() == [("8.1", "failed")]
    assert isinstance(window.said[0][2], StoreError)
    window.saver.engine = engine
    window.saver.flush()
    assert window.states()[-1] == ("8.1", "saved")
    with_only_reading.dispose()


def test_a_lock_of_another_program_is_waited_for(path, engine):
    """Three seconds in real life; here long enough that the first try must have failed."""
    window, held = Window(engine, "李"), sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    free = threading.Timer(0.5, held.execute, ["ROLLBACK"])
    free.start()
    window.saver.put("8.1", {"value": "5"})
    free.join()
    held.close()
    assert window.states() == [("8.1", "saved")]


def test_on_a_full_disk_nothing_is_lost_silently(engine):
    window = Window(engine, "李")
    with engine.connect() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar()
    sa.event.listen(engine, "connect", full := lambda conn, _: conn.execute(f"PRAGMA max_page_count = {pages}"))
    engine.dispose()
    window.saver.put("8.1", {"value": "1", "note": "长" * 20_000})
    assert window.states() == [("8.1", "failed")]
    assert "磁盘已满，什么都没有保存" in str(window.said[0][2])
    assert list(window.saver.waiting) == ["8.1"]
    sa.event.remove(engine, "connect", full)
    engine.dispose()
    window.saver.flush()
    assert window.states()[-1] == ("8.1", "saved")
    assert drafts.saved(engine, *FORM)["8.1"].entry["note"] == "长" * 20_000


def test_the_watch_outlives_a_database_that_cannot_be_read(engine, monkeypatch):
    monkeypatch.setattr(autosave, "EVERY", 0.02)
    window, seen = Window(engine, "李"), []
    broken = sa.exc.OperationalError("SELECT", {}, Exception("disk I/O error"))
    looks = iter([broken, broken])

    def since(*asked):
        if error := next(looks, None):
            raise error
        return drafts.since(*asked)

    monkeypatch.setattr(autosave, "since", since)

    async def looked():
        window.saver.watch(seen.append)
        await until(lambda: seen)
        window.saver.close()

    asyncio.run(looked())
    assert window.states() == [("", "failed")] * 2
    assert "数据库现在读不到" in str(window.said[0][2])


def test_others_changes_come_in_but_not_over_what_waits(engine):
    mine, theirs = Window(engine, "李"), Window(engine, "王")
    theirs.saver.put("8.1", {"value": "5"})
    mine.saver.waiting["9.1"] = {"value": "9"}
    theirs.saver.put("9.1", {"value": "1"})
    assert theirs.saver.pull() == []
    assert mine.saver.pull() == ["王"]
    assert mine.states() == [("8.1", "theirs")]
    mine.saver.flush()
    assert mine.states()[-1] == ("9.1", "conflict")
    assert theirs.saver.pull() == ["李"]
    assert theirs.states()[2:] == []  # one's own changes are not news


def test_the_watch_looks_until_it_is_closed(engine, monkeypatch):
    monkeypatch.setattr(autosave, "EVERY", 0.02)
    mine, theirs = Window(engine, "李"), Window(engine, "王")
    seen = []

    async def both():
        mine.saver.watch(seen.append)
        theirs.saver.put("8.1", {"value": "5"})
        theirs.saver.pull()
        await until(lambda: ("8.1", "theirs") in mine.states() and ["王"] in seen)
        mine.saver.close()
        count = len(seen)
        await asyncio.sleep(0.1)
        assert len(seen) == count

    asyncio.run(both())

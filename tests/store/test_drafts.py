"""Drafts: every change kept, none overwritten in silence, frozen forms refused, kills survived."""

import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import empty_database, opened

from chengxin.errors import StoreError, UsageError
from chengxin.store.drafts import Conflict, Frozen, changes, present, save, save_all, saved, since
from chengxin.store.engine import writing
from chengxin.store.write import put

AT = datetime(2026, 10, 31, 8, tzinfo=UTC)
HERE = {"who": "王科长", "at": AT}
FORM = ("assessment", "A1-2024")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = empty_database(tmp_path_factory.mktemp("drafts") / "x.db")
    with opened(path) as engine:
        _fill(engine)
    return path


def _fill(engine):
    about = {"who": "王", "why": "试", "at": AT}
    unit = {"code": "331002", "name": "椒江区局", "short_name": "椒江", "admin_code": "331002", "kind": "county"}
    area = {"code": "A1", "name": "江心岛", "kind": "scenic_area", "unit": "331002", "status": "accepted"}
    work = {"id": "A1-2024", "area": "A1", "period": "2024", "rubric": "scenic_area", "as_of": "2024-12-31",
            "status": "draft"}  # fmt: skip
    done = {**work, "id": "A1-2023", "period": "2023", "as_of": "2023-12-31", "status": "submitted"}
    point = {"code": "P1", "unit": "331002", "name": "超市", "sector": "商贸", "status": "accepted"}
    with writing(engine) as conn:
        put(conn, "reporting_unit", [unit], **about)
        put(conn, "area", [area], **about)
        put(conn, "assessment", [work, done], **about)
        put(conn, "monitoring_point", [point], **about)


@pytest.fixture
def engine(fresh):
    with fresh("empty") as address, opened(address) as engine:
        _fill(engine)
        yield engine


def test_what_was_saved_comes_back_with_its_version(engine):
    first = save(engine, *FORM, "10.1", {"value": "1"}, version=0, **HERE)
    second = save(engine, *FORM, "10.1", {"value": "19", "of": "20"}, version=first.version, **HERE)
    assert (first.version, second.version) == (1, 2)
    assert saved(engine, *FORM) == {"10.1": second}
    assert second.entry == {"value": "19", "of": "20"}
    assert second.at == "2026-10-31T08:00:00.000+00:00"


def test_an_entry_that_changes_nothing_makes_no_version(engine):
    save(engine, *FORM, "10.1", {"value": "1"}, version=0, **HERE)
    assert save(engine, *FORM, "10.1", {"value": "1"}, version=1, **HERE).version == 1
    assert save(engine, *FORM, "10.1", {"value": "1"}, version=0, **HERE).version == 1  # two typed the same
    assert len(changes(engine, *FORM)) == 1


def test_a_later_save_never_overwrites_an_earlier_one_it_did_not_see(engine):
    save(engine, *FORM, "10.1", {"value": "1"}, version=0, **HERE)
    with pytest.raises(Conflict, match=r"李科员已先改了“10\.1”") as clash:
        save(engine, *FORM, "10.1", {"value": "2"}, version=1, who="李科员", at=AT)
        save(engine, *FORM, "10.1", {"value": "3"}, version=1, **HERE)
    assert clash.value.mine == {"value": "3"}
    assert clash.value.theirs.entry == {"value": "2"}
    assert clash.value.theirs.version == 2
    assert saved(engine, *FORM)["10.1"].entry == {"value": "2"}
    chosen = save(engine, *FORM, "10.1", {"value": "3"}, version=clash.value.theirs.version, **HERE)
    assert chosen.version == 3


def test_several_fields_are_saved_together_or_not_at_all(engine):
    cells = {f"10.1@M{n}": ({"result": "ok"}, 0) for n in range(600)}
    assert [one.version for one in save_all(engine, *FORM, cells, **HERE)] == [1] * 600
    save(engine, *FORM, "10.1@M5", {"result": "bad"}, version=1, who="李", at=AT)
    with pytest.raises(Conflict) as clash:
        save_all(engine, *FORM, {field: ({"result": "na"}, 1) for field in cells}, **HERE)
    assert list(clash.value.clashes) == ["10.1@M5"]
    assert {one.entry["result"] for one in saved(engine, *FORM).values()} == {"ok", "bad"}


def test_what_others_saved_is_told_once(engine):
    save(engine, *FORM, "1.1", {"value": 1}, version=0, **HERE)
    mine, newest = since(engine, *FORM, 0)
    assert [one.field for one in mine] == ["1.1"]
    assert since(engine, *FORM, newest) == ([], newest)
    save(engine, *FORM, "1.2", {"value": 0}, version=0, who="李", at=AT)
    (theirs,), _ = since(engine, *FORM, newest)
    assert (theirs.field, theirs.who) == ("1.2", "李")


def test_the_history_shows_every_change(engine):
    for version, value in enumerate(("1", "12", "1")):
        save(engine, *FORM, "10.1", {"value": value}, version=version, **HERE)
    made = changes(engine, *FORM)
    assert made["entry"].to_list() == [{"value": "1"}, {"value": "12"}, {"value": "1"}]
    assert made["version"].to_list() == [1, 2, 3]
    assert changes(engine, "assessment", "A1-2023").empty


@pytest.mark.parametrize(
    ("form", "subject", "said"),
    [
        ("assessment", "A1-2023", "评价已提交，不能再改"),
        ("assessment", "A9-2023", "没有评价“A9-2023”"),
        ("filing", "F1", "季报已提交"),
        ("filing_check", "F2", "监测点还没有提交季报"),
        ("filing_check", "F3", "核查已提交"),
        ("filing_check", "F9", "监测点还没有提交季报"),
    ],
)
def test_a_frozen_form_takes_nothing(engine, form, subject, said):
    days = {"F1": {"submitted_on": date(2026, 10, 8)}, "F2": {},
            "F3": {"submitted_on": date(2026, 10, 8), "checked_on": date(2026, 10, 9)}}  # fmt: skip
    rows = [{"id": key, "point": "P1", "quarter": f"2026Q{key[1]}", **row} for key, row in days.items()]
    with writing(engine) as conn:
        put(conn, "filing", rows, who="王", why="试", at=AT)
    with pytest.raises(Frozen, match=said):
        save(engine, form, subject, "1", {"value": 1}, version=0, **HERE)
    assert changes(engine, form, subject).empty


def test_a_returned_filing_takes_changes_again(engine):
    row = {"id": "F1", "point": "P1", "quarter": "2026Q3", "submitted_on": date(2026, 10, 8)}
    with writing(engine) as conn:
        put(conn, "filing", [row], who="王", why="试", at=AT)
        put(conn, "filing", [{**row, "returned_on": date(2026, 10, 9)}], who="王", why="数不对", at=AT)
    assert save(engine, "filing", "F1", "1", {"value": 1}, version=0, **HERE).version == 1
    with pytest.raises(Frozen, match="监测点还没有提交季报，不能核查"):
        save(engine, "filing_check", "F1", "1", {"value": 1}, version=0, **HERE)
    assert changes(engine, "filing_check", "F1").empty


def test_two_windows_of_one_person_see_each_other(engine):
    here = {"form": "assessment", "subject": "A1-2024", "who": "王"}
    assert present(engine, **here, session="a", at=AT) == []
    assert present(engine, **here, session="b", at=AT) == ["王"]
    assert present(engine, **here, session="a", at=AT) == ["王"]


def test_half_a_sign_is_left_out_and_can_be_read_again(engine):
    """A lone surrogate, as a broken paste holds it, has no UTF-8 form: the page could never send it."""
    kept = save(engine, *FORM, "1.1", {"note": "短\ud83d秤\udc00"}, version=0, **HERE).entry
    assert kept == {"note": "短秤"}
    assert saved(engine, *FORM)["1.1"].entry == kept


def test_people_in_other_windows_are_named_for_a_while(engine):
    here = {"form": "assessment", "subject": "A1-2024"}
    assert present(engine, **here, who="王", session="a", at=AT) == []
    assert present(engine, **here, who="李", session="b", at=AT) == ["王"]
    assert present(engine, **here, who="王", session="a", at=AT + timedelta(seconds=10)) == ["李"]
    assert present(engine, "assessment", "A1-2023", who="王", session="c", at=AT) == []
    assert present(engine, **here, who="王", session="a", at=AT + timedelta(seconds=30)) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"value": float("nan")}, "不能保存"),
        ({"value": object()}, "不能保存"),
        ({"note": "长" * 30_000}, "太长"),
    ],
)
def test_what_json_cannot_hold_is_refused(engine, entry, said):
    with pytest.raises(UsageError, match=said):
        save(engine, *FORM, "1.1", entry, version=0, **HERE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"who": " "}, "没有写明是谁"),
        ({"at": datetime(2026, 1, 1)}, "没有时区"),
        ({"form": "other"}, "没有表单“other”"),
        ({"version": 7}, "没有第7版"),
    ],
)
def test_wrong_use_is_told(engine, change, said):
    call = {"form": FORM[0], "subject": FORM[1], "version": 0, **HERE, **change}
    with pytest.raises(UsageError, match=said):
        save(engine, field="1.1", entry={"value": 1}, **call)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(note=st.text(max_size=300), key=st.text(max_size=12))
def test_any_text_comes_back_but_for_control_characters(engine, note, key):
    version = saved(engine, *FORM)["n"].version if "n" in saved(engine, *FORM) else 0
    kept = save(engine, *FORM, "n", {"note": note, "key": key}, version=version, **HERE).entry
    assert saved(engine, *FORM)["n"].entry == kept
    odd = {*map(chr, range(32)), "\x7f", *map(chr, range(0xD800, 0xE000))} - set("\t\n\r")
    assert kept["note"] == "".join(c for c in note if c not in odd)


REPLACE = "INSERT OR REPLACE INTO draft VALUES ({}, 'assessment', 'A1-2024', '1.1', 1, '{{}}', '李', '')"
ATTACKS = {
    "sqlite": ["UPDATE draft SET who = '李'", "DELETE FROM draft", REPLACE.format(1), REPLACE.format("NULL")],
    "postgresql": ["UPDATE draft SET who = '李'", "DELETE FROM draft", "TRUNCATE draft"],
}


def test_what_was_typed_cannot_be_changed_afterwards(engine):
    save(engine, *FORM, "1.1", {"value": 1}, version=0, **HERE)
    beside = sa.create_engine(engine.url)  # past the kit, without its pragmas
    for attack in ATTACKS[engine.dialect.name]:
        with pytest.raises(StoreError, match="只能追加"), writing(engine) as conn:
            conn.exec_driver_sql(attack)
        with pytest.raises(sa.exc.IntegrityError, match="只能追加"), beside.begin() as conn:
            conn.exec_driver_sql(attack)
    beside.dispose()
    assert changes(engine, *FORM)["who"].to_list() == ["王科长"]


def test_names_that_look_like_sql_are_only_names(engine):
    field = "1.1'; DROP TABLE draft; --"
    save(engine, *FORM, field, {"value": "' OR 1=1"}, version=0, **HERE)
    assert list(saved(engine, *FORM)) == [field]


def test_of_many_writers_of_one_field_each_version_has_one(engine):
    won, lost = [], []

    def write(n):
        for version in range(20):
            try:
                won.append(save(engine, *FORM, "1.1", {"value": n, "try": version}, version=version, **HERE))
            except Conflict as clash:
                lost.append(clash)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) + len(lost) == 120
    assert sorted(one.version for one in won) == list(range(1, len(won) + 1))
    assert changes(engine, *FORM)["entry"].to_list() == [one.entry for one in sorted(won, key=lambda one: one.version)]


def test_two_hundred_kills_lose_no_acknowledged_change(path, tmp_path):
    copy = tmp_path / "z.db"
    copy.write_bytes(path.read_bytes())
    script = Path(__file__).parents[1].joinpath("kills.py")
    call = [sys.executable, str(script), str(copy), "200"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    acknowledged = dict(line.split() for line in done.stdout.splitlines())
    assert len({field.split(".")[0] for field in acknowledged}) == 200  # every writer was killed while typing
    with opened(copy) as engine:
        kept = saved(engine, *FORM)
    assert {field: str(kept[field].entry["value"]) for field in acknowledged if field in kept} == acknowledged

"""Accounts of the site: made and changed by command, passwords never stored or told, guessing slowed down."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from stores import opened, sample_database

from chengxin.errors import DataError, StoreError, UsageError
from chengxin.store import accounts, read
from chengxin.store.account_tables import ACCOUNT, SIGN_IN
from chengxin.store.accounts import Account
from chengxin.store.engine import writing
from chengxin.web.server.signin import OPENS, SAFE, Sessions, may_open

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
ABOUT = {"who": "市局", "at": AT}
PASSWORD = "three odd words 7"
WAIT = timedelta(minutes=15)
LI = Account("li", "李四", "county", "331082", None, "active")


@pytest.fixture
def store(fresh):
    with fresh("sample") as address, opened(address) as engine:
        with writing(engine) as conn:
            accounts.add(conn, LI, PASSWORD, **ABOUT)
        yield engine


def enter(engine, name, password, at=AT, address="192.0.2.1", attempts=(3, 20, 50)):
    with writing(engine) as conn:
        return accounts.sign_in(conn, name, password, address=address, at=at, attempts=attempts, wait=WAIT)


def test_one_password_tried_on_many_names_from_one_address_is_slowed_down(store):
    said = [enter(store, f"name{n}", "x") for n in range(50)]
    assert said == ["wrong"] * 20 + ["paused"] * 30
    assert enter(store, "li", PASSWORD) == "paused"
    assert enter(store, "li", PASSWORD, address="192.0.2.2") == "ok"


def test_a_stranger_cannot_shut_the_owner_out(store):
    assert enter(store, "li", PASSWORD, address="192.0.2.9") == "ok"
    for _ in range(100):
        enter(store, "li", "x", address="198.51.100.1")
    assert enter(store, "li", PASSWORD, address="192.0.2.2") == "ok"
    for n in range(60):
        enter(store, "li", "x", address=f"203.0.113.{n}")
    assert enter(store, "li", PASSWORD, address="203.0.113.99") == "paused"
    assert enter(store, "li", PASSWORD, address="192.0.2.9") == "ok"


def test_a_sign_in_is_recorded_with_its_address(store):
    enter(store, "li", "x", address="192.0.2.7")
    enter(store, "li", "x", address="2001:db8::1")
    with store.connect() as conn:
        assert conn.execute(sa.select(SIGN_IN.c.address)).scalars().all() == ["192.0.2.7", "2001:db8::/64"]


def test_one_line_of_ipv6_is_one_address(store):
    said = [enter(store, f"name{n}", "x", address=f"2001:db8::{n:x}:1") for n in range(22)]
    assert said == ["wrong"] * 20 + ["paused"] * 2
    assert enter(store, "li", PASSWORD, address="2001:db8:0:1::1") == "ok"


def test_a_name_that_does_not_exist_pauses_as_soon_as_one_that_does(store):
    for name in ("li", "nobody"):
        assert [enter(store, name, "x") for _ in range(4)] == ["wrong"] * 3 + ["paused"]


def test_a_pause_run_into_again_and_again_does_not_fill_the_record(store):
    for _ in range(30):
        enter(store, "li", "x")
    enter(store, "li", PASSWORD, AT + timedelta(minutes=14))
    with store.connect() as conn:
        assert conn.execute(sa.select(SIGN_IN.c.outcome)).scalars().all() == ["wrong"] * 3 + ["paused"]


def test_a_password_is_kept_as_an_argon2_hash_and_nowhere_else(store):
    with store.connect() as conn:
        hashed = conn.execute(sa.select(ACCOUNT.c.password)).scalar_one()
    assert hashed.startswith("$argon2id$")
    assert enter(store, "li", PASSWORD) == "ok"
    assert enter(store, "li", PASSWORD + " ") == "wrong"
    trail = read.audit_trail(store)
    assert "argon2" not in trail.to_string() + str(trail["new"].to_list())
    assert PASSWORD not in str(accounts.listed(store))


def test_guessing_pauses_the_account_and_success_or_time_ends_it(store):
    assert [enter(store, "li", "wrong password", AT) for _ in range(4)] == ["wrong", "wrong", "wrong", "paused"]
    assert enter(store, "li", PASSWORD, AT + timedelta(minutes=14)) == "paused"
    assert enter(store, "li", PASSWORD, AT + timedelta(minutes=16)) == "ok"
    assert [enter(store, "li", "x", AT + timedelta(minutes=17)) for _ in range(2)] == ["wrong", "wrong"]
    assert enter(store, "li", PASSWORD, AT + timedelta(minutes=17)) == "ok"


def test_every_sign_in_is_recorded_and_the_record_only_grows(store):
    for name, password in (("li", PASSWORD), ("li", "x"), ("my-password-by-mistake", "x")):
        enter(store, name, password)
    with store.connect() as conn:
        seen = conn.execute(sa.select(SIGN_IN.c.account, SIGN_IN.c.outcome)).all()
    assert [tuple(row) for row in seen[:2]] == [("li", "ok"), ("li", "wrong")]
    assert re.fullmatch(r"\?[0-9a-f]{16}", seen[2].account)
    for change in (sa.delete(SIGN_IN), sa.update(SIGN_IN).values(outcome="ok")):
        with pytest.raises((StoreError, DataError), match="只能追加"), writing(store) as conn:
            conn.execute(change)


def test_a_disabled_account_is_refused_and_its_sessions_end(store):
    (account, stamp) = accounts.found(store, "li")
    assert account == LI
    with writing(store) as conn:
        accounts.set_password(conn, "li", "another odd one 8", **ABOUT)
    assert accounts.found(store, "li")[1] != stamp
    with writing(store) as conn:
        accounts.set_status(conn, "li", "disabled", **ABOUT)
    assert accounts.found(store, "li") is None
    assert enter(store, "li", "another odd one 8") == "disabled"


@pytest.mark.parametrize(
    ("account", "password", "faults"),
    [
        (LI, PASSWORD, ["已有“li”"]),
        (Account("Li Si", " ", "boss", None, None, "active"), "short", ["Li Si", "没有写", "boss", "5个字符"]),
        (Account("wang", "王", "county", None, None, "active"), "1234567890", ["填报单位：没有写", "太容易猜到"]),
        (Account("wang", "王", "county", "999", "331082-P01", "active"), "aaaaaaaaaaaa", ["999", "监测点", "猜到"]),
        (Account("dian", "点", "point", "331082", "x", "active"), "dian", ["331082", "“x”", "4个字符"]),
        (Account("x1", "公众", "public", None, None, "active"), PASSWORD, ["public"]),
    ],
)
def test_all_that_is_wrong_with_an_account_is_told_at_once(store, account, password, faults):
    with pytest.raises(DataError) as told, writing(store) as conn:
        accounts.add(conn, account, password, **ABOUT)
    assert all(fault in str(told.value) for fault in faults), told.value
    assert len(told.value.faults) == len(faults)
    assert password not in str(told.value)
    assert [one.name for one in accounts.listed(store)] == ["li"]


def test_only_an_assessor_is_given_assessments_that_exist(store):
    with writing(store) as conn:
        accounts.add(conn, Account("zhao", "赵", "assessor", None, None, "active"), PASSWORD, **ABOUT)
        accounts.assign(conn, "zhao", "331082-S1-2026", **ABOUT)
        accounts.assign(conn, "zhao", "331082-S1-2026", **ABOUT)
    for name, assessment in (("li", "331082-S1-2026"), ("zhao", "nope"), ("nobody", "331082-S1-2026")):
        with pytest.raises(UsageError), writing(store) as conn:
            accounts.assign(conn, name, assessment, **ABOUT)


def test_sessions_end_by_age_and_by_idleness():
    now = [AT]
    sessions = Sessions(clock=lambda: now[0])
    secret = sessions.begin("li", "stamp")
    assert len(secret) >= 40
    assert sessions.find("") is sessions.find("guess") is None
    for _ in range(9):
        now[0] += timedelta(minutes=65)
        assert sessions.find(secret).account == "li"
    now[0] += timedelta(minutes=65)
    assert sessions.find(secret) is None  # ten hours are over
    secret = sessions.begin("li", "stamp")
    now[0] += timedelta(minutes=119)
    assert sessions.find(secret, touch=False)
    now[0] += timedelta(minutes=2)
    assert sessions.find(secret) is None


def test_sessions_of_browsers_that_never_come_back_are_forgotten():
    now = [AT]
    sessions = Sessions(clock=lambda: now[0])
    for _ in range(5):
        sessions.begin("li", "stamp")
    now[0] += timedelta(hours=3)
    newest = sessions.begin("li", "stamp")
    assert list(sessions.known) == [newest]


def test_after_signing_in_one_stays_on_this_site():
    assert SAFE.fullmatch("/voila/render/entry/assessment.ipynb?a=1&b=%E4%B8%AD")
    for attack in (
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\\b",
        "/\tb",
        "",
    ):
        assert not SAFE.fullmatch(attack), attack


def test_each_role_opens_its_pages(store):
    form, filing, board = "entry/assessment.ipynb", "entry/filing.ipynb", "dashboard/city.ipynb"
    opened_by = {
        role: [
            path
            for path in (form, filing, board)
            if may_open(Account("x", "x", role, None, None, "active").access, path)
        ]
        for role in OPENS
    }
    assert opened_by == {
        "city": [form, filing, board], "county": [form, filing, board], "assessor": [form], "point": [filing],
        "leader": [board], "public": [],
    }  # fmt: skip


def test_accounts_by_command(chengxin, tmp_path):
    database = sample_database(tmp_path / "c.db")
    command = str(Path(sys.executable).with_name("chengxin"))
    call = [command, "user", "add", "wang", "--role", "领导", "--display", "王局", "--database", str(database)]
    done = subprocess.run(call, input=PASSWORD + "\n", capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, "已建立账号wang。\n")
    assert chengxin("user", "disable", "wang", "--database", database).returncode == 0
    assert "停用" in chengxin("user", "list", "--database", database).stdout
    missing = chengxin("user", "enable", "nobody", "--database", database)
    assert missing.returncode == 2
    assert "chengxin user list" in missing.stderr
    none = sample_database(tmp_path / "none.db")
    refused = chengxin("serve", "--database", none, "--port", "0")
    assert refused.returncode == 2
    assert "还没有账号" in refused.stderr


def test_a_demo_is_for_this_machine_only_and_leaves_nothing_where_it_is_refused(chengxin, tmp_path):
    for host in ("0.0.0.0", "::", "192.168.1.2"):
        refused = chengxin("serve", "--demo", "--host", host, "--port", "0", cwd=tmp_path)
        assert refused.returncode == 2
        assert "演示模式不用密码，只能在本机打开" in refused.stderr
    assert list(tmp_path.iterdir()) == []

"""The database: schema and migrations, append-only trails, read-only opening, changes and readers, under attack."""

import io
import shutil
import sqlite3
import sys
import threading
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from stores import empty_database, opened

from chengxin.errors import DataError, MissingExtraError, StoreError, UsageError
from chengxin.store import engine as store
from chengxin.store import migrations, schema, write
from chengxin.store import read as readers
from chengxin.store.engine import migrate, open_store, writing
from chengxin.store.write import put, record

AT = datetime(2025, 4, 1, 9, 30, tzinfo=timezone(timedelta(hours=8)))
ABOUT = {"who": "王科长", "why": "年度评价", "at": AT}
UNITS = [
    {"code": "331002", "name": "椒江区市场监管局", "short_name": "椒江", "admin_code": "331002", "kind": "county"},
    {"code": "TZW", "name": "台州湾新区分局", "short_name": "湾新", "admin_code": None, "kind": "branch"},
]
AREAS = [
    {
        "code": "A1", "name": "江心岛", "kind": "scenic_area", "unit": "331002", "level": "4A",
        "level_as_of": date(2024, 12, 31), "pilot_wave": 1, "status": "accepted",
    },
    {"code": "J1", "name": "老街", "kind": "street", "unit": "TZW", "status": "applied"},
]  # fmt: skip
WORK = [
    {
        "id": "A1-2024",
        "area": "A1",
        "period": "2024",
        "rubric": "scenic_area",
        "as_of": "2024-12-31",
        "status": "draft",
    },
    {"id": "J1-2025", "area": "J1", "period": "2025", "rubric": "street", "as_of": "2025-12-31", "status": "draft"},
]


def seen(*rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["assessment", "line", "value", "of", "outcome", "note"])


SEEN = seen(
    ("A1-2024", "2.1", 2.0, np.nan, "assessed", ""),
    ("A1-2024", "10.1", 19, 20, "assessed", ""),
    ("J1-2025", "4.1", np.nan, np.nan, "not_applicable", "没有开展"),
)


@pytest.fixture
def path(tmp_path):
    return empty_database(tmp_path / "一 个.db")


@pytest.fixture
def engine(path):
    with opened(path) as engine:
        yield engine


@pytest.fixture
def filled(fresh):
    """A store with a little of everything, on each kind of database."""
    with fresh("empty") as address, opened(address) as engine:
        with writing(engine) as conn:
            for table, rows in (("reporting_unit", UNITS), ("area", AREAS), ("assessment", WORK)):
                put(conn, table, rows, **ABOUT)
            record(conn, SEEN, **ABOUT)
        yield engine


@pytest.fixture
def again(filled):
    """`again(**options)` → the filled store, opened once more."""
    engines = []

    def open_again(**options):
        engines.append(open_store(filled.url.render_as_string(hide_password=False), **options))
        return engines[-1]

    yield open_again
    for engine in engines:
        engine.dispose()


def said(engine, query):
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(sa.text(query))]


def rows(path, query):
    with sqlite3.connect(path) as conn:
        found = conn.execute(query).fetchall()
    conn.close()
    return found


# ---- schema ------------------------------------------------------------------------------------------------


def test_migrating_twice_is_harmless(tmp_path):
    path = tmp_path / "x.db"
    assert migrate(str(path)) == (None, store.REVISION)
    before = rows(path, "SELECT sql FROM sqlite_master ORDER BY name")
    assert migrate(f"sqlite:///{path}") == (store.REVISION, store.REVISION)
    assert rows(path, "SELECT sql FROM sqlite_master ORDER BY name") == before


def constraints(engine):
    """All named constraints and indexes; autogenerate does not compare checks and some names."""
    seen = sa.inspect(engine)
    kinds = ("check_constraints", "unique_constraints", "foreign_keys", "indexes", "pk_constraint")
    return {
        (table, kind): str(getattr(seen, f"get_{kind}")(table)) for table in schema.METADATA.tables for kind in kinds
    }


def test_models_and_migrated_schema_agree(engine, tmp_path):
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.METADATA) == []
    made = sa.create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    schema.METADATA.create_all(made)
    assert constraints(engine) == constraints(made)
    made.dispose()
    assert "ck_area_status" in constraints(engine)["area", "check_constraints"]


def test_a_migrated_postgresql_database_agrees_too_and_every_table_asks_the_guards(postgresql):
    query = "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgname LIKE 'chengxin_guard%' GROUP BY 1"
    with postgresql("empty") as address, opened(address) as engine:
        with engine.connect() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
            assert compare_metadata(context, schema.METADATA) == []
        assert dict(said(engine, query)) == dict.fromkeys(schema.METADATA.tables, 2)
        assert migrate(address) == (store.REVISION, store.REVISION)


def test_the_kit_knows_the_newest_revision():
    assert ScriptDirectory.from_config(migrations.settings()).get_heads() == [store.REVISION]


def test_migrations_run_from_a_folder_with_blanks_and_percent_signs(tmp_path, monkeypatch):
    folder = tmp_path / "a b%20c"
    shutil.copytree(migrations.FOLDER, folder)
    monkeypatch.setattr(migrations, "FOLDER", folder)
    assert migrate(str(tmp_path / "x%41 ?#y.db")) == (None, store.REVISION)
    open_store(str(tmp_path / "x%41 ?#y.db"), read_only=True).dispose()
    assert (tmp_path / "x%41 ?#y.db").is_file()


def test_a_failing_migration_leaves_no_table(tmp_path, monkeypatch):
    def broken(conn):
        conn.exec_driver_sql("CREATE TABLE half (x)")
        raise RuntimeError

    monkeypatch.setattr(migrations, "upgrade", broken)
    with pytest.raises(RuntimeError):
        migrate(str(tmp_path / "x.db"))
    assert rows(tmp_path / "x.db", "SELECT name FROM sqlite_master") == []


def test_the_migration_also_speaks_postgresql():
    said = io.StringIO()
    opts = {"as_sql": True, "output_buffer": said, "target_metadata": schema.METADATA}
    context = MigrationContext.configure(dialect_name="postgresql", opts=opts)
    scripts = ScriptDirectory.from_config(migrations.settings())
    with Operations.context(context):
        for revision in reversed(list(scripts.walk_revisions())):
            revision.module.upgrade()
    for words in (
        *("BEFORE UPDATE OR DELETE ON audit", "BEFORE TRUNCATE ON observation_history", "LANGUAGE plpgsql"),
        "CREATE TABLE filing_answer",
    ):
        assert words in said.getvalue()


# ---- opening -----------------------------------------------------------------------------------------------


def test_sqlite_is_set_up_for_an_office(engine):
    with engine.connect() as conn:
        pragmas = {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                   ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}


def test_address_comes_from_argument_then_environment_then_working_folder(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHENGXIN_DB", raising=False)
    with pytest.raises(StoreError, match=r"chengxin\.db.*chengxin init"):
        open_store()
    monkeypatch.setenv("CHENGXIN_DB", str(path))
    engine = open_store()
    monkeypatch.chdir("/")
    assert len(readers.units(engine)) == 0
    engine.dispose()
    migrate(str(tmp_path / "other.db"))
    engine = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    assert engine.url.database == str(tmp_path / "other.db")
    engine.dispose()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("", "还没有数据表；请运行 chengxin init"),
        ("CREATE TABLE alembic_version (version_num TEXT)", "还没有数据表"),
        (
            "CREATE TABLE alembic_version AS SELECT '0000' AS version_num",
            f"0000版，本工具要{store.REVISION}版；请备份后运行 chengxin init",
        ),
        ("CREATE TABLE alembic_version AS SELECT '0099' AS version_num", f"比本工具的{store.REVISION}版新；请升级工具"),
    ],
)
def test_a_schema_that_does_not_fit_is_refused_with_the_remedy(tmp_path, prepare, words):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as conn:
        conn.execute(prepare)
    conn.close()
    path.touch()
    with pytest.raises(StoreError, match=words):
        open_store(str(path))
    if "0099" in prepare:
        with pytest.raises(StoreError, match="请升级工具"):
            migrate(str(path))


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "x.db").write_text("这是一个文本文件，不是数据库" * 100, "utf-8")
    with pytest.raises(StoreError, match="不能打开数据库"):
        open_store(str(tmp_path / "x.db"))
    with pytest.raises(StoreError, match=r"文件夹.*不存在"):
        migrate(str(tmp_path / "no" / "x.db"))
    for url in ("sqlite://", "sqlite:///:memory:", ":memory:", "mysql://a:b@c/d", "postgresql://u:p@h:x/db", "://"):
        with pytest.raises(StoreError, match="数据库地址"):
            open_store(url)


def test_a_password_is_never_printed():
    for url in (
        "postgresql+nodriver://u:geheim@h/db", "postgresql://u:geheim@localhost:1/db?password=geheim",
        "postgresql://u:ge/heim@h/db", "oracle://u:geheim@h/db",
    ):  # fmt: skip
        with pytest.raises((StoreError, MissingExtraError)) as refused:
            open_store(url)
        assert "heim" not in str(refused.value)
    error = sa.exc.OperationalError("", {}, Exception("FATAL: geheim is wrong\nmore"))
    said = store._without_secrets(str(error.orig), sa.make_url("postgresql://u:x@h/db?sslpassword=geheim"))
    assert said.startswith("FATAL: *** is wrong")


def test_a_restarted_server_is_met_again(postgresql):
    with postgresql("empty") as address, opened(address) as engine, opened(address) as other:
        assert len(readers.units(engine)) == 0
        with other.connect() as conn:
            others = "pid <> pg_backend_pid() AND datname = current_database()"
            conn.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
        assert len(readers.units(engine)) == 0


def test_without_the_driver_the_command_to_install_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chengxin\[postgresql\]'"):
        open_store("postgresql://u@h/db")


# ---- attacks -----------------------------------------------------------------------------------------------

ATTACKS = [
    "UPDATE audit SET who = '别人'",
    "DELETE FROM audit",
    "UPDATE observation_history SET value = 0",
    "DELETE FROM observation_history WHERE line = '2.1'",
]
ALSO = {
    "sqlite": [
        "INSERT OR REPLACE INTO audit SELECT id, at, '别人', action, subject, key, old, new, why FROM audit",
        "UPDATE OR REPLACE audit SET id = 1",
        "REPLACE INTO observation_history SELECT assessment, line, version, 0, of, outcome, note, at, who, why "
        "FROM observation_history",
    ],
    "postgresql": [
        "TRUNCATE audit",
        "INSERT INTO audit SELECT * FROM audit ON CONFLICT (id) DO UPDATE SET who = '别人'",
    ],
}


def test_the_trails_can_only_be_appended_to(filled):
    trail = (readers.audit_trail(filled), readers.history(filled, "A1-2024"))
    raw = sa.create_engine(filled.url)  # past the kit, without its pragmas
    for attack in ATTACKS + ALSO[filled.dialect.name]:
        with pytest.raises(StoreError, match="只能追加"), writing(filled) as conn:
            conn.exec_driver_sql(attack)
        with pytest.raises(sa.exc.IntegrityError, match="只能追加"), raw.begin() as conn:
            conn.exec_driver_sql(attack)
    raw.dispose()
    pd.testing.assert_frame_equal(readers.audit_trail(filled), trail[0])
    pd.testing.assert_frame_equal(readers.history(filled, "A1-2024"), trail[1])


@pytest.mark.parametrize(
    "attack",
    ["DELETE FROM observation", "DROP TABLE audit", "CREATE TABLE x (y int)"],
)
def test_a_read_only_store_refuses_every_write(filled, again, attack):
    engine = again(read_only=True)
    assert len(readers.observations(engine)) == 3

    with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"), engine.begin() as conn:  # past `writing`
        conn.exec_driver_sql(attack)
    with pytest.raises(StoreError, match="只读"), writing(engine) as conn:
        put(conn, "area", [{"code": "A1", "name": "改名"}], **ABOUT)
    assert readers.counts(filled).set_index("table")["rows"]["observation"] == 3


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE area; --", '") OR 1=1', "=HYPERLINK(1)", "<img src=x onerror=alert(1)>", ":x"]
)
def test_text_is_only_text(filled, name):
    with writing(filled) as conn:
        put(conn, "area", [{"code": "A1", "name": name}, {**AREAS[1], "code": name}], **ABOUT)
    assert list(readers.areas(filled, unit="331002")["name"]) == [name]
    assert name in set(readers.areas(filled)["code"])
    assert len(readers.areas(filled, unit=name)) == 0
    assert len(readers.history(filled, name)) == 0


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        ("area", {**AREAS[0], "code": "B", "unit": "999999"}, "引用的编号没有登记"),
        ("area", {**AREAS[0], "code": "B", "kind": "market"}, "取值不在规定之内"),
        ("area", {"code": "B", "kind": "street"}, "缺少必填的项"),
        ("assessment", {**WORK[0], "id": "again"}, "编号或组合重复"),
        ("assessment", {"id": "A1-2024", "status": "done"}, "取值不在规定之内"),
    ],
)
def test_a_refused_row_leaves_nothing_behind(filled, table, row, words):
    before = readers.counts(filled)

    def run():
        with writing(filled) as conn:
            put(conn, "reporting_unit", [{**UNITS[0], "code": "331003"}], **ABOUT)
            put(conn, table, [row], **ABOUT)

    with pytest.raises(DataError, match=words):
        run()
    pd.testing.assert_frame_equal(readers.counts(filled), before)


def test_a_read_only_file_stays_so_whatever_is_said(path):
    engine = open_store(str(path), read_only=True)
    with engine.begin() as conn:
        conn.exec_driver_sql("PRAGMA query_only = OFF")
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            conn.exec_driver_sql("DELETE FROM area")
    engine.dispose()


def test_a_writer_holds_the_lock_from_the_start_and_another_is_told(filled, again, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    other = again()
    with writing(filled), pytest.raises(StoreError, match="正被别的程序占用"), writing(other):
        pass
    with writing(filled):
        assert len(readers.observations(other)) == 3  # readers are never locked out


def test_two_writers_wait_for_each_other(filled):
    inside, errors = threading.Event(), []

    def other():
        try:
            inside.wait(5)
            with writing(filled) as conn:
                record(conn, seen(("A1-2024", "2.1", 4, np.nan, "", "")), **ABOUT)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    with writing(filled) as conn:
        inside.set()
        record(conn, seen(("A1-2024", "2.1", 3, np.nan, "", "")), **ABOUT)
    thread.join(10)
    assert not errors
    assert list(readers.history(filled, "A1-2024").query("line == '2.1'")["value"]) == [2, 3, 4]


# ---- changes -----------------------------------------------------------------------------------------------


def test_put_writes_an_audit_row_for_every_real_change_and_no_other(filled):
    assert len(readers.audit_trail(filled)) == 6
    changed = {"code": "A1", "level": "5A", "level_as_of": pd.Timestamp("2025-01-01"), "pilot_wave": np.int64(1)}
    with writing(filled) as conn:
        assert put(conn, "area", AREAS, **ABOUT) == 0
        assert put(conn, "area", [changed, {**AREAS[1], "level": "", "pilot_wave": np.nan}], **ABOUT) == 1
        assert put(conn, "area", [], **ABOUT) == 0
    trail = readers.audit_trail(filled)
    assert len(trail) == 7
    last = trail.iloc[0]
    assert (last["at"], last["who"], last["why"]) == ("2025-04-01T01:30:00+00:00", "王科长", "年度评价")
    assert (last["action"], last["subject"], last["key"]) == ("update", "area", "A1")
    assert {k: (last["old"][k], last["new"][k]) for k in last["old"] if last["old"][k] != last["new"][k]} == {
        "level": ("4A", "5A"), "level_as_of": ("2024-12-31", "2025-01-01"),
    }  # fmt: skip
    assert trail.iloc[-1]["old"] is None
    assert "椒江" in said(filled, "SELECT CAST(new AS TEXT) FROM audit WHERE key = '331002'")[0][0]


def test_record_counts_versions_and_keeps_every_one(filled):
    with writing(filled) as conn:
        assert record(conn, SEEN, **ABOUT) == 0
        assert record(conn, SEEN.drop(columns="outcome").assign(note=""), **ABOUT) == 1
        again = SEEN.assign(value=[2, 18, np.nan], row=[7, 8, 9])
        assert record(conn, again, **{**ABOUT, "why": "复核", "at": AT.astimezone(UTC) + timedelta(days=1)}) == 2
        assert record(conn, SEEN.iloc[:0], **ABOUT) == 0
    past = readers.history(filled, "A1-2024").query("line == '10.1'")
    assert list(past["version"]) == [1, 2]
    assert list(past["value"]) == [19, 18]
    assert list(past["why"]) == ["年度评价", "复核"]
    assert past["at"].iloc[1] == "2025-04-02T01:30:00+00:00"
    assert said(filled, "SELECT line, version FROM observation ORDER BY line") == [
        ("10.1", 2), ("2.1", 1), ("4.1", 3),
    ]  # fmt: skip


def test_many_keys_are_changed_in_few_statements(filled):
    said = []
    sa.event.listen(filled, "before_cursor_execute", lambda *call: said.append((call[2].split()[0], call[5])))
    many = pd.DataFrame({"assessment": "A1-2024", "line": [f"x{n}" for n in range(2000)], "value": 1.0})
    units = [{**UNITS[0], "code": f"U{n}"} for n in range(write.CHUNK * 2 + 1)]
    with writing(filled) as conn:
        assert record(conn, many, **ABOUT) == 2000
        assert record(conn, many.assign(value=2.0), **ABOUT) == 2000
        assert put(conn, "reporting_unit", units, **ABOUT) == len(units)
    assert sum(word == "SELECT" for word, _ in said) == 1 + 1 + 3
    assert sum(word in ("INSERT", "UPDATE") for word, _ in said) == 2 + 2 + 2


def test_misuse_is_refused_in_chinese(filled):
    cases = [
        (UsageError, "没有登记表“audit”", lambda c: put(c, "audit", [], **ABOUT)),
        (UsageError, "没有列colour", lambda c: put(c, "area", [{"code": "A1", "colour": "red"}], **ABOUT)),
        (UsageError, "没有写明谁", lambda c: put(c, "area", AREAS, **{**ABOUT, "who": " "})),
        (UsageError, "没有时区", lambda c: put(c, "area", AREAS, **{**ABOUT, "at": datetime(2025, 1, 1)})),
        (UsageError, "应为文字", lambda c: put(c, "area", [{"code": 331002}], **ABOUT)),
        (UsageError, "应为日期", lambda c: put(c, "area", [{"code": "A1", "level_as_of": "昨天"}], **ABOUT)),
        (UsageError, "缺少列line、value", lambda c: record(c, pd.DataFrame({"assessment": ["x"]}), **ABOUT)),
        (DataError, "没有编号", lambda c: put(c, "area", [{"name": "无号"}], **ABOUT)),
        (DataError, "“A1”重复", lambda c: put(c, "area", [AREAS[0], AREAS[0]], **ABOUT)),
        (DataError, "“A1-2024、2.1”重复", lambda c: record(c, pd.concat([SEEN, SEEN.iloc[:1]]), **ABOUT)),
        (DataError, "不是有限的数", lambda c: record(c, SEEN.assign(value=np.inf), **ABOUT)),
        (DataError, "不是有限的数", lambda c: record(c, SEEN.assign(of="很多"), **ABOUT)),
        (DataError, "引用的编号没有登记", lambda c: record(c, SEEN.assign(assessment="没有"), **ABOUT)),
    ]
    before = readers.counts(filled)
    for kind, words, misuse in cases:
        with pytest.raises(kind, match=words), writing(filled) as conn:
            misuse(conn)
    pd.testing.assert_frame_equal(readers.counts(filled), before)


# ---- readers -----------------------------------------------------------------------------------------------


def test_readers_filter_and_order(filled):
    got = readers.observations(filled)
    expected = SEEN.iloc[[1, 0, 2]].reset_index(drop=True).astype({"of": float})
    pd.testing.assert_frame_equal(got, expected)
    assert list(readers.observations(filled, period="2025")["line"]) == ["4.1"]
    assert list(readers.observations(filled, unit="331002")["line"]) == ["10.1", "2.1"]
    assert list(readers.observations(filled, rubric="street", period="2024")["line"]) == []
    work = readers.assessments(filled, period="2024", unit="331002").iloc[0].to_dict()
    assert work == {
        "id": "A1-2024", "area": "A1", "period": "2024", "rubric": "scenic_area", "status": "draft",
        "as_of": pd.Timestamp("2024-12-31"),
        "demo": False, "name": "江心岛", "kind": "scenic_area", "unit": "331002", "short_name": "椒江",
    }  # fmt: skip
    assert list(readers.areas(filled, unit="TZW")["code"]) == ["J1"]
    assert readers.periods(filled).values.tolist() == [["2024", "scenic_area", 1], ["2025", "street", 1]]
    assert len(readers.audit_trail(filled, limit=2)) == 2
    counted = readers.counts(filled).set_index("table")["rows"].to_dict()
    assert {name: count for name, count in counted.items() if count} == {
        "reporting_unit": 2, "area": 2, "assessment": 2, "observation": 3, "observation_history": 3,
        "audit": 6,
    }  # fmt: skip


def test_dtypes_do_not_depend_on_the_rows(filled, tmp_path):
    migrate(str(tmp_path / "empty.db"))
    empty = open_store(str(tmp_path / "empty.db"), read_only=True)
    for read in (readers.units, readers.areas, readers.assessments, readers.observations, readers.periods):
        assert read(empty).dtypes.to_dict() == read(filled).dtypes.to_dict()
        assert len(read(empty)) == 0
    empty.dispose()
    assert readers.areas(filled)["pilot_wave"].dtype == "Int64"
    assert readers.areas(filled)["level"].isna().tolist() == [False, True]
    assert readers.observations(filled)["note"].tolist() == ["", "", "没有开展"]

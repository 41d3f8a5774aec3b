"""The lab as a folder of one's own: the notebooks for people beside their database, opened with JupyterLab."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from chengxin.errors import UsageError
from chengxin.web.server.serve import books, put

DATABASE = "chengxin.db"


def arrange(folder: Path, database: Callable[[Path], object] | None) -> list[Path]:
    """Put what is missing into a lab's folder: the notebooks for people and, where it is to have one, a database.

    All of it or nothing: everything is made in a folder beside first. What is there already is never replaced.

    Parameters
    ----------
    folder : of the lab; made where it is missing, its parent is there
    database : makes a database in the folder it is called with, when the lab has none; None: the lab's is elsewhere

    Returns
    -------
    notebooks that were there and differ from the kit's, kept as they are

    Raises
    ------
    UsageError : a file stands where a folder should
    """
    for path in (folder, *(folder / shelf for shelf in {book.parent.name for book in books()})):
        if path.exists() and not path.is_dir():
            raise UsageError(f"“{path}”是文件，不是文件夹；请换一个文件夹，或先把这个文件移走。")
    with tempfile.TemporaryDirectory(prefix=".chengxin-lab-", dir=folder.parent) as beside:
        fresh = Path(beside)
        put(books(), fresh)
        if database and not (folder / DATABASE).exists():
            database(fresh)
        files = [path.relative_to(fresh) for path in sorted(fresh.rglob("*")) if path.is_file()]
        there = [path for path in files if (folder / path).exists()]
        _move([path for path in files if path not in there], fresh, folder)
        return [folder / path for path in there if (folder / path).read_bytes() != (fresh / path).read_bytes()]


def _move(files: list[Path], source: Path, target: Path) -> None:
    """Move files and make the folders they need; where one fails, those moved go again."""
    moved: list[Path] = []
    folders = [path for path in (target, *sorted({target / file.parent for file in files})) if not path.exists()]
    try:
        for path in folders:
            path.mkdir(exist_ok=True)
        for file in files:
            (source / file).replace(target / file)
            moved.append(target / file)
    except OSError:
        for path in moved:
            path.unlink()
        for path in reversed(folders):
            if path.is_dir():
                path.rmdir()
        raise


def jupyterlab(folder: Path, address: str, port: int, *, browser: bool) -> int:
    """Open JupyterLab on a folder, on this machine alone, until it is stopped.

    Parameters
    ----------
    folder : of the lab
    address : of the database that the notebooks use
    port : the next free one is taken where this one is in use
    browser : whether to open a browser on it

    Returns
    -------
    exit code of JupyterLab
    """
    words = [sys.executable, "-m", "jupyterlab", "-y", "--ip=127.0.0.1", f"--port={port}",
             f"--ServerApp.root_dir={folder.resolve()}", "--log-level=ERROR"]  # fmt: skip
    words += [] if browser else ["--no-browser"]
    with subprocess.Popen(words, env={**os.environ, "CHENGXIN_DB": address}) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # it got the same key and stops by itself
                continue

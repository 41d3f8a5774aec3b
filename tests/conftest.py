"""What several tests share: the command as a person calls it, and one demo made once a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("chengxin")


def run(*words: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Call the installed command; no traceback may ever reach a person."""
    call = [str(COMMAND), *map(str, words)]
    environment = {**os.environ, "PYTHONUTF8": "1", **env}
    done = subprocess.run(call, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


@pytest.fixture(scope="session")
def chengxin():
    return run


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The folder that `chengxin demo` makes."""
    out = tmp_path_factory.mktemp("demo")
    done = run("demo", "--out", out)
    assert done.returncode == 0, done.stderr
    return out

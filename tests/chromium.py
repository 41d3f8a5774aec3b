"""The system's Chromium for browser tests: found, or installed where we may, which is said before."""

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "apt-get install -y chromium fonts-noto-cjk"


def find() -> str | None:
    return os.environ.get("CHENGXIN_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def there(tell: Callable[[str], None]) -> str:
    """Where Chromium is; root on a Debian gets it installed, others are told the command.

    Parameters
    ----------
    tell : says a sentence on the terminal
    """
    if not find() and shutil.which("apt-get") and os.geteuid() == 0:
        commands = ("apt-get update -qq", f"{INSTALL} -qq")
        tell("The page tests need Chromium and Chinese fonts (about 450 MB), which are not here; you are root, so "
             f"these system packages are installed now: {' && '.join(commands)}. To prevent it, stop (Ctrl-C) and set "
             "CHENGXIN_CHROMIUM to a browser's path.")  # fmt: skip
        for command in commands:
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command.split(), env=environment, capture_output=True, check=False)
    return find() or pytest.fail(f"The page tests need Chromium and Chinese fonts. Run: sudo {INSTALL}", pytrace=False)

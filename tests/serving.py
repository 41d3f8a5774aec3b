"""The site for browser tests: started as its own process on a free port, stopped at the end."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 90  # seconds until the site must be up
START = """import sys; from pathlib import Path; from chengxin.web.server.serve import serve
from chengxin.store.engine import address_of
serve(address_of({database!r}).render_as_string(hide_password=False), port=0, demo={demo!r}, reports={reports},
      notebooks={notebooks}, ready=lambda address: print("READY", address, flush=True))"""


def _path(path: Path | None) -> str:
    return f"Path({str(path)!r})" if path else "None"


@contextmanager
def serving(
    database: Path, *, demo: bool = True, notebooks: Path | None = None, reports: Path | None = None, **env: str
) -> Iterator[str]:
    """Serve a database; yields the address, such as http://127.0.0.1:40123/.

    Parameters
    ----------
    database : the SQLite file
    demo : nobody signs in (the default); else with accounts
    notebooks : folder with entry/, dashboard/, lab/ instead of the kit's own
    reports : folder of finished reports
    env : more environment variables for the site and its kernels
    """
    code = START.format(database=str(database), demo=demo, notebooks=_path(notebooks), reports=_path(reports))
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(Path(__file__).parent), **env}
    site = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    said: list[str] = []
    up = threading.Event()

    def listen() -> None:
        for line in site.stdout:
            said.append(line)
            if line.startswith("READY"):
                up.set()
        up.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        up.wait(PATIENCE)
        address = next((line.split()[1] for line in said if line.startswith("READY")), None)
        assert address, f"the site did not start:\n{''.join(said)}"
        yield address
    finally:
        site.terminate()
        site.wait(30)
        listener.join(30)  # until the last of its processes is gone
        site.stdout.close()

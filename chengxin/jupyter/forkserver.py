"""The process that kernels are forked from: everything imported, and for reports the city computed once.

Started by `kernels.Forks` with one end of a socket pair. Each request (argv, cwd, env of a kernel as jupyter_client
gives them) is answered with the process id and a pidfd of a fresh child that runs an ordinary ipykernel. A request
that brings the end of another pair makes a child that gathers what the dashboards show and serves that pair. Either
process ends when the other end of its pair closes.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

# what a kernel imports on its own at its start, or for the first working day; never matplotlib_inline.backend_inline,
# which hooks IPython at import
PRELOAD = (
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "jedi",
    "psutil",
    "comm",
    "IPython.display",
    "holidays.countries",
)
MAKERS = {
    "index": ("chengxin.reports.county_index", "county_index"),
    "card": ("chengxin.reports.area_card", "area_card"),
    "comparison": ("chengxin.reports.comparison", "comparison"),
    "city": ("chengxin.reports.comparison", "comparison"),
    "recheck": ("chengxin.reports.recheck", "rechecked"),
    "monitoring-year": ("chengxin.reports.monitoring_year", "monitoring_year"),
}
SOON, QUIET = 1, 15  # seconds without a request until what the dashboards show is looked after: first, and later
SIZE = 1 << 20


def preload(modules: list[str]) -> None:
    """Import what kernels need; a library that is not installed is no loss."""
    for name in (*PRELOAD, *modules):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def rehearse(kind: str, units: list[str], period: str) -> None:
    """Compute one unit's report, so that children find the city scored and every first use paid for.

    A few more units are gathered, for rubrics that the first one has no area of. What fails here fails in its own
    kernel again, where it is told.
    """
    from chengxin.store.engine import open_store
    from chengxin.workflow.cache import hold

    hold()
    module, name = MAKERS[kind]
    engine = open_store(read_only=True)
    make = getattr(importlib.import_module(module), name)
    for number, unit in enumerate(units[:10]):
        with contextlib.suppress(Exception):
            made = make(engine, unit, int(period) if kind == "monitoring-year" else period)
            methods = [] if number else [word for word in vars(type(made)) if not word.startswith("_")]
            for method in methods:
                _shown(getattr(made, method))
    engine.dispose()  # no connection of this process may be used by a child


def _shown(method: Any) -> None:
    said = method() if callable(method) else method
    for each in said if isinstance(said, Iterator | list) else [said]:
        if hasattr(each, "_repr_html_"):
            each._repr_html_()


def dashboards(busy: int, *boards: Callable[[Any], None]) -> None:
    """Make what dashboards of the whole city show first; done at once where nothing has changed since.

    Parameters
    ----------
    busy : eventfd that is not nought meanwhile
    boards : `_city` and the like
    """
    from chengxin.store.engine import open_store

    os.eventfd_write(busy, 1)
    engine = open_store(read_only=True)
    for board in boards:
        with contextlib.suppress(Exception):  # what fails here fails in the kernel again, where it is told
            board(engine)
    engine.dispose()  # no connection of this process may be used by a child
    os.eventfd_read(busy)


def _city(engine: Any) -> None:
    from chengxin.figures import city

    city.latest(engine)


def _area(engine: Any) -> None:
    from chengxin.figures import area

    known = area.latest(engine)
    for kind in sorted(set(known.work["rubric"])):
        known.kind(kind)
    area.closeup(known, area.chosen(known)[0])


def _points(engine: Any) -> None:
    from chengxin.clock import today
    from chengxin.figures import points
    from chengxin.workflow.inputs import speaking_day

    books = points.latest(engine)
    points.on(books, speaking_day(books["work"], today()))


def serve(line: socket.socket, between: Callable[[], None] | None = None) -> None:
    """Fork a kernel for every request until the other side is gone.

    Parameters
    ----------
    line : one end of the socket pair
    between : called when there was no request for a while
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    line.sendall(b"ready")
    quiet = SOON
    while True:
        if between and not select.select([line], [], [], quiet)[0]:
            between()
            quiet = QUIET
            continue
        try:
            wanted, ends, _, _ = socket.recv_fds(line, SIZE, 2)
        except ConnectionResetError:  # it went before it had read that this process is ready
            return
        if not wanted:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a thread of an import does no harm: it holds no lock a kernel needs
            child = os.fork()
        if not child and ends:
            _gather(line, *ends)
        if not child:
            _become(json.loads(wanted), line)
        if ends:
            for end in ends:
                os.close(end)
            continue
        handle = os.pidfd_open(child)
        socket.send_fds(line, [str(child).encode()], [handle])
        os.close(handle)


def _gather(line: socket.socket, other: int, busy: int) -> NoReturn:
    """Turn into a process whose children find the dashboards' figures made: of the city at once, then of the rest."""
    line.close()
    for end in (other, busy):
        os.set_inheritable(end, False)
    try:
        gc.disable()
        dashboards(busy, _city)
        serve(socket.socket(fileno=other), partial(dashboards, busy, _city, _area, _points))
    finally:
        os._exit(0)


def _become(wanted: dict[str, Any], line: socket.socket) -> None:
    """Turn into the kernel that was asked for; never returns."""
    code = 1
    try:
        line.close()
        words = _settle(wanted, os.getppid())
        from ipykernel.kernelapp import IPKernelApp

        app = IPKernelApp.instance()
        app.initialize(words)  # type: ignore[no-untyped-call]
        if "ipywidgets" in sys.modules:  # imported before there was a kernel to tell of it
            sys.modules["ipywidgets"].load_ipython_extension(app.shell)
        app.start()  # type: ignore[no-untyped-call]
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # the rest of the memory belongs to the parent's image: no need to tear it down


def _settle(wanted: dict[str, Any], parent: int) -> list[str]:
    """Leave what belongs to the process forked from; the arguments of the kernel."""
    os.setsid()
    os.chdir(wanted["cwd"] or ".")
    os.environ.clear()
    os.environ.update(wanted["env"] | {"JPY_PARENT_PID": str(parent)})
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    words: list[str] = wanted["argv"][wanted["argv"].index("ipykernel_launcher") + 1 :]
    sys.argv = [str(Path(importlib.import_module("ipykernel").__file__ or "").parents[1] / "ipykernel_launcher.py")]
    sys.argv += words
    return words


def main() -> None:
    """Entry of the process: ``python -m chengxin.jupyter.forkserver LINE CHARTS MODULES [KIND UNITS PERIOD]``."""
    if sys.path and sys.path[0] in ("", str(Path.cwd())):
        del sys.path[0]  # as ipykernel's own launcher does
    gc.disable()  # what is imported and gathered stays
    number, address, modules, *rehearsal = sys.argv[1:]
    line = socket.socket(fileno=int(number))
    line.set_inheritable(False)
    preload(modules.split(","))
    from chengxin.render import vega

    vega.use_server(address)
    if rehearsal:
        kind, units, period = rehearsal
        rehearse(kind, units.split(","), period)
    serve(line)


if __name__ == "__main__":
    main()

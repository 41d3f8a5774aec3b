"""`chengxin serve`: one site for forms, dashboards, lab and finished reports, on Voilà's own server.

Voilà executes any notebook under its root for whoever knows the path, so the root is a private folder made at
start that holds copies of the notebooks for people and nothing else; it goes when the server stops.
"""

import ast
import errno
import json
import logging
import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from traitlets.config import Config

from chengxin.errors import UsageError
from chengxin.paths import TEMPLATES, place
from chengxin.settings import settings
from chengxin.store import accounts
from chengxin.store.engine import open_store

SHELVES = ("entry", "dashboard", "lab")  # folders of notebooks/ that people open, in the order of the landing page
LOCAL = ("127.0.0.1", "localhost", "::1")
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
LIBRARIES = ("tornado.access", "tornado.application", "tornado.general")  # their warnings are no matter of the reader's
CHECK = "check"  # tag of cells that are for nbval, not for readers


def books(notebooks: Path | None = None) -> list[Path]:
    """The notebooks for people.

    Parameters
    ----------
    notebooks : folder with the folders of `SHELVES`; default: the kit's own
    """
    source = notebooks or place("notebooks")
    found = [path for shelf in SHELVES for path in sorted((source / shelf).glob("*.ipynb"))]
    return [path for path in found if path.is_file() and not path.is_symlink()]


@contextmanager
def served_root(notebooks: Iterable[Path]) -> Iterator[Path]:
    """A private folder with what may be served: notebooks without outputs and checks.

    Parameters
    ----------
    notebooks : from `books`
    """
    with tempfile.TemporaryDirectory(prefix="chengxin-served-") as folder:
        put(notebooks, Path(folder))
        yield Path(folder)


def put(notebooks: Iterable[Path], folder: Path) -> None:
    """Write notebooks without outputs and checks, each into the folder of its shelf.

    Parameters
    ----------
    notebooks : from `books`
    folder : is there; a notebook of the same name in it is replaced
    """
    import nbformat  # takes most of a second

    for path in notebooks:
        book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        book.cells = [cell for cell in book.cells if CHECK not in cell.metadata.get("tags", [])]
        for cell in book.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        book.metadata.pop("widgets", None)
        shelf = folder / path.parent.name
        shelf.mkdir(exist_ok=True)
        nbformat.write(book, shelf / path.name)  # type: ignore[no-untyped-call]


def imported(notebooks: Iterable[Path]) -> list[str]:
    """Names of the modules that pages import, for the process their kernels are forked from.

    Parameters
    ----------
    notebooks : from `books`
    """
    found = set()
    for path in notebooks:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom | ast.Import):
                before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                found |= {before + name.name for name in node.names}
    return sorted(found)


def configuration(root: Path, port: int, host: str, *, demo: bool, name: str = "") -> Config:
    """What Voilà is told: nothing served but pages, nothing overridden by a visitor, no idle kernel kept.

    Parameters
    ----------
    root : from `served_root`
    port : 0 takes a free one
    host : address to listen on
    demo : nobody signs in
    name : the site's public host name behind a reverse proxy
    """
    limits = settings()
    config = Config()
    config.Voila = Config(root_dir=str(root), port=port, ip=host, port_retries=0, open_browser=False, log_level="ERROR")
    config.Voila.tornado_settings = {
        "websocket_max_message_size": int(limits["evidence_megabytes"] * 2**20 * 1.5) + 2**20,
        "ws_ping_timeout": 30_000,  # milliseconds; the default is longer than tornado takes, which warns of it
        "log_function": lambda _: None,  # lines on requests are English; errors are told where they occur
        "allow_remote_access": False,  # a foreign Host header is refused: no DNS rebinding
        "local_hostnames": ["localhost", *filter(None, [name])],
    }
    config.VoilaConfiguration = Config(
        template="chengxin", theme="light", file_allowlist=[], allow_template_override="NO", allow_theme_override="NO",
        http_header_envs=["X-Chengxin-Identity", "X-Chengxin-Ticket"], prelaunch_hook=named,
        multi_kernel_manager_class="chengxin.web.server.handlers.Kernels",
        strip_sources=True, show_tracebacks=False, extension_allowlist=EXTENSIONS, extension_denylist=[],
    )  # fmt: skip
    config.Voila.identity_provider_class = f"chengxin.web.server.signin.{'Demo' if demo else 'Account'}Identity"
    config.MappingKernelManager = Config(
        cull_idle_timeout=int(limits["serve_idle_minutes"] * 60), cull_interval=60, cull_connected=False
    )
    config.VoilaExecutor.on_cell_error = failed
    config.HTMLExporter.language_code = "zh"
    return config


def failed(cell: Any, cell_index: int, execute_reply: dict[str, Any]) -> None:
    """Keep for the server's log what the visitor is not shown."""
    lines = execute_reply["content"].get("traceback", [])
    plain = re.sub("\x1b\\[[0-9;]*m", "", "\n".join(lines))
    logging.getLogger("chengxin").error("第%s个代码格出错：\n%s", cell_index, plain)


def named(handler: Any, notebook: Any, cwd: str) -> None:
    """Hand the page's template its title and who looks at it (Voilà's hook before a kernel is started)."""
    told = {name: handler.settings[f"chengxin_{name}"] for name in ("demo", "sample")}
    notebook.metadata["title"] = handler.settings["chengxin_pages"][handler.path_args[0]]["title"]
    notebook.metadata["chengxin"] = {**told, "user": {"display_name": handler.current_user.display_name}}


def serve(
    database: str, *, host: str = "127.0.0.1", port: int = 8866, demo: bool = False, name: str = "",
    reports: Path | None = None, notebooks: Path | None = None, ready: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Serve the site until it is stopped.

    Parameters
    ----------
    database : address of the database
    host, port : where to listen
    demo : nobody signs in; only on this machine
    name : the site's public host name behind a reverse proxy
    reports : folder of `chengxin report`
    notebooks : as for `books`
    ready : called with the site's address when it can be opened

    Raises
    ------
    UsageError : the port is taken, or the demo was to be open to other machines
    """
    can_listen(host, port, demo)
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.ERROR)
    engine = open_store(database, read_only=True)
    empty = not accounts.listed(engine)
    engine.dispose()
    if empty and not demo:
        raise UsageError("还没有账号；请先运行 chengxin user add 账号 --role 市局 --display 姓名，或用 --demo 试用。")
    os.environ["CHENGXIN_DB"] = database
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(TEMPLATES), os.environ.get("JUPYTER_PATH")]))
    from chengxin.jupyter.kernels import Forks, Gathered

    known = books(notebooks)
    with Forks(imported(known), charts=1) as bare, Gathered(bare) as whole, served_root(known) as root:
        from chengxin.web.server.app import Site  # takes seconds, in which the others start: it brings Voilà

        site = Site(config=configuration(root, port, host, demo=demo, name=name), config_file_paths=[])
        site.arrange(demo=demo, reports=reports, sources={False: bare, True: whole}, ready=ready)
        site.initialize([])
        site.start()


def can_listen(host: str, port: int, demo: bool) -> None:
    """Refuse a demo for other machines and a port that is taken, before anything is started.

    Parameters
    ----------
    host, port, demo : as for `serve`

    Raises
    ------
    UsageError : what is wrong with them
    """
    if demo and host not in LOCAL:
        raise UsageError(f"演示模式不用密码，只能在本机打开；请去掉“--host {host}”，或去掉 --demo 并建立账号。")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        why = {
            errno.EADDRINUSE: f"端口{port}已被占用；请换一个，如 --port {port + 1}",
            errno.EACCES: f"没有权限使用端口{port}；请用1024以上的端口",
        }
        number = error.errno if isinstance(error, OSError) else None
        raise UsageError(
            f"{why.get(number or 0, f'不能在“{host}:{port}”上打开服务；请核对 --host 和 --port')}。"
        ) from None

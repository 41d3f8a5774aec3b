"""The site itself: Voilà's application with the kit's own pages, and of Voilà's addresses only those that are needed.

Every handler goes through `Guarded`: security headers, and error pages in Chinese without traceback.
"""

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import tornado.httpserver
import tornado.ioloop
import tornado.netutil
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import FileFindHandler, JupyterHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyterlab_server.themes_handler import ThemesHandler
from tornado.web import HTTPError
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import create_include_assets_functions

from chengxin.settings import settings

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; script-src-attr 'none'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
    "Server": "chengxin",
}
IDENTITY, TICKET = "X-Chengxin-Identity", "X-Chengxin-Ticket"  # set by this server only, never taken from a client
SPARE = timedelta(seconds=10)  # a kernel without a page for so long may make room for its owner's next page
SHELVES = {"entry": "录入", "dashboard": "看板", "lab": "规则试验"}


class Guarded:
    """What every handler of the site has: security headers and Chinese error pages that give nothing away."""

    settings: dict[str, Any]

    def set_default_headers(self) -> None:
        super().set_default_headers()  # type: ignore[misc]
        for name, value in HEADERS.items():
            self.set_header(name, value)  # type: ignore[attr-defined]

    def write_error(self, status_code: int, **_: Any) -> None:
        self.set_header("Content-Type", "text/html; charset=UTF-8")  # type: ignore[attr-defined]
        self.finish(rendered(self, "error.html", status_code=status_code))  # type: ignore[attr-defined]


def rendered(handler: Any, name: str, **values: Any) -> str:
    """A page of the template as text; every value is escaped by the template."""
    base_url = handler.settings["base_url"]
    user = getattr(handler, "_jupyter_current_user", None)
    shared = {"base_url": base_url, "user": user, "demo": handler.settings["chengxin_demo"]}
    functions = create_include_assets_functions("chengxin", base_url)
    template = handler.settings["voila_jinja2_env"].get_template(name)
    return str(template.render(**functions, **shared, **values))


class Owned(Guarded):
    """A handler of one kernel: for others than its owner the kernel does not exist."""

    async def prepare(self) -> None:
        await super().prepare()  # type: ignore[misc]
        kernel = next(iter([*self.path_kwargs.values(), *self.path_args]), "")  # type: ignore[attr-defined]
        user = self.current_user  # type: ignore[attr-defined]
        if user and self.kernel_manager.owners.get(kernel) != user.username:  # type: ignore[attr-defined]
            raise HTTPError(404)


class Kernels(AsyncMappingKernelManager):
    """Kernels with their owners, so that one person cannot take them all or touch another's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.owners: dict[str, str] = {}  # kernel → account
        self.tickets: dict[str, str] = {}  # page being opened → account

    async def _async_start_kernel(self, **options: Any) -> str:
        environment = options.get("env") or {}
        owner = self.tickets.pop(environment.get(_variable(TICKET), ""), None)
        if owner is None:
            raise HTTPError(403)
        kernel = await super()._async_start_kernel(**options)
        self.owners[kernel] = owner
        return str(kernel)

    start_kernel = _async_start_kernel  # type: ignore[assignment]

    def live(self, owner: str | None = None) -> list[str]:
        """Kernels that run, of one account or all."""
        self.owners = {kernel: who for kernel, who in self.owners.items() if kernel in self}
        return [kernel for kernel, who in self.owners.items() if owner in (None, who)]

    async def ticket(self, owner: str) -> str | None:
        """A place for one more page of an account; None when it, or the site, has no more."""
        limits = settings()
        for kernel in self.live(owner):
            if self._open(owner) < limits["serve_kernels_per_user"]:
                break
            if self._spare(kernel):
                await self.shutdown_kernel(kernel)
        whole = len(self.live()) + len(self.tickets)
        if self._open(owner) >= limits["serve_kernels_per_user"] or whole >= limits["serve_kernels"]:
            return None
        ticket = uuid.uuid4().hex
        self.tickets[ticket] = owner
        return ticket

    def _open(self, owner: str) -> int:
        return len(self.live(owner)) + list(self.tickets.values()).count(owner)

    def _spare(self, kernel: str) -> bool:
        quiet = datetime.now(UTC) - self.get_kernel(kernel).last_activity > SPARE  # type: ignore[attr-defined]
        return quiet and not self._kernel_connections.get(kernel, 0)


def _variable(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


class Render(Guarded, TornadoVoilaHandler):
    """A notebook as a page, for those who may open it, with who they are handed to its kernel."""

    async def get(self, path: str = "") -> None:
        user = self.current_user
        if path not in self.settings["chengxin_pages"]:
            raise HTTPError(404)
        if not self.identity_provider.may_open(user, path):
            raise HTTPError(403)
        ticket = await self.kernel_manager.ticket(user.username)
        if ticket is None:
            self.set_header("Retry-After", "60")
            self.set_status(503)
            self.finish(rendered(self, "error.html", status_code=503))
            return
        headers = self.request.headers
        headers[IDENTITY], headers[TICKET] = json.dumps(self.identity_provider.identity(user)), ticket
        try:
            await super().get(path)
        finally:
            self.kernel_manager.tickets.pop(ticket, None)


class Home(Guarded, JupyterHandler):
    """The landing page: what its reader may open, by kind; no kernel, no script."""

    @allow_unauthenticated
    def get(self) -> None:
        may_open, user = self.settings["identity_provider"].may_open, self.current_user
        shelves: dict[str, list[dict[str, str]]] = {}
        for path, page in self.settings["chengxin_pages"].items():
            if user and may_open(user, path):
                shelves.setdefault(SHELVES[path.partition("/")[0]], []).append({"path": path, **page})
        self.finish(rendered(self, "home.html", shelves=shelves, reports=[]))


class NotFound(Guarded, JupyterHandler):
    """Every address that is none of the site's."""

    @allow_unauthenticated
    def prepare(self) -> None:  # type: ignore[override]
        raise HTTPError(404)


class Template(Guarded, TemplateStaticFileHandler):
    """Static files of the templates in use, and of no other folder."""

    def parse_url_path(self, path: str) -> str:
        if not re.match(r"(chengxin|lab|base)/static/", path):
            raise HTTPError(404)
        return str(super().parse_url_path(path))


def pages(root: Path) -> dict[str, dict[str, str]]:
    """The notebooks under the served root: path → title and first words, from each one's first cell."""
    found = {}
    for shelf in SHELVES:
        for path in sorted((root / shelf).glob("*.ipynb")):
            book = nbformat.read(path, as_version=4)
            lines = book.cells[0].source.splitlines() if book.cells and book.cells[0].cell_type == "markdown" else []
            said = next((line.strip() for line in lines[1:] if line.strip()), "")
            head = lines[0].lstrip("# ") if lines else path.stem
            found[f"{shelf}/{path.name}"] = {"title": str(book.metadata.get("title", head)), "about": said}
    return found


class Site(Voila):
    """Voilà with the kit's handlers; everything of Voilà's that is not named here does not exist."""

    KEPT: ClassVar[dict[type, type]] = {
        KernelHandler: Owned,
        VoilaKernelWebsocketHandler: Owned,
        VoilaShutdownKernelHandler: Owned,
        MultiStaticFileHandler: Guarded,
        ThemesHandler: Guarded,
        FileFindHandler: Guarded,
    }

    def arrange(self, *, demo: bool, reports: Path | None, ready: Callable[[str], None]) -> None:
        """What the command line asked for; see `server.serve`."""
        self.demo, self.reports, self.ready = demo, reports, ready

    def init_settings(self) -> dict[str, Any]:
        return {
            **super().init_settings(),
            "default_handler_class": NotFound,
            "chengxin_demo": self.demo,
            "chengxin_pages": pages(Path(self.root_dir)),
            "xsrf_cookie_kwargs": {"samesite": "Strict"},
        }

    def init_handlers(self) -> list[Any]:
        """Addresses, each behind its guard."""
        kept: list[Any] = [(re.escape(self.base_url) + "?", Home)]
        for pattern, handler, *options in super().init_handlers():
            if handler in self.KEPT:
                guarded = type(handler.__name__, (self.KEPT[handler], handler), {})
                kept.append((pattern, guarded, *options))
            elif handler is TornadoVoilaHandler:
                kept.append((pattern, Render, *options))
            elif handler is TemplateStaticFileHandler:
                kept.append((pattern, Template, *options))
        return [*kept, *self.identity_provider.get_handlers()]

    def listen(self) -> None:
        """Listen on the one port that was asked for, and say so."""
        server = tornado.httpserver.HTTPServer(
            self.app, max_buffer_size=self.app.settings["websocket_max_message_size"]
        )
        sockets = tornado.netutil.bind_sockets(self.port, self.ip)
        server.add_sockets(sockets)
        self.port: int = sockets[0].getsockname()[1]
        self.ready(self.connection_url)
        self.ioloop = tornado.ioloop.IOLoop.current()
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

"""The site itself: Voilà's application with the kit's own pages, and of Voilà's addresses only those that are needed.

Every handler goes through `Guarded`: security headers, and error pages in Chinese without traceback.
"""

import json
import re
import signal
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import tornado.httpserver
import tornado.ioloop
import tornado.netutil
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from chengxin.jupyter import compat
from chengxin.jupyter.kernels import Forks
from chengxin.reports.kinds import KINDS
from chengxin.settings import settings
from chengxin.store import read
from chengxin.store.engine import open_store
from chengxin.web.server.finished_reports import FORMATS, Report, finished
from chengxin.web.server.handlers import IDENTITY, TICKET, Channels, Guarded, Owned, Template, rendered
from chengxin.web.server.signin import OUTCOMES, SAFE, identity, may_open

SWEEP = 30_000  # milliseconds
BODY = 1 << 16  # bytes of a form; files come over the line to a kernel
SHELVES = {"entry": "录入", "dashboard": "看板", "lab": "规则试验"}


class Render(Guarded):
    """A notebook as a page, for those who may open it, with who they are handed to its kernel."""

    ticket, gone = "", False

    async def get(self: Any, path: str = "") -> None:
        self._allowed(path)
        user = self.current_user
        left = compat.reader_gone(self)
        self.ticket = await self.kernel_manager.ticket(user.username, left)
        headers = self.request.headers
        headers[IDENTITY], headers[TICKET] = json.dumps(identity(user.access)), self.ticket
        try:
            await super().get(path)  # type: ignore[misc]
        finally:
            await self.kernel_manager.settle(self.ticket, left())

    def head(self: Any, path: str = "") -> None:
        """As `get` says whether and how there is a page; no kernel is started."""
        self._allowed(path)
        self.set_header("Cache-Control", "no-cache, no-store, must-revalidate")
        self.finish()

    def _allowed(self: Any, path: str) -> None:
        if path not in self.settings["chengxin_pages"]:
            raise HTTPError(404)
        if not may_open(self.current_user.access, path):
            raise HTTPError(403)

    def on_connection_close(self: Any) -> None:
        self.gone = True
        super().on_connection_close()  # type: ignore[misc]
        tornado.ioloop.IOLoop.current().spawn_callback(self.kernel_manager.settle, self.ticket, left=True)


class Home(Guarded, JupyterHandler):
    """The landing page: what its reader may open, by kind; no kernel, no script."""

    @allow_unauthenticated
    def get(self) -> None:
        access = getattr(self.current_user, "access", None)
        shelves: dict[str, list[dict[str, str]]] = {}
        for path, page in self.settings["chengxin_pages"].items():
            if access and may_open(access, path):
                shelves.setdefault(SHELVES[path.partition("/")[0]], []).append({"path": path, **page})
        reports: dict[str, list[Report]] = {}
        for report in self.settings["chengxin_reports"]():
            if report.open_to(access):
                reports.setdefault(KINDS[report.kind].title, []).append(report)
        self.finish(rendered(self, "home.html", shelves=shelves, reports=reports))

    head = get


class Reports(Guarded, JupyterHandler):
    """A file of a finished report, for those it is open to; for others there is none. Pages are shown, others saved."""

    @allow_unauthenticated
    def get(self, file: str) -> None:
        access = getattr(self.current_user, "access", None)
        all_ = self.settings["chengxin_reports"]()
        found = {each: report for report in all_ if report.open_to(access) for each in report.files.values()}
        if file not in found:
            raise HTTPError(404)
        ending = file.rpartition(".")[2]
        self.set_header("Content-Type", FORMATS[ending][1])
        self.set_header("Cache-Control", "private, no-cache")
        if ending != "html":
            name = urllib.parse.quote(f"{found[file].title}.{ending}")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.finish((self.settings["chengxin_folder"] / file).read_bytes())

    head = get


class SignIn(Guarded, JupyterHandler):
    """The sign-in form."""

    @allow_unauthenticated
    def get(self) -> None:
        self._show("", "")

    head = get

    @allow_unauthenticated
    async def post(self) -> None:
        name, password = self.get_body_argument("name", ""), self.get_body_argument("password", "", strip=False)
        outcome = await self.identity_provider.enter(self, name, password)  # type: ignore[attr-defined]
        if outcome == "ok":
            asked = self.get_body_argument("next", "")
            self.redirect(asked if SAFE.fullmatch(asked) else self.base_url, status=303)
        else:
            self.set_status(429 if outcome in ("paused", "busy") else 401)
            self._show(OUTCOMES[outcome].format(minutes=settings()["sign_in_wait_minutes"]), name)

    def _show(self, said: str, name: str) -> None:
        asked = self.get_argument("next", "")
        token = {"xsrf": self.xsrf_form_html(), "next": asked if SAFE.fullmatch(asked) else ""}
        self.finish(rendered(self, "login.html", said=said, typed=name, **token))


class SignOut(Guarded, JupyterHandler):
    """Signing out ends the person's kernels too."""

    def get(self) -> None:
        self.finish(rendered(self, "logout.html", xsrf=self.xsrf_form_html()))

    head = get

    async def post(self) -> None:
        self.identity_provider.leave(self)  # type: ignore[attr-defined]
        await self.settings["chengxin_sweep"]()
        self.redirect(self.base_url, status=303)


class NotFound(Guarded, JupyterHandler):
    """Every address that is none of the site's."""

    @allow_unauthenticated
    def prepare(self) -> None:  # type: ignore[override]
        raise HTTPError(404)


def _notebook(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def pages(root: Path) -> dict[str, dict[str, str]]:
    """The notebooks under the served root: path → title and first words, from each one's first cell.

    By shelf, within it by the number ``order`` of their metadata, then by name.
    """
    found = {}
    for shelf in SHELVES:
        books = [(path, _notebook(path)) for path in sorted((root / shelf).glob("*.ipynb"))]
        for path, book in sorted(books, key=lambda each: each[1].metadata.get("order", 0)):
            lines = book.cells[0].source.splitlines() if book.cells and book.cells[0].cell_type == "markdown" else []
            said = next((line.strip() for line in lines[1:] if line.strip()), "")
            head = lines[0].lstrip("# ") if lines else path.stem
            found[f"{shelf}/{path.name}"] = {"title": str(book.metadata.get("title", head)), "about": said}
    return found


# Voilà's addresses that the site has, each with what stands before it; every other does not exist
GUARDS: dict[str, type] = {
    "api/kernels/*": Owned,
    "api/kernels/*/channels": Channels,
    "voila/api/shutdown/*": Owned,
    "voila/api/themes/*": Guarded,
    "voila/labextensions/*": Guarded,
    "voila/render/*": Render,
    "voila/static/*": Guarded,
    "voila/templates/*": Template,
}


class Site(compat.application()):  # type: ignore[misc]
    """Voilà with the kit's handlers; everything of Voilà's that is not named in `GUARDS` does not exist."""

    def arrange(
        self, *, demo: bool, reports: Path | None, sources: Mapping[bool, Forks], ready: Callable[[str], None]
    ) -> None:  # fmt: skip
        """What the command line asked for, see `serve.serve`, and what kernels are forked from, see `Kernels`."""
        self.demo, self.reports, self.sources, self.ready = demo, reports, sources, ready

    def settled(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Voilà's settings and the site's."""
        engine = open_store()
        self.identity_provider.engine = engine
        compat.use_quick_exporter()
        settings["kernel_manager"].sources = self.sources
        return {
            **settings,
            "chengxin_reports": lambda: finished(engine, self.reports),
            "chengxin_folder": self.reports,
            "chengxin_sweep": self.sweep,
            "default_handler_class": NotFound,
            "chengxin_demo": self.demo,
            "chengxin_sample": bool(read.assessments(engine)["demo"].any()),
            "chengxin_pages": pages(Path(self.root_dir)),
            "xsrf_cookie_kwargs": {"samesite": "Strict"},
        }

    def guarded(self, handlers: list[Any]) -> list[Any]:
        """The site's addresses, and of Voilà's those in `GUARDS`, each behind its guard.

        Raises
        ------
        UsageError : this Voilà has other addresses
        """
        base = re.escape(self.base_url)
        own: list[Any] = [(base, Home), (base + r"reports/([\w.-]+)", Reports)]
        if not self.demo:
            own += [(base + "login", SignIn), (base + "logout", SignOut)]
        by_address = {re.sub(r"\(.*\)", "*", each[0].removeprefix(self.base_url)): each for each in handlers}
        if lost := GUARDS.keys() - by_address:
            raise compat.unusable(lost)
        for address, guard in GUARDS.items():
            pattern, handler, *options = by_address[address]
            own.append((pattern, type(handler.__name__, (guard, handler), {}), *options))
        return own

    async def sweep(self) -> None:
        """End the kernels of people who have signed out, whose session expired or whose account was disabled."""
        for owner in set(self.kernel_manager.owners.values()):
            if not self.identity_provider.there(owner):
                for kernel in self.kernel_manager.live(owner):
                    await self.kernel_manager.shutdown_kernel(kernel, now=True)

    def opened(self) -> None:
        """Listen on the one port that was asked for, and say so."""
        size = self.app.settings["websocket_max_message_size"]
        local = self.ip in ("127.0.0.1", "::1")  # a proxy of this machine tells whether its visitor came by HTTPS
        server = tornado.httpserver.HTTPServer(self.app, max_buffer_size=size, max_body_size=BODY, xheaders=local)
        sockets = tornado.netutil.bind_sockets(self.port, self.ip)
        server.add_sockets(sockets)
        self.port: int = sockets[0].getsockname()[1]
        self.ready(self.connection_url)
        self.ioloop = tornado.ioloop.IOLoop.current()
        signal.signal(signal.SIGTERM, lambda *_: self.ioloop.add_callback_from_signal(self.ioloop.stop))
        tornado.ioloop.PeriodicCallback(self.sweep, SWEEP).start()
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

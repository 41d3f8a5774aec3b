"""What stands before every address of the site: headers, error pages, whose kernel it is, how many there may be."""

import asyncio
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from jinja2 import Environment, FileSystemLoader
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.web import HTTPError

from chengxin.jupyter.kernels import Forking, Forks, QuickClient
from chengxin.paths import TEMPLATES
from chengxin.settings import settings
from chengxin.store.access import WHOLE

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; script-src-attr 'none'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
    "Server": "chengxin",
}
PAGES = TEMPLATES / "voila" / "templates" / "chengxin"
IDENTITY, TICKET = "X-Chengxin-Identity", "X-Chengxin-Ticket"  # set by this server only, never taken from a client
PATIENCE = 60  # seconds that a dashboard waits at most for the city to be gathered
SPARE = timedelta(seconds=10)  # a kernel without a page for so long may make room for its owner's next page
LEAVING = 5  # seconds in which a page that is reloaded or closed has given its place back, also on a slow machine


class FullError(HTTPError):
    """There is no place for one more page; own: how many the reader has open where that is why, else 0."""

    def __init__(self, own: int = 0) -> None:
        super().__init__(503)
        self.own = own


class Guarded:
    """What every handler of the site has: security headers and Chinese error pages that give nothing away."""

    settings: dict[str, Any]

    def set_default_headers(self) -> None:
        super().set_default_headers()  # type: ignore[misc]
        for name, value in HEADERS.items():
            self.set_header(name, value)  # type: ignore[attr-defined]

    def write_error(self, status_code: int, **options: Any) -> None:
        _, error, _ = options.get("exc_info", (None, None, None))
        own = error.own if isinstance(error, FullError) else 0
        old = status_code == 403 and self.request.method == "POST"  # type: ignore[attr-defined]
        self.set_header("Content-Type", "text/html; charset=UTF-8")  # type: ignore[attr-defined]
        if status_code == 503:
            self.set_header("Retry-After", "60")  # type: ignore[attr-defined]
        self.finish(rendered(self, "error.html", status_code=status_code, own=own, old=old))  # type: ignore[attr-defined]


def rendered(handler: Any, name: str, **values: Any) -> str:
    """A page of the template as text, which the browser is told not to keep; every value is escaped by the template."""
    handler.set_header("Cache-Control", "no-store")
    base_url = handler.settings["base_url"]
    modes = {name: handler.settings[f"chengxin_{name}"] for name in ("demo", "sample")}
    shared = {"base_url": base_url, "user": _reader(handler), "address": partial(_address, base_url)}
    return str(_templates().get_template(name).render(**shared, **modes, **values))


def _reader(handler: Any) -> Any:
    """Who looks; nobody where the request failed before that was looked up."""
    try:
        return handler.current_user
    except RuntimeError:
        return None


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(PAGES), autoescape=True)


def _address(base_url: str, name: str) -> str:
    """The address of a file of the template; its content's hash is part of it, so that a browser keeps no old one."""
    return f"{base_url}voila/templates/chengxin/{name}?v={_hash(name)}"


@cache
def _hash(name: str) -> str:
    return hashlib.sha512((PAGES / name).read_bytes()).hexdigest()[:20]


class Owned(Guarded):
    """A handler of one kernel: for others than its owner the kernel does not exist."""

    async def prepare(self) -> None:
        await super().prepare()  # type: ignore[misc]
        kernel = next(iter([*self.path_kwargs.values(), *self.path_args]), "")  # type: ignore[attr-defined]
        user = self.current_user  # type: ignore[attr-defined]
        if user and self.kernel_manager.owners.get(kernel) != user.username:  # type: ignore[attr-defined]
            raise HTTPError(404)

    async def head(self, *args: Any, **named: Any) -> None:
        await self.get(*args, **named)  # type: ignore[attr-defined]


class Channels(Owned):
    """The line to a kernel: working counts as being there."""

    async def head(self, *_: Any, **__: Any) -> None:
        raise HTTPError(405)

    def on_message(self, message: Any) -> None:
        self.identity_provider.touch(self)  # type: ignore[attr-defined]
        super().on_message(message)  # type: ignore[misc]


class Kernel(Forking, ServerKernelManager):  # type: ignore[misc]
    """A kernel of a page, forked where the site has a process for that; it is told who looks as it starts."""

    parent: Any

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"client_factory": QuickClient, **options})

    async def source(self, environment: Mapping[str, str]) -> Forks:
        """The process that this kernel is forked from."""
        forks: Forks = await self.parent.source(environment)
        return forks

    def __await__(self) -> Generator[Any, None, "Kernel"]:
        """Voilà awaits the kernel of a page before it speaks to it: until then it has started."""
        yield from self.ready.__await__()  # type: ignore[union-attr]
        return self


class Kernels(AsyncMappingKernelManager):
    """Kernels with their owners, so that one person cannot take them all or touch another's."""

    sources: Mapping[bool, Forks]  # by whether they hold what the whole city's dashboards show

    def __init__(self, **options: Any) -> None:
        ways = {"kernel_manager_class": "chengxin.web.server.handlers.Kernel", "use_pending_kernels": True}
        super().__init__(**{**ways, **options})  # type: ignore[no-untyped-call]
        self.owners: dict[str, str] = {}  # kernel → account
        self.tickets: dict[str, str] = {}  # page being opened → account
        self.opened: dict[str, str] = {}  # page being opened → its kernel, from then on

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        environment = options.get("env") or {}
        ticket = environment.get(_variable(TICKET), "")
        owner = self.tickets.pop(ticket, None)
        if owner is None:
            raise HTTPError(403)
        kernel = await super().start_kernel(**options)
        self.owners[kernel], self.opened[ticket] = owner, kernel
        return str(kernel)

    async def source(self, variables: Mapping[str, str]) -> Forks:
        """Only who may see the whole city starts from the process that has gathered it; a dashboard waits for the
        first time it does, rather than gather for itself meanwhile."""
        bare, whole = self.sources[False], self.sources[True]
        if json.loads(variables[_variable(IDENTITY)])["role"] not in WHOLE:
            return bare
        end = time.monotonic() + PATIENCE * ("/dashboard/" in variables["SCRIPT_NAME"])
        while whole.starting and time.monotonic() < end:
            await asyncio.sleep(0.02)
        return whole if whole.ready else bare

    def live(self, owner: str | None = None) -> list[str]:
        """Kernels that run, of one account or all."""
        self.owners = {kernel: who for kernel, who in self.owners.items() if kernel in self}
        return [kernel for kernel, who in self.owners.items() if owner in (None, who)]

    async def ticket(self, owner: str, gone: Callable[[], bool] = lambda: False) -> str:
        """A place for one more page of an account; waits a moment for one that is just being left.

        Parameters
        ----------
        owner : the account
        gone : whether nobody waits for the page any more

        Raises
        ------
        FullError : the account, or the site, has no more
        """
        end = time.monotonic() + LEAVING
        while (full := await self._full(owner)) or gone():
            if gone() or time.monotonic() > end:
                raise full or FullError
            await asyncio.sleep(0.05)
        ticket = uuid.uuid4().hex
        self.tickets[ticket] = owner
        return ticket

    async def _full(self, owner: str) -> FullError | None:
        """Why there is no place, after what the account does not need has been ended."""
        for kernel in self.live(owner):
            if self._lacking(owner) and self._spare(kernel):
                await self.shutdown_kernel(kernel)
        return self._lacking(owner)

    def _lacking(self, owner: str) -> FullError | None:
        limits = settings()
        most = int(limits["serve_kernels_per_user"])
        if self._open(owner) >= most:
            return FullError(most)
        return FullError() if len(self.live()) + len(self.tickets) >= limits["serve_kernels"] else None

    async def settle(self, ticket: str, left: bool) -> None:
        """A page has been opened; one that was left before it was there cannot say goodbye to its kernel.

        Parameters
        ----------
        ticket : from `ticket`
        left : whether its reader has gone
        """
        self.tickets.pop(ticket, None)
        if left and self.opened.get(ticket) in self.live():
            await self.shutdown_kernel(self.opened[ticket])
        self.opened.pop(ticket, None)

    async def shutdown_kernel(  # type: ignore[override]
        self, kernel_id: str, now: bool | None = False, restart: bool | None = False
    ) -> None:
        """The place is free as soon as the kernel is told to end; one that is busy with its page ends at once."""
        self.owners.pop(kernel_id, None)
        now = now or kernel_id in self.opened.values()
        await super().shutdown_kernel(kernel_id, now=now, restart=restart)  # type: ignore[no-untyped-call]

    def _open(self, owner: str) -> int:
        return len(self.live(owner)) + list(self.tickets.values()).count(owner)

    def _spare(self, kernel: str) -> bool:
        model = self.kernel_model(kernel)  # type: ignore[no-untyped-call]
        quiet = datetime.now(UTC) - datetime.fromisoformat(model["last_activity"]) > SPARE
        return quiet and not model["connections"]


def _variable(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


class Template(Guarded):
    """Static files of the templates in use, and of no other folder."""

    def parse_url_path(self, path: str) -> str:
        if not re.fullmatch(r"(chengxin|lab|base)/static/(?!.*\.\.)[^\0]*[^\0/.]", path):
            raise HTTPError(404)
        return str(super().parse_url_path(path))  # type: ignore[misc]

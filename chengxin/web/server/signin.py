"""Who somebody is at the site and what pages that opens: jupyter_server's identity provider over the kit's accounts."""

import asyncio
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from sqlalchemy import Engine

from chengxin.settings import settings
from chengxin.store import accounts
from chengxin.store.access import LOCAL, Access
from chengxin.store.engine import writing

OPENS = {  # role → notebooks, by the beginning of their path
    "city": ("entry/", "dashboard/", "lab/"),
    "county": ("entry/", "dashboard/", "lab/"),
    "assessor": ("entry/assessment.ipynb",),
    "point": ("entry/filing.ipynb",),
    "leader": ("dashboard/",),
    "public": (),
}
WAITING = 8  # sign-ins that may wait for their turn; each takes the time that makes guessing dear
SAFE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")  # an address on this site
OUTCOMES = {
    "wrong": "账号或密码不对。",
    "disabled": "账号或密码不对。",
    "paused": "输错次数过多，暂停登录，请{minutes}分钟后再试。",
    "busy": "登录的人较多，请稍候再试。",
}


@dataclass
class Person(User):
    """Somebody at the site, with what their role may do."""

    access: Access = LOCAL


def may_open(access: Access, path: str) -> bool:
    """Whether a role opens a notebook of the served root."""
    return path.startswith(OPENS[access.role] or ("\x00",))


def identity(access: Access) -> dict[str, str]:
    """What a kernel is told, see `access.current`."""
    return asdict(access)


class DemoIdentity(IdentityProvider):
    """Nobody signs in: whoever sits at this machine is 演示."""

    auth_enabled = True
    login_available = False
    logout_available = False

    def get_user(self, handler: Any) -> User:
        return Person("demo", "演示", "演示", access=Access("demo", "演示", "city"))

    def touch(self, handler: Any) -> None:
        """Nothing expires."""

    def there(self, name: str) -> bool:
        """Whether an account still has an open session."""
        return True

    def get_handlers(self) -> list[Any]:
        return []


@dataclass
class Session:
    """One signed-in browser."""

    account: str
    stamp: str
    began: datetime
    seen: datetime


@dataclass
class Sessions:
    """Open sessions by their secret; they live in memory, so a restart signs everybody out."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    known: dict[str, Session] = field(default_factory=dict)

    def begin(self, account: str, stamp: str) -> str:
        """A new session's secret; those that ran out meanwhile are forgotten."""
        for old in list(self.known):
            self.find(old, touch=False)
        secret, now = secrets.token_urlsafe(32), self.clock()
        self.known[secret] = Session(account, stamp, now, now)
        return secret

    def find(self, secret: str, touch: bool = True) -> Session | None:
        """The session of a secret if it has not expired; it counts as used now."""
        session, limits, now = self.known.get(secret), settings(), self.clock()
        if session is None:
            return None
        old = now - session.began > timedelta(hours=limits["sign_in_hours"])
        if old or now - session.seen > timedelta(minutes=limits["sign_in_idle_minutes"]):
            del self.known[secret]
            return None
        if touch:
            session.seen = now
        return session


class AccountIdentity(IdentityProvider):
    """Sign-in with the accounts of the database."""

    auth_enabled = True
    login_available = True
    logout_available = True
    engine: Engine

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sessions = Sessions()
        self.turns, self.waiting = ThreadPoolExecutor(max_workers=1), 0

    def get_user(self, handler: Any) -> User | None:
        session = self.sessions.find(self._secret(handler))
        account = self._account(session) if session else None
        if account is None:
            return None
        return Person(account.name, account.display, account.display, access=account.access)

    def _account(self, session: Session) -> accounts.Account | None:
        """The account of a session, unless it was disabled or its password changed since."""
        found = accounts.found(self.engine, session.account)
        return found[0] if found and found[1] == session.stamp else None

    def touch(self, handler: Any) -> None:
        """Somebody works in an open page."""
        self.sessions.find(self._secret(handler))

    def there(self, name: str) -> bool:
        """Whether an account still has an open session."""
        mine = [secret for secret, session in self.sessions.known.items() if session.account == name]
        still = (self.sessions.find(secret, touch=False) for secret in mine)
        return any(session and self._account(session) for session in still)

    def _secret(self, handler: Any) -> str:
        return str(handler.get_cookie(self.get_cookie_name(handler), ""))

    async def enter(self, handler: Any, name: str, password: str) -> str:
        """Sign in; ``ok`` with the cookie set, or one of `OUTCOMES`."""
        if self.waiting >= WAITING:
            return "busy"
        self.waiting += 1
        try:
            outcome = await asyncio.get_running_loop().run_in_executor(
                self.turns, self._try, name, password, handler.request.remote_ip
            )
        finally:
            self.waiting -= 1
        found = accounts.found(self.engine, name) if outcome == "ok" else None
        if found:
            self.sessions.known.pop(self._secret(handler), None)
            secret = self.sessions.begin(name, found[1])
            options = {"httponly": True, "samesite": "Lax", "secure": handler.request.protocol == "https"}
            handler.set_cookie(self.get_cookie_name(handler), secret, path=handler.base_url, **options)
        return outcome

    def _try(self, name: str, password: str, address: str) -> str:
        limits = settings()
        pause = timedelta(minutes=limits["sign_in_wait_minutes"])
        kinds = ("sign_in_attempts", "sign_in_address_attempts", "sign_in_account_attempts")
        pair, address_most, account_most = (int(limits[kind]) for kind in kinds)
        attempts, at = (pair, address_most, account_most), self.sessions.clock()
        with writing(self.engine) as conn:
            return accounts.sign_in(conn, name, password, address=address, at=at, attempts=attempts, wait=pause)

    def leave(self, handler: Any) -> None:
        """Sign out this browser."""
        session = self.sessions.known.pop(self._secret(handler), None)
        handler.clear_cookie(self.get_cookie_name(handler), path=handler.base_url)
        if session:
            with writing(self.engine) as conn:
                accounts.signed_out(conn, session.account, self.sessions.clock(), handler.request.remote_ip)

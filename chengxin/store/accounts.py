"""Accounts of the site: made, changed and disabled; passwords as Argon2 hashes; sign-ins recorded."""

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from chengxin.errors import DataError, Fault, UsageError
from chengxin.store.access import Access
from chengxin.store.account_tables import ACCOUNT, ASSIGNMENT, ROLES, SIGN_IN
from chengxin.store.schema import ASSESSMENT, AUDIT, POINT, UNIT

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
SHORTEST = 10  # characters of a password; NIST SP 800-63B asks for 8 at least and no rules on their kinds
COMMON = ("1234567890", "0123456789", "password", "qwertyuiop", "chengxin", "11111111", "88888888")


@dataclass(frozen=True)
class Account:
    """One account as stored, without its password."""

    name: str
    display: str
    role: str
    unit: str | None
    point: str | None
    status: str

    @property
    def access(self) -> Access:
        """What the account is for the rest of the kit."""
        return Access(self.name, self.display, self.role, self.unit or "", self.point or "")


def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


def add(conn: Connection, account: Account, password: str, *, who: str, at: datetime) -> None:
    """Make an account.

    Parameters
    ----------
    conn : in a transaction, see `engine.writing`
    account : all but its password
    password : at least `SHORTEST` characters
    who, at : for the audit, which never holds a password

    Raises
    ------
    DataError : all that is wrong with it; nothing is stored
    """
    faults = [*_faults(conn, account), *_weak(account.name, password)]
    if conn.execute(sa.select(ACCOUNT.c.name).where(ACCOUNT.c.name == account.name)).scalar():
        faults.append(Fault("账号", f"已有“{account.name}”", "没有用过的账号"))
    if faults:
        raise DataError("账号没有建立", faults)
    row = asdict(account)
    conn.execute(sa.insert(ACCOUNT).values(**row, password=_hasher().hash(password)))
    _record(conn, account.name, None, row, who, "建立账号", at)


def set_password(conn: Connection, name: str, password: str, *, who: str, at: datetime) -> None:
    """Give an account a new password.

    Raises
    ------
    UsageError : unknown account
    DataError : the password is too weak
    """
    account = _known(conn, name)
    faults = _weak(name, password)
    if faults:
        raise DataError("密码没有改", faults)
    conn.execute(sa.update(ACCOUNT).where(ACCOUNT.c.name == name).values(password=_hasher().hash(password)))
    _record(conn, name, asdict(account), asdict(account), who, "改密码", at)


def set_status(conn: Connection, name: str, status: str, *, who: str, at: datetime) -> None:
    """Disable an account, or enable it again; open sessions end with the next request.

    Raises
    ------
    UsageError : unknown account
    """
    account = asdict(_known(conn, name))
    conn.execute(sa.update(ACCOUNT).where(ACCOUNT.c.name == name).values(status=status))
    _record(conn, name, account, {**account, "status": status}, who, "停用" if status == "disabled" else "启用", at)


def assign(conn: Connection, name: str, assessment: str, *, who: str, at: datetime) -> None:
    """Give an assessment to an assessor.

    Raises
    ------
    UsageError : unknown account or assessment, or no assessor
    """
    if _known(conn, name).role != "assessor":
        raise UsageError(f"“{name}”不是评价员；只有评价员需要指派评价。")
    if not conn.execute(sa.select(ASSESSMENT.c.id).where(ASSESSMENT.c.id == assessment)).scalar():
        raise UsageError(f"没有评价“{assessment}”；请核对编号（chengxin status可看有哪些评价期）。")
    row = {"assessment": assessment, "account": name}
    if not conn.execute(sa.select(ASSIGNMENT).filter_by(**row)).first():
        conn.execute(sa.insert(ASSIGNMENT).values(**row))
        _record(conn, f"{assessment}/{name}", None, row, who, "指派评价", at, "assignment")


def listed(engine: Engine) -> list[Account]:
    """All accounts by name."""
    with engine.connect() as conn:
        rows = conn.execute(sa.select(ACCOUNT).order_by(ACCOUNT.c.name)).mappings().all()
    return [_account(row) for row in rows]


def found(engine: Engine, name: str) -> tuple[Account, str] | None:
    """An account that may be used now, and a stamp that changes with its password."""
    with engine.connect() as conn:
        row = conn.execute(sa.select(ACCOUNT).where(ACCOUNT.c.name == name)).mappings().first()
    if row is None or row["status"] != "active":
        return None
    return _account(row), hashlib.sha256(row["password"].encode()).hexdigest()


def sign_in(
    conn: Connection, name: str, password: str, *, address: str, at: datetime, attempts: tuple[int, int, int],
    wait: timedelta,
) -> str:  # fmt: skip
    """Try to sign in, and record it.

    Parameters
    ----------
    conn : in a transaction
    name, password : as typed
    address : of the network, from which it is tried; of IPv6 its /64 counts, which is one line's
    at : the moment
    attempts : wrong passwords after which there is a pause: in a row for one account from one address, from one
        address for all accounts, and for one account from all addresses; where the account has signed in from the
        address before, only the first counts, so that no stranger shuts its owner out
    wait : for how long

    Returns
    -------
    ``ok``, ``wrong``, ``paused`` or ``disabled``; a name that does not exist takes as long, is ``wrong`` and pauses
    as soon. A pause is recorded once, however often it is run into.
    """
    from argon2.exceptions import VerificationError

    row = conn.execute(sa.select(ACCOUNT).where(ACCOUNT.c.name == name)).mappings().first()
    known, address = name if row else _mark(name), _line(address)
    if _paused(conn, known, address, at - wait, attempts):
        if _last(conn, known, address, at - wait) == "paused":
            return "paused"
        outcome = "paused"
    else:
        hasher = _hasher()
        try:
            hasher.verify(row["password"] if row else _NOBODY, password)
            outcome = "ok" if row and row["status"] == "active" else "disabled" if row else "wrong"
        except VerificationError:
            outcome = "wrong"
    conn.execute(sa.insert(SIGN_IN).values(at=_iso(at), account=known, outcome=outcome, address=address))
    return outcome


def signed_out(conn: Connection, name: str, at: datetime, address: str) -> None:
    """Record that somebody signed out."""
    conn.execute(sa.insert(SIGN_IN).values(at=_iso(at), account=name, outcome="out", address=_line(address)))


_KEY = secrets.token_bytes(32)


def _mark(name: str) -> str:
    """What a name that does not exist is counted under: it may be a password, so only this process can tell which."""
    return "?" + hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8, key=_KEY).hexdigest()


def _line(address: str) -> str:
    """Whose line an address is of: itself, of IPv6 its /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$r3bbToX4aLJctKrzzI3itA$wPDWmJHJPgmPSHhhlEAQTPieB6UKv+b+MuNfkoUZMyM"


def _paused(conn: Connection, name: str, address: str, since: datetime, attempts: tuple[int, int, int]) -> bool:
    """Whether there were too many wrong passwords since a moment."""
    t = SIGN_IN.c
    here, mine = t.address == address, t.account == name
    last = conn.execute(sa.select(sa.func.max(t.id)).where(here, mine, t.outcome == "ok")).scalar()
    pair, all_here, all_mine = attempts
    if _wrong(conn, since, here, mine, t.id > (last or 0)) >= pair:
        return True
    if last:
        return False
    return _wrong(conn, since, here) >= all_here or _wrong(conn, since, mine) >= all_mine


def _last(conn: Connection, name: str, address: str, since: datetime) -> str | None:
    """How the latest try for an account from an address came out, since a moment."""
    t = SIGN_IN.c
    mine = (t.account == name, t.address == address, t.at > _iso(since))
    return conn.execute(sa.select(t.outcome).where(*mine).order_by(t.id.desc()).limit(1)).scalar()


def _wrong(conn: Connection, since: datetime, *where: sa.ColumnElement[bool]) -> int:
    t = SIGN_IN.c
    query = sa.select(sa.func.count()).where(t.outcome == "wrong", t.at > _iso(since), *where)
    return int(conn.execute(query).scalar_one())


def _faults(conn: Connection, account: Account) -> list[Fault]:
    """What is wrong with a new account's name, role and whose data it works on."""
    faults = []
    if not NAME.fullmatch(account.name):
        faults.append(Fault("账号", f"“{account.name}”", "2至32个小写字母、数字、点、横线"))
    if not account.display.strip():
        faults.append(Fault("姓名", "没有写", "使用人的姓名，记入操作记录"))
    if account.role not in ROLES or account.role == "public":
        roles = "、".join(said for role, said in ROLES.items() if role != "public")
        faults.append(Fault("角色", f"“{account.role}”", roles))
    for role, code, table, said in (
        ("county", account.unit, UNIT, "填报单位"),
        ("point", account.point, POINT, "监测点"),
    ):
        there = code and conn.execute(sa.select(table.c.code).where(table.c.code == code)).scalar()
        if account.role == role and not there:
            faults.append(Fault(said, f"“{code}”" if code else "没有写", f"已登记的{said}代码"))
        elif account.role != role and code:
            faults.append(Fault(said, f"“{code}”", f"空着（只有{ROLES[role]}才写{said}）"))
    return faults


def _weak(name: str, password: str) -> list[Fault]:
    if len(password) < SHORTEST:
        return [Fault("密码", f"{len(password)}个字符", f"至少{SHORTEST}个字符")]
    plain = password.lower()
    if plain in (name, *COMMON) or len(set(plain)) < 4 or any(plain.strip("0123456789!@#.") == word for word in COMMON):
        return [Fault("密码", "太容易猜到", "不常见的密码，例如几个不相干的词连在一起")]
    return []


def _known(conn: Connection, name: str) -> Account:
    row = conn.execute(sa.select(ACCOUNT).where(ACCOUNT.c.name == name)).mappings().first()
    if row is None:
        raise UsageError(f"没有账号“{name}”；chengxin user list 可看有哪些。")
    return _account(row)


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(*(row[name] for name in ("name", "display", "role", "unit", "point", "status")))


def _record(
    conn: Connection, key: str, old: Any, new: Any, who: str, why: str, at: datetime, subject: str = "account"
) -> None:
    action = "update" if old else "insert"
    row = {"at": _iso(at), "who": who, "action": action, "subject": subject, "key": key, "old": old, "new": new}
    conn.execute(sa.insert(AUDIT).values(**row, why=why))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")

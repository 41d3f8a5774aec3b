"""Who may read and write what: the one place. Every engine that `store.open_store` gives in a page of the site is
narrowed here to what its reader may see, so that no page has to remember it and none can forget it.

On SQLite each connection gets temporary views that stand before the tables (what is read is what the role may see)
and temporary triggers on the tables (what is written must belong to the role). A table that is not named here does
not exist for a narrowed role. The identity comes from the server, which sets it itself for each kernel.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, Table

from chengxin.account_tables import ROLES
from chengxin.errors import StoreError
from chengxin.schema import METADATA

WHOLE = ("city", "leader")  # see everything
READERS = ("leader", "public")  # change nothing
IDENTITY = "HTTP_X_CHENGXIN_IDENTITY"
OWNERS = ("area", "merchant", "point", "instrument")  # columns that say whose a row is, any of them
TARGETS = {"point": "monitoring_point"}  # column → table, where the names differ

# Where a role's rows begin; all other tables follow along their references. {row} is empty or NEW./OLD.
_MINE = "SELECT assessment FROM main.assignment WHERE account = {who}"
_AREAS = f"SELECT area FROM main.assessment WHERE id IN ({_MINE})"
ROOTS: dict[str, dict[str, str]] = {
    "county": {
        "area": "{row}unit = {unit}",
        "monitoring_point": "{row}unit = {unit}",
        "supervisor": "{row}unit = {unit}",
        "unit_setting": "{row}unit = {unit}",
    },
    "assessor": {
        "area": f"{{row}}code IN ({_AREAS})",
        "monitoring_point": f"{{row}}area IN ({_AREAS})",
        "supervisor": f"{{row}}unit IN (SELECT unit FROM main.area WHERE code IN ({_AREAS}))",
        "unit_setting": f"{{row}}unit IN (SELECT unit FROM main.area WHERE code IN ({_AREAS}))",
        "assignment": "{row}account = {who}",
    },
    "point": {
        "monitoring_point": "{row}code = {point}",
        "merchant": "{row}code IN (SELECT merchant FROM main.monitoring_point WHERE code = {point})",
        "area": "0",
        "supervisor": "0",
        "unit_setting": "{row}unit IN (SELECT unit FROM main.monitoring_point WHERE code = {point})",
    },
    "public": {"unit_setting": "0", "area": "0", "monitoring_point": "0", "supervisor": "0"},
}
WRITE_ROOTS: dict[str, dict[str, str]] = {
    "county": ROOTS["county"],
    "assessor": {**ROOTS["assessor"], "assessment": f"{{row}}id IN ({_MINE})"},
    "point": ROOTS["point"],
    "public": ROOTS["public"],
}
_TYPED = ("draft", "presence", "audit")
WRITABLE: dict[str, tuple[str, ...]] = {
    "county": (
        *_TYPED, "area", "merchant", "assessment", "observation", "observation_history", "merchant_sample",
        "merchant_check", "attachment", "monitoring_point", "person", "supervisor", "instrument", "verification",
        "complaint", "survey", "training", "patrol", "commitment", "supervisor_activity", "event", "violation",
        "weighing", "filing", "filing_answer", "point_decision", "improvement", "unit_setting",
    ),
    "assessor": (
        *_TYPED, "assessment", "observation", "observation_history", "merchant_sample", "merchant_check", "attachment",
    ),
    "point": (*_TYPED, "filing", "filing_answer"),
    "public": (),
}  # fmt: skip
FORMS = {"county": "'assessment', 'filing', 'filing_check'", "assessor": "'assessment'", "point": "'filing'"}
# (role, table) → (what is refused, when); a new row has no OLD
REFUSED: dict[tuple[str, str], tuple[str, str]] = {
    ("county", "assessment"): ("审定和发布由市局办理", "{new.status} IN ('approved', 'published', 'withdrawn')"),
    ("assessor", "assessment"): ("评价员只能提交", "{new.status} NOT IN ('draft', 'submitted') OR {back}"),
    ("point", "filing"): ("核查和退回由监管人员填写", "{new.checked_on} OR {new.returned_on}"),
    ("point", "filing_answer"): ("核查结果由监管人员填写", "{new.check_answer}"),
}


@dataclass(frozen=True)
class Access:
    """Who is at work: account, name as it is recorded, role, and whose data (codes of a unit or a point)."""

    who: str
    name: str
    role: str
    unit: str = ""
    point: str = ""


LOCAL = Access("local", "本机用户", "city")


def current(environment: Mapping[str, str] | None = None) -> Access:
    """Who this kernel or command works for: the person at a page of the site, else whoever sits at this machine.

    Raises
    ------
    StoreError : a page of the site without identity
    """
    env = os.environ if environment is None else environment
    if not env.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return LOCAL
    try:
        found = Access(**json.loads(env[IDENTITY]))
        if found.role in ROLES:
            return found
    except (KeyError, ValueError, TypeError):
        pass
    raise StoreError("不知道是谁在使用本页；请从网站首页重新打开。")


def sample(engine: Engine) -> bool:
    """Whether the database holds sample data: whoever reads a page of it, also without sight of any assessment.

    Parameters
    ----------
    engine : from `open_store`, narrowed or not
    """
    schema = "main" if engine.dialect.name == "sqlite" else None  # past a role's view of the table
    query = sa.select(sa.literal(1)).select_from(sa.table("assessment", sa.column("demo"), schema=schema))
    with engine.connect() as conn:
        return conn.execute(query.where(sa.column("demo") == sa.true()).limit(1)).scalar() is not None


def narrowed(engine: Engine, access: Access) -> Engine:
    """The same engine, showing and changing only what a role may.

    Parameters
    ----------
    engine : just made, without connections
    access : for whom

    Raises
    ------
    StoreError : a role that sees a part only, on another database than SQLite
    """
    if access.role in WHOLE:
        return engine
    if engine.dialect.name != "sqlite":
        raise StoreError(f"角色“{ROLES[access.role]}”的数据范围目前只能在SQLite数据库上限定；请由市局账号操作。")
    statements = _statements(access)

    def prepare(connection: Any, _record: Any) -> None:
        (locked,) = connection.execute("PRAGMA query_only").fetchone()
        connection.execute("PRAGMA query_only = OFF")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA query_only = {locked}")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "before_cursor_execute", _to_the_tables, retval=True)
    return engine


def _to_the_tables(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> Any:
    """A change goes to the table itself, where the triggers watch; the view before it takes none."""
    return re.sub(r'^(\s*(?:INSERT INTO|UPDATE|DELETE FROM) )(?=["\w]+[\s(])', r"\1main.", statement), parameters


def _statements(access: Access) -> list[str]:
    """Views and triggers for one person."""
    made = []
    for table in METADATA.sorted_tables:
        seen = _part(table, ROOTS[access.role], "", access)
        made.append(f'CREATE TEMP VIEW "{table.name}" AS SELECT * FROM main."{table.name}" WHERE {seen}')
        made += _guards(table, access)
    return made


def _guards(table: Table, access: Access) -> list[str]:
    """Triggers that refuse a change of a row that is not the role's, before and after it."""
    open_ = table.name in WRITABLE[access.role]
    named = f" AND NEW.who = {_quoted(access.name)}" if "who" in table.c else ""
    guards = []
    for action, rows in {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}.items():
        if (table.name, action) == ("presence", "DELETE"):
            continue  # stale signs of anybody are cleared away
        mine = [_part(table, WRITE_ROOTS[access.role], f"{row}.", access, every=True) for row in rows]
        may = " AND ".join(f"({part})" for part in mine) if open_ else "0"
        may += named if open_ and action != "DELETE" else ""
        guards.append(_guard(table.name, action, f"NOT coalesce({may}, 0)", f"无权修改{table.name}中的这一行"))
        if open_ and action != "DELETE" and (access.role, table.name) in REFUSED:
            said, when = REFUSED[access.role, table.name]
            guards.append(_guard(table.name, action, _when(when, action), f"无权修改：{said}", "_step"))
    return guards


def _guard(table: str, action: str, when: str, said: str, suffix: str = "") -> str:
    name = f"chengxin_{table}_{action.lower()}{suffix}"
    return (
        f'CREATE TEMP TRIGGER {name} BEFORE {action} ON main."{table}" WHEN {when} '
        f"BEGIN SELECT RAISE(ABORT, {_quoted(said)}); END"
    )


def _when(words: str, action: str) -> str:
    """The condition of a refused step, true only where the value is given newly."""

    def new(match: re.Match[str]) -> str:
        column, rest = match[1], match[2]
        changed = f"NEW.{column} IS NOT OLD.{column}" if action == "UPDATE" else "1"
        return f"({changed} AND NEW.{column} {rest or 'IS NOT NULL'})"

    back = "(OLD.status <> 'draft' AND NEW.status = 'draft')" if action == "UPDATE" else "0"
    words = words.replace("{back}", back)
    return re.sub(r"\{new\.(\w+)\} ?((?:NOT )?IN \([^)]*\))?", new, words)


def _part(table: Table, roots: Mapping[str, str], row: str, access: Access, every: bool = False) -> str:
    """Condition that a row of a table is the role's, following references up to the roots.

    ``every``: all owners of the row that are given must be the role's, not just one.
    """
    if table.name in roots:
        given = {"who": access.who, "unit": access.unit, "point": access.point}
        return roots[table.name].format(row=row, **{name: _quoted(value) for name, value in given.items()})
    if table.name == "reporting_unit":
        return "1"
    if table.name in ("draft", "presence"):
        return _typed(roots, row, access)
    if table.name == "audit":
        return "1" if row else _trail(roots, access)
    above = next((name for name in ("assessment", "filing") if name in table.c and name != table.name), None)
    owners = [above] if above else [name for name in OWNERS if name in table.c and name != table.name]
    inside = [f"{row}{name} IN ({_keys(name, roots, access)})" for name in owners]
    said = " OR ".join(inside) or "0"
    if every and len(inside) > 1:
        rest = " AND ".join(f"({row}{name} IS NULL OR {one})" for name, one in zip(owners, inside, strict=True))
        return f"({said}) AND {rest}"
    return f"({said})"


def _keys(column: str, roots: Mapping[str, str], access: Access) -> str:
    """Keys of the role's rows in the table that a column refers to."""
    table = METADATA.tables[TARGETS.get(column, column)]
    (key,) = (column.name for column in table.primary_key)
    return f'SELECT "{key}" FROM main."{table.name}" WHERE {_part(table, roots, "", access)}'


def _typed(roots: Mapping[str, str], row: str, access: Access) -> str:
    """What is typed into forms of the role's assessments and filings, also of a filing that is not stored yet."""
    points = _keys("point", roots, access)
    begun = f"(SELECT code || '-____Q_' AS shape FROM main.monitoring_point WHERE code IN ({points}))"
    coming = f"EXISTS (SELECT 1 FROM {begun} WHERE {row}subject LIKE shape)"
    filing = f"{row}subject IN ({_keys('filing', roots, access)}) OR {coming}"
    assessment = f"{row}subject IN ({_keys('assessment', roots, access)})"
    allowed = FORMS.get(access.role, "''") if row else "'assessment', 'filing', 'filing_check'"
    return f"({row}form IN ({allowed}) AND CASE {row}form WHEN 'assessment' THEN {assessment} ELSE {filing} END)"


def _trail(roots: Mapping[str, str], access: Access) -> str:
    """Audit rows of the role's own doing, and of its assessments, filings and instruments."""
    told = [
        f"subject = '{name}' AND key IN ({_keys(name, roots, access)})"
        for name in ("assessment", "filing", "instrument")
    ]
    return " OR ".join([f"who = {_quoted(access.name)}", *told])


def _quoted(text: str) -> str:
    return "'" + text.replace("\x00", "").replace("'", "''") + "'"

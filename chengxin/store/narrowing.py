"""An engine that shows and changes only what a role may, by the rules of `access`; the same on both databases.

Each connection gets temporary views that stand before the tables (what is read is what the role may see) and guards
on the tables (what is written must belong to the role): temporary triggers on SQLite; on PostgreSQL, which has none,
temporary functions that the trigger ``chengxin_guard`` of every table asks (migration 0008).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, Table

from chengxin.store.access import FORMS, OWNERS, REFUSED, ROOTS, TARGETS, WHOLE, WRITABLE, WRITE_ROOTS, Access
from chengxin.store.schema import METADATA

ROWS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}

Guards = list[tuple[str, str]]  # when a change is refused, and what is said


@dataclass(frozen=True)
class Reach:
    """For whom, and the quoted name of the schema that holds the tables themselves."""

    access: Access
    home: str

    def words(self, rule: str, row: str) -> str:
        """A rule of `access` as a condition of SQL."""
        given = {"who": self.access.who, "unit": self.access.unit, "point": self.access.point}
        return rule.format(row=row, home=self.home, **{name: _quoted(value) for name, value in given.items()})


def narrowed(engine: Engine, access: Access) -> Engine:
    """The same engine, showing and changing only what a role may.

    Parameters
    ----------
    engine : just made, without connections
    access : for whom
    """
    if access.role in WHOLE:
        return engine
    prepare = _prepare_sqlite if engine.dialect.name == "sqlite" else _prepare_postgresql

    def connected(connection: Any, _record: Any) -> None:
        prepare(connection, Reach(access, _home(engine)))

    def to_the_table(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> Any:
        """A change goes to the table itself, where the guards watch; the view before it takes none."""
        change = r'^(\s*(?:INSERT INTO|UPDATE|DELETE FROM) )(?=["\w]+[\s(])'
        return re.sub(change, lambda found: f"{found[1]}{_home(engine)}.", statement), parameters

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "before_cursor_execute", to_the_table, retval=True)
    return engine


def _home(engine: Engine) -> str:
    return engine.dialect.identifier_preparer.quote(str(engine.dialect.default_schema_name))


def _prepare_sqlite(connection: Any, reach: Reach) -> None:
    (locked,) = connection.execute("PRAGMA query_only").fetchone()
    connection.execute("PRAGMA query_only = OFF")
    for table in METADATA.sorted_tables:
        connection.execute(_view(table, reach))
        for action in ROWS:
            for n, (when, said) in enumerate(_guards(table, action, reach)):
                connection.execute(
                    f"CREATE TEMP TRIGGER chengxin_{table.name}_{action.lower()}_{n} BEFORE {action} "
                    f'ON {reach.home}."{table.name}" WHEN {when} BEGIN SELECT RAISE(ABORT, {_quoted(said)}); END'
                )
    connection.execute(f"PRAGMA query_only = {locked}")


def _prepare_postgresql(connection: Any, reach: Reach) -> None:
    made = ["CREATE FUNCTION pg_temp.chengxin_narrowed() RETURNS boolean LANGUAGE sql AS 'SELECT TRUE'"]
    for table in METADATA.sorted_tables:
        made.append(_view(table, reach))
        made += [_asked(table, action, reach) for action in ROWS if table.name in WRITABLE[reach.access.role]]
    connection.execute("; ".join(made))
    connection.commit()


def _asked(table: Table, action: str, reach: Reach) -> str:
    """The function that the table's trigger asks before a change: what is said against it, or nothing."""
    rows = ", ".join(f'{row} {reach.home}."{table.name}"' for row in ROWS[action])
    cases = [f"WHEN {when} THEN {_quoted(said)}" for when, said in _guards(table, action, reach)]
    body = f"SELECT CASE {' '.join(cases)} END" if cases else "SELECT NULL"
    name = f"pg_temp.chengxin_{table.name}_{action.lower()}"
    return f"CREATE FUNCTION {name}({rows}) RETURNS text LANGUAGE sql STABLE AS {_quoted(body)}"


def _view(table: Table, reach: Reach) -> str:
    seen = _part(table, ROOTS[reach.access.role], "", reach)
    return f'CREATE TEMP VIEW "{table.name}" AS SELECT * FROM {reach.home}."{table.name}" WHERE {seen}'


def _guards(table: Table, action: str, reach: Reach) -> Guards:
    """What refuses a change of a row that is not the role's, before and after it, or a step that is not."""
    role = reach.access.role
    if (table.name, action) == ("presence", "DELETE"):
        return []  # stale signs of anybody are cleared away
    foreign = f"无权修改{table.name}中的这一行"
    if table.name not in WRITABLE[role]:
        return [("TRUE", foreign)]
    mine = [f"({_part(table, WRITE_ROOTS[role], f'{row}.', reach, every=True)})" for row in ROWS[action]]
    if "who" in table.c and action != "DELETE":
        mine.append(f"NEW.who = {_quoted(reach.access.name)}")
    guards = [(f"NOT coalesce({' AND '.join(mine)}, FALSE)", foreign)]
    if action != "DELETE" and (role, table.name) in REFUSED:
        said, when = REFUSED[role, table.name]
        guards.append((_step(when, action), f"无权修改：{said}"))
    return guards


def _step(words: str, action: str) -> str:
    """The condition of a refused step, true only where the value is given newly."""

    def new(match: re.Match[str]) -> str:
        column, rest = match[1], match[2]
        null = f"(NEW.{column} IS NULL) <> (OLD.{column} IS NULL)"
        changed = f"(NEW.{column} <> OLD.{column} OR {null})" if action == "UPDATE" else "TRUE"
        return f"({changed} AND NEW.{column} {rest or 'IS NOT NULL'})"

    back = "(OLD.status <> 'draft' AND NEW.status = 'draft')" if action == "UPDATE" else "FALSE"
    words = words.replace("{back}", back)
    return re.sub(r"\{new\.(\w+)\} ?((?:NOT )?IN \([^)]*\))?", new, words)


def _part(table: Table, roots: Mapping[str, str], row: str, reach: Reach, every: bool = False) -> str:
    """Condition that a row of a table is the role's, following references up to the roots.

    ``every``: all owners of the row that are given must be the role's, not just one.
    """
    if table.name in roots:
        return reach.words(roots[table.name], row)
    if table.name == "reporting_unit":
        return "TRUE"
    if table.name in ("draft", "presence"):
        return _typed(roots, row, reach)
    if table.name == "audit":
        return "TRUE" if row else _trail(roots, reach)
    above = next((name for name in ("assessment", "filing") if name in table.c and name != table.name), None)
    owners = [above] if above else [name for name in OWNERS if name in table.c and name != table.name]
    inside = [f"{row}{name} IN ({_keys(name, roots, reach)})" for name in owners]
    said = " OR ".join(inside) or "FALSE"
    if every and len(inside) > 1:
        rest = " AND ".join(f"({row}{name} IS NULL OR {one})" for name, one in zip(owners, inside, strict=True))
        return f"({said}) AND {rest}"
    return f"({said})"


def _keys(column: str, roots: Mapping[str, str], reach: Reach) -> str:
    """Keys of the role's rows in the table that a column refers to."""
    table = METADATA.tables[TARGETS.get(column, column)]
    (key,) = (column.name for column in table.primary_key)
    return f'SELECT "{key}" FROM {reach.home}."{table.name}" WHERE {_part(table, roots, "", reach)}'


def _typed(roots: Mapping[str, str], row: str, reach: Reach) -> str:
    """What is typed into forms of the role's assessments and filings, also of a filing that is not stored yet."""
    points = _keys("point", roots, reach)
    begun = f"(SELECT code || '-____Q_' AS shape FROM {reach.home}.monitoring_point WHERE code IN ({points})) AS begun"
    coming = f"EXISTS (SELECT 1 FROM {begun} WHERE {row}subject LIKE shape)"
    filing = f"{row}subject IN ({_keys('filing', roots, reach)}) OR {coming}"
    assessment = f"{row}subject IN ({_keys('assessment', roots, reach)})"
    allowed = FORMS.get(reach.access.role, "''") if row else "'assessment', 'filing', 'filing_check'"
    return f"({row}form IN ({allowed}) AND CASE {row}form WHEN 'assessment' THEN {assessment} ELSE {filing} END)"


def _trail(roots: Mapping[str, str], reach: Reach) -> str:
    """Audit rows of the role's own doing, and of its assessments, filings and instruments."""
    told = [
        f"subject = '{name}' AND key IN ({_keys(name, roots, reach)})"
        for name in ("assessment", "filing", "instrument")
    ]
    return " OR ".join([f"who = {_quoted(reach.access.name)}", *told])


def _quoted(text: str) -> str:
    return "'" + text.replace("\x00", "").replace("'", "''") + "'"

"""Who may read and write what: the one place. Every engine that `engine.open_store` gives in a page of the site is
narrowed (`narrowing`) to what its reader may see by the rules below, so that no page has to remember it and none can
forget it. A table that is not named here does not exist for a narrowed role. The identity comes from the server,
which sets it itself for each kernel.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from chengxin.errors import StoreError
from chengxin.store.account_tables import ROLES

WHOLE = ("city", "leader")  # see everything
READERS = ("leader", "public")  # change nothing
IDENTITY = "HTTP_X_CHENGXIN_IDENTITY"
OWNERS = ("area", "merchant", "point", "instrument")  # columns that say whose a row is, any of them
TARGETS = {"point": "monitoring_point"}  # column → table, where the names differ

# Where a role's rows begin; all other tables follow along their references. {row} is empty or NEW./OLD., {home} the
# schema of the tables themselves.
_MINE = "SELECT assessment FROM {home}.assignment WHERE account = {who}"
_AREAS = f"SELECT area FROM {{home}}.assessment WHERE id IN ({_MINE})"
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
        "supervisor": f"{{row}}unit IN (SELECT unit FROM {{home}}.area WHERE code IN ({_AREAS}))",
        "unit_setting": f"{{row}}unit IN (SELECT unit FROM {{home}}.area WHERE code IN ({_AREAS}))",
        "assignment": "{row}account = {who}",
    },
    "point": {
        "monitoring_point": "{row}code = {point}",
        "merchant": "{row}code IN (SELECT merchant FROM {home}.monitoring_point WHERE code = {point})",
        "area": "FALSE",
        "supervisor": "FALSE",
        "unit_setting": "{row}unit IN (SELECT unit FROM {home}.monitoring_point WHERE code = {point})",
    },
    "public": {"unit_setting": "FALSE", "area": "FALSE", "monitoring_point": "FALSE", "supervisor": "FALSE"},
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
    with engine.connect() as conn:
        home = engine.dialect.default_schema_name  # past a role's view of the table
        query = sa.select(sa.literal(1)).select_from(sa.table("assessment", sa.column("demo"), schema=home))
        return conn.execute(query.where(sa.column("demo") == sa.true()).limit(1)).scalar() is not None

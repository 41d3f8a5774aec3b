"""Tables of the database, as SQLAlchemy Core; how they came about is in ``chengxin/migrations``."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

UNIT_KINDS = ("county", "branch")
AREA_KINDS = ("scenic_area", "street")
AREA_STATES = ("applied", "recommended", "accepted", "withdrawn")
MERCHANT_STATES = ("open", "closed")
ASSESSMENT_STATES = ("draft", "submitted", "approved", "published", "withdrawn")
OUTCOMES = ("assessed", "not_applicable")
ACTIONS = ("insert", "update")

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *more: Any, **options: Any) -> Column[str]:
    return Column(name, sa.Text, *more, **{"nullable": False, **options})


def _key(name: str, *more: Any) -> Column[str]:
    return _text(name, *more, primary_key=True)


def _one_of(column: str, known: Sequence[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(name) for name in known)})", name=column)


UNIT = Table(
    "reporting_unit", METADATA,
    _key("code"), _text("name"), _text("short_name"), _text("admin_code", nullable=True), _text("kind"),
    _one_of("kind", UNIT_KINDS),
)  # fmt: skip
AREA = Table(
    "area", METADATA,
    _key("code"), _text("name"), _text("kind"), _text("unit", ForeignKey("reporting_unit.code"), index=True),
    _text("level", nullable=True), Column("level_as_of", sa.Date), Column("pilot_wave", sa.Integer),
    _text("status"), _one_of("kind", AREA_KINDS), _one_of("status", AREA_STATES),
)  # fmt: skip
MERCHANT = Table(
    "merchant", METADATA,
    _key("code"), _text("area", ForeignKey("area.code"), index=True), _text("name"),
    _text("uscc", nullable=True), _text("sector"), _text("premises"), _text("status"),
    _one_of("status", MERCHANT_STATES),
)  # fmt: skip
ASSESSMENT = Table(
    "assessment", METADATA,
    _key("id"), _text("area", ForeignKey("area.code")), _text("period", index=True), _text("rubric"),
    Column("as_of", sa.Date, nullable=False), _text("status"),
    Column("demo", sa.Boolean, nullable=False, default=False),
    sa.UniqueConstraint("area", "period", "rubric"), _one_of("status", ASSESSMENT_STATES),
)  # fmt: skip
OBSERVATION = Table(
    "observation", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("line"),
    Column("value", sa.Double), Column("of", sa.Double), _text("outcome"), _text("note"),
    Column("version", sa.Integer, nullable=False),
    _one_of("outcome", OUTCOMES),
)  # fmt: skip
HISTORY = Table(
    "observation_history", METADATA,
    _key("assessment", ForeignKey("assessment.id")), _key("line"),
    Column("version", sa.Integer, primary_key=True, autoincrement=False),
    Column("value", sa.Double), Column("of", sa.Double), _text("outcome"), _text("note"),
    _text("at"), _text("who"), _text("why"),
    _one_of("outcome", OUTCOMES),
)  # fmt: skip
AUDIT = Table(
    "audit", METADATA,
    Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("at"), _text("who"), _text("action"), _text("subject"), _text("key"),
    Column("old", sa.JSON(none_as_null=True)), Column("new", sa.JSON(none_as_null=True)), _text("why"),
    _one_of("action", ACTIONS),
    sqlite_autoincrement=True,
)  # fmt: skip
REGISTRIES = {table.name: table for table in (UNIT, AREA, MERCHANT, ASSESSMENT)}

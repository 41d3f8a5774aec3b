"""Monitoring points, persons, ledgers, filings and improvement items."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    _points()
    _instruments()
    _ledgers()
    _events()
    _filings()
    _improvements()


def _text(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _day(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _flag(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=nullable)


def _count(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _double(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _check(table: str, column: str, *known: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{name}'" for name in known)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _table(name: str, *parts: Any, index: tuple[str, ...] = ()) -> None:
    op.create_table(name, *parts)
    for column in index:
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column])


def _points() -> None:
    _table(
        "monitoring_point",
        _text("code"), _text("unit"), _text("area", True), _text("merchant", True), _text("name"),
        _text("uscc", True), _text("sector"), _day("applied_on", True), _day("recommended_on", True),
        _day("accepted_on", True), _day("cancelled_on", True), _text("status"),
        _check("monitoring_point", "status", "applied", "recommended", "accepted", "cancelled"),
        _foreign("monitoring_point", "unit", "reporting_unit.code"),
        _foreign("monitoring_point", "area", "area.code"),
        _foreign("monitoring_point", "merchant", "merchant.code"), _primary("monitoring_point", "code"),
        index=("unit", "area", "merchant"),
    )  # fmt: skip
    _table(
        "person",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _text("name"),
        _text("duty"), _day("since"), _day("until", True), _foreign("person", "area", "area.code"),
        _foreign("person", "merchant", "merchant.code"), _foreign("person", "point", "monitoring_point.code"),
        _primary("person", "id"),
        index=("area", "merchant", "point"),
    )  # fmt: skip
    _table(
        "supervisor",
        _text("id"), _text("unit"), _text("name"), _day("appointed_on"), _day("term_ends_on", True),
        _text("status"), _check("supervisor", "status", "active", "ended"),
        _foreign("supervisor", "unit", "reporting_unit.code"), _primary("supervisor", "id"),
        index=("unit",),
    )  # fmt: skip


def _instruments() -> None:
    _table(
        "instrument",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _text("kind"),
        _text("model"), _text("serial"), _text("maker"), _text("place"), _text("management"), _text("status"),
        _text("seal", True), _flag("mark", True), _flag("registered", True), _text("code", True),
        _flag("scanned", True), _count("calibration_months", True), _day("maintained_on", True),
        _day("in_use_since", True), _day("retired_on", True),
        _check("instrument", "status", "in_use", "idle", "retired"),
        _check("instrument", "seal", "intact", "broken", "none"),
        _check("instrument", "management", "mandatory", "calibration", "none"),
        _foreign("instrument", "area", "area.code"), _foreign("instrument", "merchant", "merchant.code"),
        _foreign("instrument", "point", "monitoring_point.code"), _primary("instrument", "id"),
        index=("area", "merchant", "point"),
    )  # fmt: skip
    _table(
        "verification",
        _text("id"), _text("instrument"), _text("kind"), _day("done_on"), _text("result"),
        _day("valid_until", True), _text("certificate"), _text("body"),
        _check("verification", "kind", "verification", "calibration"),
        _check("verification", "result", "qualified", "unqualified"),
        _foreign("verification", "instrument", "instrument.id"), _primary("verification", "id"),
        index=("instrument",),
    )  # fmt: skip
    _table(
        "weighing",
        _text("id"), _text("merchant"), _day("done_on"), _text("category"), _text("price", True), _text("settled"),
        _text("actual"), _text("method"), _check("weighing", "method", "finer", "equal"),
        _foreign("weighing", "merchant", "merchant.code"), _primary("weighing", "id"),
        index=("merchant",),
    )  # fmt: skip


def _ledgers() -> None:
    _table(
        "complaint",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _text("kind"),
        _text("channel"), _text("topic"), _flag("cheating", True), _day("received_on"), _day("settled_on", True),
        _day("answered_on", True), _check("complaint", "channel", "12315", "12345", "site", "other"),
        _check("complaint", "kind", "complaint", "report", "dispute"),
        _check("complaint", "topic", "measurement", "other"), _foreign("complaint", "area", "area.code"),
        _foreign("complaint", "merchant", "merchant.code"),
        _foreign("complaint", "point", "monitoring_point.code"), _primary("complaint", "id"),
        index=("area", "merchant", "point"),
    )  # fmt: skip
    _table(
        "survey",
        _text("id"), _text("area"), _day("held_on"), _text("method"), _count("answers"), _count("satisfied"),
        _foreign("survey", "area", "area.code"), _primary("survey", "id"),
        index=("area",),
    )  # fmt: skip
    _table(
        "training",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _day("held_on"),
        _text("topic"), _count("staff"), _count("trained"), _foreign("training", "area", "area.code"),
        _foreign("training", "merchant", "merchant.code"), _foreign("training", "point", "monitoring_point.code"),
        _primary("training", "id"),
        index=("area", "merchant", "point"),
    )  # fmt: skip
    _table(
        "patrol",
        _text("id"), _text("area"), _day("done_on"), _count("instruments", True), _count("problems", True),
        _text("note"), _foreign("patrol", "area", "area.code"), _primary("patrol", "id"),
        index=("area",),
    )  # fmt: skip
    _table(
        "commitment",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _day("signed_on"),
        _flag("voluntary"), _text("shown", True), _text("link", True), _day("withdrawn_on", True),
        _check("commitment", "shown", "premises", "website", "app"), _foreign("commitment", "area", "area.code"),
        _foreign("commitment", "merchant", "merchant.code"),
        _foreign("commitment", "point", "monitoring_point.code"), _primary("commitment", "id"),
        index=("area", "merchant", "point"),
    )  # fmt: skip


def _events() -> None:
    _table(
        "supervisor_activity",
        _text("id"), _text("area"), _day("held_on"), _count("supervisors"), _text("topic"),
        _foreign("supervisor_activity", "area", "area.code"), _primary("supervisor_activity", "id"),
        index=("area",),
    )  # fmt: skip
    _table(
        "event",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _text("kind"),
        _text("level"), _day("happened_on"), _text("title"), _text("link", True),
        _check("event", "level", "national", "provincial", "city", "county", "other"),
        _check("event", "kind", "media", "honour", "reassured"), _foreign("event", "area", "area.code"),
        _foreign("event", "merchant", "merchant.code"), _foreign("event", "point", "monitoring_point.code"),
        _primary("event", "id"),
        index=("area", "merchant", "point"),
    )  # fmt: skip
    _table(
        "violation",
        _text("id"), _text("area", True), _text("merchant", True), _text("point", True), _text("instrument", True),
        _text("kind"), _day("found_on"), _day("prompted_on", True), _day("due_on", True),
        _day("rectified_on", True), _day("decided_on", True), _text("decision", True),
        _check("violation", "kind", "instrument", "tampering", "accident", "other"),
        _foreign("violation", "area", "area.code"), _foreign("violation", "merchant", "merchant.code"),
        _foreign("violation", "point", "monitoring_point.code"),
        _foreign("violation", "instrument", "instrument.id"), _primary("violation", "id"),
        index=("area", "merchant", "point", "instrument"),
    )  # fmt: skip


def _filings() -> None:
    _table(
        "filing",
        _text("id"), _text("point"), _text("quarter"), _day("submitted_on", True), _day("checked_on", True),
        _day("returned_on", True), _count("instruments", True), _count("mandatory", True), _count("valid", True),
        _count("non_mandatory", True), _count("cycle_set", True), _count("calibrated", True),
        _count("scanned_ok", True), _count("disputes", True), _count("settled", True),
        _foreign("filing", "point", "monitoring_point.code"), _primary("filing", "id"),
        _unique("filing", "point", "quarter"),
        index=("point", "quarter"),
    )  # fmt: skip
    _table(
        "filing_answer",
        _text("filing"), _text("item"), _text("self_answer", True), _text("check_answer", True), _text("note"),
        _check("filing_answer", "self_answer", "yes", "no", "none"),
        _check("filing_answer", "check_answer", "yes", "no", "none"),
        _foreign("filing_answer", "filing", "filing.id"), _primary("filing_answer", "filing", "item"),
    )  # fmt: skip
    _table(
        "point_decision",
        _text("id"), _text("point"), _text("kind"), _text("quarter"), _flag("agreed", True),
        _text("decided_by", True), _day("decided_on", True), _text("reason"),
        _check("point_decision", "kind", "merchant", "cancel"),
        _foreign("point_decision", "point", "monitoring_point.code"), _primary("point_decision", "id"),
        index=("point",),
    )  # fmt: skip


def _improvements() -> None:
    _table(
        "improvement",
        _text("assessment"), _text("line"), _double("points"), _text("remedy"), _text("owner"),
        _day("due_on", True), _text("state"), _day("rectified_on", True), _day("rechecked_on", True),
        _check("improvement", "state", "open", "rectified", "rechecked"),
        _foreign("improvement", "assessment", "assessment.id"), _primary("improvement", "assessment", "line"),
    )  # fmt: skip

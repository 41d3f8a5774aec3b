"""Registries, assessments, observations and the append-only tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = {"observation_history": ("assessment", "line", "version"), "audit": ("id",)}


def upgrade() -> None:
    """Create the tables and the triggers that keep two of them append-only."""
    _registries()
    _work()
    _trails()
    for table, key in APPEND_ONLY.items():
        _sqlite(table, key) if op.get_context().dialect.name == "sqlite" else _postgresql(table)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _check(table: str, column: str, *known: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{name}'" for name in known)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _registries() -> None:
    op.create_table(
        "reporting_unit",
        _text("code"), _text("name"), _text("short_name"), _text("admin_code", nullable=True), _text("kind"),
        _check("reporting_unit", "kind", "county", "branch"),
        _primary("reporting_unit", "code"),
    )  # fmt: skip
    op.create_table(
        "area",
        _text("code"), _text("name"), _text("kind"), _text("unit"), _text("level", nullable=True),
        sa.Column("level_as_of", sa.Date()), sa.Column("pilot_wave", sa.Integer()), _text("status"),
        _check("area", "kind", "scenic_area", "street"),
        _check("area", "status", "applied", "recommended", "accepted", "withdrawn"),
        _foreign("area", "unit", "reporting_unit.code"),
        _primary("area", "code"),
    )  # fmt: skip
    op.create_index(op.f("ix_area_unit"), "area", ["unit"])
    op.create_table(
        "merchant",
        _text("code"), _text("area"), _text("name"), _text("uscc", nullable=True), _text("sector"),
        _text("premises"), _text("status"),
        _check("merchant", "status", "open", "closed"),
        _foreign("merchant", "area", "area.code"),
        _primary("merchant", "code"),
    )  # fmt: skip
    op.create_index(op.f("ix_merchant_area"), "merchant", ["area"])


def _work() -> None:
    op.create_table(
        "assessment",
        _text("id"), _text("area"), _text("period"), _text("rubric"),
        sa.Column("as_of", sa.Date(), nullable=False), _text("status"),
        sa.Column("demo", sa.Boolean(), nullable=False),
        _check("assessment", "status", "draft", "submitted", "approved", "published", "withdrawn"),
        _foreign("assessment", "area", "area.code"),
        _primary("assessment", "id"),
        sa.UniqueConstraint("area", "period", "rubric", name=op.f("uq_assessment_area_period_rubric")),
    )  # fmt: skip
    op.create_index(op.f("ix_assessment_period"), "assessment", ["period"])
    op.create_table(
        "observation",
        _text("assessment"), _text("line"), sa.Column("value", sa.Double()), sa.Column("of", sa.Double()),
        _text("outcome"), _text("note"), sa.Column("version", sa.Integer(), nullable=False),
        _check("observation", "outcome", "assessed", "not_applicable"),
        _foreign("observation", "assessment", "assessment.id"),
        _primary("observation", "assessment", "line"),
    )  # fmt: skip


def _trails() -> None:
    op.create_table(
        "observation_history",
        _text("assessment"), _text("line"),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double()), sa.Column("of", sa.Double()), _text("outcome"), _text("note"),
        _text("at"), _text("who"), _text("why"),
        _check("observation_history", "outcome", "assessed", "not_applicable"),
        _foreign("observation_history", "assessment", "assessment.id"),
        _primary("observation_history", "assessment", "line", "version"),
    )  # fmt: skip
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        _text("at"), _text("who"), _text("action"), _text("subject"), _text("key"),
        sa.Column("old", sa.JSON()), sa.Column("new", sa.JSON()), _text("why"),
        _check("audit", "action", "insert", "update"),
        _primary("audit", "id"),
        sqlite_autoincrement=True,
    )  # fmt: skip


def _sqlite(table: str, key: tuple[str, ...]) -> None:
    """Refuse UPDATE, DELETE, and INSERT OR REPLACE, which deletes without asking the delete trigger."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table}只能追加，不能修改或删除'); END"
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    exists = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {exists} {refuse}")


def _postgresql(table: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE."""
    op.execute(
        "CREATE OR REPLACE FUNCTION chengxin_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%只能追加，不能修改或删除', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    execute = "EXECUTE FUNCTION chengxin_append_only()"
    op.execute(f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {execute}")
    op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {execute}")

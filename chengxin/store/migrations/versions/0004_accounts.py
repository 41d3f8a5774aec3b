"""Accounts of the site, who assesses what, and who signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables; sign-ins can only be added to."""
    _account()
    _assignment()
    _sign_in()


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _check(table: str, column: str, *known: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{name}'" for name in known)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _account() -> None:
    op.create_table(
        "account",
        _text("name"), _text("display"), _text("role"), _text("unit", True), _text("point", True), _text("password"),
        _text("status"),
        _check("account", "role", "city", "county", "assessor", "point", "leader", "public"),
        _check("account", "status", "active", "disabled"),
        _foreign("account", "unit", "reporting_unit.code"),
        _foreign("account", "point", "monitoring_point.code"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )  # fmt: skip
    for column in ("unit", "point"):
        op.create_index(op.f(f"ix_account_{column}"), "account", [column])


def _assignment() -> None:
    op.create_table(
        "assignment",
        _text("assessment"), _text("account"),
        _foreign("assignment", "assessment", "assessment.id"),
        _foreign("assignment", "account", "account.name"),
        sa.PrimaryKeyConstraint("assessment", "account", name=op.f("pk_assignment")),
    )  # fmt: skip


def _sign_in() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        _text("at"), _text("account"), _text("outcome"),
        _check("sign_in", "outcome", "ok", "wrong", "paused", "disabled", "out"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    if op.get_bind().dialect.name == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'sign_in只能追加，不能修改或删除'); END"
        op.execute(f"CREATE TRIGGER sign_in_no_update BEFORE UPDATE ON sign_in {refuse}")
        op.execute(f"CREATE TRIGGER sign_in_no_delete BEFORE DELETE ON sign_in {refuse}")
        exists = "WHEN EXISTS (SELECT 1 FROM sign_in WHERE id = NEW.id)"
        op.execute(f"CREATE TRIGGER sign_in_no_replace BEFORE INSERT ON sign_in {exists} {refuse}")
    else:
        change = "EXECUTE FUNCTION chengxin_append_only()"
        op.execute(f"CREATE TRIGGER sign_in_no_change BEFORE UPDATE OR DELETE ON sign_in FOR EACH ROW {change}")
        op.execute(f"CREATE TRIGGER sign_in_no_truncate BEFORE TRUNCATE ON sign_in FOR EACH STATEMENT {change}")

"""What is typed into forms, who is at a form, merchant checks and evidence files."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables; what was typed can only be added to."""
    _draft()
    _checks()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _count(name: str, kind: Any = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.Integer(), nullable=False)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _check(table: str, column: str, *known: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{name}'" for name in known)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        _text("form"), _text("subject"), _text("field"), _count("version"),
        sa.Column("entry", sa.JSON(), nullable=False), _text("who"), _text("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint(
            "form", "subject", "field", "version", name=op.f("uq_draft_form_subject_field_version")
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "presence",
        _text("form"), _text("subject"), _text("session"), _text("who"), _text("seen"),
        sa.PrimaryKeyConstraint("form", "subject", "session", name=op.f("pk_presence")),
    )  # fmt: skip


def _checks() -> None:
    op.create_table(
        "merchant_sample",
        _text("assessment"), _count("seed", sa.BigInteger()), _count("population"), _count("drawn"),
        _foreign("merchant_sample", "assessment", "assessment.id"),
        sa.PrimaryKeyConstraint("assessment", name=op.f("pk_merchant_sample")),
    )  # fmt: skip
    op.create_table(
        "merchant_check",
        _text("assessment"), _text("merchant"), _text("line"), _text("result"), _text("note"),
        _check("merchant_check", "result", "ok", "bad", "na"),
        _foreign("merchant_check", "assessment", "assessment.id"),
        _foreign("merchant_check", "merchant", "merchant.code"),
        sa.PrimaryKeyConstraint("assessment", "merchant", "line", name=op.f("pk_merchant_check")),
    )  # fmt: skip
    op.create_table(
        "attachment",
        _text("id"), _text("assessment"), _text("line"), _text("name"), _text("media"), _count("size"),
        _text("sha256"), _text("status"),
        _check("attachment", "status", "kept", "withdrawn"),
        _foreign("attachment", "assessment", "assessment.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )  # fmt: skip
    op.create_index(op.f("ix_attachment_assessment"), "attachment", ["assessment"])


def _sqlite() -> None:
    """Refuse UPDATE, DELETE, and INSERT OR REPLACE, which deletes without asking the delete trigger."""
    refuse = "BEGIN SELECT RAISE(ABORT, 'draft只能追加，不能修改或删除'); END"
    op.execute(f"CREATE TRIGGER draft_no_update BEFORE UPDATE ON draft {refuse}")
    op.execute(f"CREATE TRIGGER draft_no_delete BEFORE DELETE ON draft {refuse}")
    key = " AND ".join(f"{column} = NEW.{column}" for column in ("form", "subject", "field", "version"))
    exists = f"WHEN EXISTS (SELECT 1 FROM draft WHERE id = NEW.id OR ({key}))"
    op.execute(f"CREATE TRIGGER draft_no_replace BEFORE INSERT ON draft {exists} {refuse}")


def _postgresql() -> None:
    """Refuse UPDATE, DELETE and TRUNCATE, by the function of revision 0001."""
    execute = "EXECUTE FUNCTION chengxin_append_only()"
    op.execute(f"CREATE TRIGGER draft_no_change BEFORE UPDATE OR DELETE ON draft FOR EACH ROW {execute}")
    op.execute(f"CREATE TRIGGER draft_no_truncate BEFORE TRUNCATE ON draft FOR EACH STATEMENT {execute}")

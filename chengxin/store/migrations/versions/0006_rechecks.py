"""What a re-check found, line by line, beside the self-assessment."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "recheck",
        sa.Column("assessment", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("of", sa.Double(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('assessed', 'not_applicable')", name=op.f("ck_recheck_outcome")),
        sa.ForeignKeyConstraint(["assessment"], ["assessment.id"], name=op.f("fk_recheck_assessment")),
        sa.PrimaryKeyConstraint("assessment", "line", name=op.f("pk_recheck")),
    )

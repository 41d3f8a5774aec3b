"""Settings of a reporting unit, each from a day on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "unit_setting",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["reporting_unit.code"], name=op.f("fk_unit_setting_unit")),
        sa.PrimaryKeyConstraint("unit", "setting", "since", name=op.f("pk_unit_setting")),
    )

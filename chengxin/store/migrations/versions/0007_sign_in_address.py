"""From which network address somebody signed in; not known of earlier ones."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("sign_in", sa.Column("address", sa.Text(), nullable=True))

"""Alembic runs this file for every command; it works on the connection it is given."""

from alembic import context

from chengxin.schema import METADATA


def run() -> None:
    """Run the revisions inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        transactional_ddl=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if not __name__.startswith("chengxin."):  # Alembic runs this by path; whoever imports it wants nothing run
    run()

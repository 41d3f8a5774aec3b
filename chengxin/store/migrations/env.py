"""Alembic runs this file for every command; it works on the connection it is given, in its transaction."""

from alembic import context

from chengxin.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

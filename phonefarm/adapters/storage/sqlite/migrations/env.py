"""Alembic's entry: runs the migrations on the connection that `bring_up_to_date` hands over."""

from alembic import context

from phonefarm.adapters.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

"""What Alembic runs: the migrations on the connection that `schema.upgrade` hands over, in one transaction."""

from alembic import context

from elicence.registry import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.Agency.metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()

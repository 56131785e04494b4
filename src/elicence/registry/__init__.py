"""The registry: what was issued and what happened since. The only room that speaks SQL.

`Registry.open(url)` opens a store, `submit` runs a unit of work and answers once it is durable, `read` looks. What a
work may do is in the modules by subject: `agencies`, `idempotency`, `issuing`, `intents`, `status`, `log`, `outbox`,
`publications`, `reading`, `meta`; `sequencer` numbers committed log entries. Records are frozen dataclasses whose
fields are named after columns. No private key and no clear text of a sealed value is ever known here.
"""

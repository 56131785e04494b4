"""The judging room: text, trusted list, sources, time and policy make a `Report`; no database, no private key."""

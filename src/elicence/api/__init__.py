"""The HTTP API: translates calls into acts of the rooms below and their answers into JSON, and decides nothing."""

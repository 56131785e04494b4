"""Floor 0: bytes ⇄ values, one module per standard. Pure: no clock, no disk, no network, no randomness."""

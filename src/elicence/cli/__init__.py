"""The command line: a door. It translates words into calls and results into words, and decides nothing."""

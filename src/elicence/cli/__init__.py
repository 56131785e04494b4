"""The command line: one file for each noun. Every command translates an intent and its answer, and decides nothing.

The commands of a noun are loaded when it is named, so that `elicence verify` does not wait for a database library.
"""

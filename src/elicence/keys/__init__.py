"""Holding: the only room with private keys and symmetric secrets.

Signers behind a small interface, the keyring with its states, the sealed secrets file, sealing at rest, and the keyed
permutation of status lists. Other rooms ask for a signer by agency and purpose and never see what it signs with.
"""

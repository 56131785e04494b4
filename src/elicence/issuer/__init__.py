"""Acting: the only room that holds a signer and the registry at once. One verb, one file."""

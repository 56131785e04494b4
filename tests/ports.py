"""Ports for the servers of the tests: below those that the kernel gives to outgoing calls, and not another worker's."""

import os
import socket
from itertools import count

_FIRST, _A_WORKER, _MOST_WORKERS = 20_000, 500, 24
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _MOST_WORKERS
_offsets = count(os.getpid())


def free_port() -> int:
    """One that nobody listens on, and that nobody else of this run is going to be given.

    A port asked of the kernel (bind to 0, close) may go to any other process before it is used: its base URL is in
    the licences before the server starts, so it cannot be the server that asks.
    """
    for _ in range(_A_WORKER):
        port = _FIRST + _WORKER * _A_WORKER + next(_offsets) % _A_WORKER
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen(1)
            except OSError:
                continue
        return port
    raise OSError("no port of this worker is free")

"""Issues licences from several threads for ever, and names each on standard output once it is acknowledged."""

import sys
import threading
from itertools import count

from tests.registry.example import Example

from elicence.registry.registry import Registry


def main(url: str, first: int) -> None:
    numbers, gate = count(first), threading.Lock()

    def issue_on() -> None:
        while True:
            with gate:
                n = next(numbers)
            Example(n).issue(registry)
            with gate:
                sys.stdout.write(f"{n}\n")
                sys.stdout.flush()

    registry = Registry.open(url)
    threads = [threading.Thread(target=issue_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

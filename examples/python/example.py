"""python3 example.py [localhost:7420]"""

import sys

from fencepost_lock import Fencepost


def main(target="localhost:7420"):
    fencepost = Fencepost(target)
    lock = fencepost.acquire("stock/42", wait=60, on_lost=lambda reason: print("lost:", reason, file=sys.stderr))
    if lock is None:
        sys.exit("the lock is taken")
    try:
        # The resource refuses a token lower than one it has seen; see docs/fencing.md.
        if not fencepost.advance("stock/42", lock.token):
            sys.exit("too late")
        print("writing with token", lock.token)
    finally:
        print(lock.release())
        fencepost.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

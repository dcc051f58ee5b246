"""Runs the commands on its standard input and prints their results.

python3 trial.py TARGET, with the helper and the stubs in PYTHONPATH
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from fencepost_lock import Fencepost


def say(text):
    print(text, flush=True)


class Trial:
    def __init__(self, target):
        tls = {name: os.environ.get(f"TRIAL_{name.upper()}") for name in ("ca", "cert", "key")}
        self.fencepost = Fencepost(target, tls=tls if tls["ca"] else None)
        self.lock = None

    def run(self, command, *words):
        if command == "acquire":
            self.lock = self.fencepost.acquire(
                words[0], ttl=int(words[1]) / 1000, wait=int(words[2]) / 1000,
                on_lost=lambda reason: say(f"lost {reason}"))
            return f"granted {self.lock.token}" if self.lock else "refused"
        if command == "acquire-together":
            with ThreadPoolExecutor(int(words[1])) as threads:
                tries = [threads.submit(self.fencepost.acquire, f"{words[0]}/{i}", ttl=int(words[2]) / 1000)
                         for i in range(int(words[1]))]
            return f"given-up {sum(t.exception() is not None for t in tries)}"
        if command == "held":
            return f"held {str(self.lock.held).lower()}"
        if command == "advance":
            token = int(words[1]) if len(words) > 1 else self.lock.token
            return f"advanced {str(self.fencepost.advance(words[0], token)).lower()}"
        if command == "release":
            return f"released {self.lock.release()}"
        raise ValueError(f"no such command: {command}")


trial = Trial(sys.argv[1])
say("ready")
for line in sys.stdin:
    try:
        say(trial.run(*line.split()))
    except Exception as error:
        say(f"failed {error!r}".replace("\n", " "))

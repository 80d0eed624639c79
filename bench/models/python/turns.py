"""The Python end of Side.ts: waits for a turn, meters the unit of work, answers on descriptor 3."""

import json
import os
import resource
import sys
import time
from importlib.metadata import version

_answers = os.fdopen(3, "w", buffering=1)
_begun = (0.0, 0.0)


def _cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def ready(*packages):
    """Says that the program is ready for its first turn, and what it runs on."""
    versions = {name: version(name) for name in packages}
    versions["python"] = sys.version.split()[0]
    _answers.write(json.dumps({"versions": versions}) + "\n")


def next_turn():
    """Waits for a request and starts the meter; None when there are no more."""
    line = sys.stdin.readline()
    if line == "":
        return None
    start_meter()
    return json.loads(line)


def start_meter():
    """What comes before this in a turn is not metered."""
    global _begun
    _begun = (time.perf_counter(), _cpu())


def end_turn(**result):
    """Ends the turn with what was computed."""
    wall, cpu = time.perf_counter() - _begun[0], _cpu() - _begun[1]
    # macOS counts bytes, Linux KiB
    unit = 1 if sys.platform == "darwin" else 1024
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    _answers.write(json.dumps({"wallS": wall, "cpuS": cpu, "rssBytes": rss, "result": result}) + "\n")

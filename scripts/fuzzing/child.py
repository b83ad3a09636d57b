"""A target becomes a process that atheris leads through it; what goes wrong is written down and passed."""

import hashlib
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from scripts.fuzzing.targets import TARGETS, Run

SLOW_SECONDS = 2.0


def signature_of(error: BaseException) -> str:
    """Return what makes two troubles the same one: the rule that was broken, or the place in the product."""
    rule = getattr(error, "rule", "")
    if rule:
        return str(rule)
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if "/canary/" in frame.filename] or frames
    where = f"{Path(places[-1].filename).name}:{places[-1].name}" if places else ""
    return f"{type(error).__name__} in {where}"


class Remembering:
    """Runs a target and goes on whatever happens: the shortest input for each trouble is in `folder`."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self._folder = folder
        self._shortest: dict[str, int] = {}

    def __call__(self, data: bytes) -> None:
        """Run one input."""
        began = time.perf_counter()
        try:
            self._run(data)
            if time.perf_counter() - began > SLOW_SECONDS:
                self._remember("it takes too long", data)
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            self._remember(signature_of(error), data)

    def _remember(self, signature: str, data: bytes) -> None:
        if len(data) >= self._shortest.get(signature, sys.maxsize):
            return
        self._shortest[signature] = len(data)
        name = hashlib.sha256(signature.encode()).hexdigest()[:12]
        (self._folder / name).write_bytes(data)


def main() -> None:
    """Fuzz: TARGET, FOLDER of failures, and what libFuzzer is to be told."""
    atheris: Any = import_module("atheris")  # an optional peer

    _, name, folder, *told = sys.argv
    with atheris.instrument_imports(
        include=["canary"], exclude=["canary.persona", "canary.mint", "canary.config"]
    ):
        run = TARGETS[name].runner()
    atheris.Setup([sys.argv[0], *told], Remembering(run, Path(folder)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""The name of something that takes a stranger's bytes becomes what runs it, and what to begin with.

Nothing here imports the product before it is asked for: what is to be measured has to be imported under
the fuzzer's eyes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from logging import CRITICAL, getLogger

Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """What is fuzzed: a module with `run`, which raises where something is wrong, `seeds` and `WORDS`.

    No input is longer than `largest` bytes.
    """

    name: str
    about: str
    largest: int

    def runner(self) -> Run:
        """Return what takes an input; it logs nothing."""
        getLogger("canary").setLevel(CRITICAL + 1)
        run: Run = import_module(f"scripts.fuzzing.{self.name}").run
        return run

    def seeds(self) -> Mapping[str, bytes]:
        """Return inputs to begin with, by name."""
        found: Mapping[str, bytes] = import_module(f"scripts.fuzzing.seeds_of_{self.name}").seeds()
        return found

    def words(self) -> Sequence[bytes]:
        """Return what inputs are likely to contain."""
        found: Sequence[bytes] = import_module(f"scripts.fuzzing.seeds_of_{self.name}").WORDS
        return found


TARGETS: Mapping[str, Target] = {
    each.name: each
    for each in (
        Target("protocol", "a client's bytes, into a session of SMTP or LMTP", 4096),
        Target("letter", "a message's bytes, into the store, an alert and what is shown of the hit", 8192),
        Target("frames", "a worker's bytes, into the parent's hands", 4096),
        Target("header", "a proxy's bytes, into the addresses of the client behind it", 2048),
    )
}

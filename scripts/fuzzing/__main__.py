"""Lead a target through inputs that nobody foresaw, and keep those that it does not bear: scripts/fuzz."""

import argparse
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.fuzzing.child import signature_of
from scripts.fuzzing.shorter import shorter
from scripts.fuzzing.targets import TARGETS, Run, Target

FOUND = Path(__file__).parents[2] / "tests" / "fuzz" / "found"
MOST_MEGABYTES = 2048
SLOWEST_SECONDS = 30
FIGURES = re.compile(
    r"^#(\d+)\s+(?:DONE|INITED|NEW|REDUCE|pulse|RELOAD).*?cov: (\d+) ft: (\d+)", re.MULTILINE
)


@dataclass(frozen=True)
class Course:
    """What one run of the fuzzer came to."""

    executions: int
    seconds: float
    coverage: tuple[int, int]
    features: int
    failures: tuple[bytes, ...]
    log: str
    ended: int

    def __str__(self) -> str:
        """Return one line."""
        rate = self.executions / self.seconds if self.seconds else 0
        return (
            f"{self.executions:,} executions in {self.seconds:.0f} s ({rate:,.0f} a second), branches "
            f"{self.coverage[0]:,} with the seeds and {self.coverage[1]:,} at the end, features "
            f"{self.features:,}, {len(self.failures)} findings"
        )


def main() -> int:
    """Fuzz, print, and write what was found; 1 if there was anything, 69 if there is no atheris."""
    told = arguments().parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not here: it has wheels for x86-64 Linux", file=sys.stderr)
        return 69
    found = 0
    for name in [told.target] if told.target else list(TARGETS):
        target = TARGETS[name]
        print(f"{name}: {target.about}", flush=True)
        course = fuzzed(target, told.seconds, told.runs, told.corpus and told.corpus / name, told.seed)
        print(f"  {course}", flush=True)
        if course.ended:
            print(course.log[-2000:], file=sys.stderr)
            found += 1
        for failure in course.failures:
            found += keep(target, failure, told.found)
    return 1 if found else 0


def fuzzed(target: Target, seconds: float, runs: int, corpus: Path | None, seed: int) -> Course:
    """Run the fuzzer in a process of its own; a corpus that is given is gone on from, and added to."""
    with TemporaryDirectory(prefix="fuzz-") as made:
        folder = Path(made)
        failures, begin = folder / "failures", folder / "seeds"
        for each in (failures, begin, corpus or folder / "corpus"):
            each.mkdir(parents=True, exist_ok=True)
        for name, data in target.seeds().items():
            (begin / name).write_bytes(data)
        words = folder / "words"
        words.write_text("".join(f'"{_quoted(word)}"\n' for word in target.words()))
        limits = [f"-max_total_time={seconds:g}"] if seconds else []
        command = [
            *(sys.executable, "-m", "scripts.fuzzing.child", target.name, str(failures)),
            *(str(corpus or folder / "corpus"), str(begin), f"-dict={words}", f"-max_len={target.largest}"),
            *(
                f"-artifact_prefix={failures}/",
                f"-timeout={SLOWEST_SECONDS}",
                f"-rss_limit_mb={MOST_MEGABYTES}",
            ),
            *(f"-runs={runs or -1}", f"-seed={seed}", "-print_final_stats=1", *limits),
        ]
        done = subprocess.run(command, stderr=subprocess.PIPE, check=False, text=True, errors="replace")
        inputs = tuple(sorted({each.read_bytes() for each in failures.iterdir()}))
        return _course(done.stderr, inputs, done.returncode)


def _course(log: str, failures: tuple[bytes, ...], ended: int) -> Course:
    figures = [tuple(map(int, each)) for each in FIGURES.findall(log)] or [(0, 0, 0)]
    first = next((each for each in figures if each[0] > 1), figures[0])
    executions, coverage, features = figures[-1]
    stated = re.search(r"average_exec_per_sec:\s+(\d+)", log)
    done = re.search(r"Done (\d+) runs in (\d+) second", log)
    seconds = float(done[2]) if done else executions / int(stated[1]) if stated and int(stated[1]) else 0.0
    return Course(executions, seconds, (first[1], coverage), features, failures, log, ended)


def keep(target: Target, data: bytes, folder: Path) -> bool:
    """Make an input shorter, and write it among those that were found; say whether it does break a rule."""
    run = target.runner()
    broken = signature(run, data)
    if not broken:
        print(f"  not again, alone: {data!r}")
        return False
    data = shorter(data, breaks(run, broken))
    folder = folder / target.name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / hashlib.sha256(data).hexdigest()[:16]
    file.write_bytes(data)
    print(f"  {trouble(run, data)}\n    {data!r}\n    {os.path.relpath(file)}")
    return True


def breaks(run: Run, broken: str) -> Callable[[bytes], bool]:
    """Return what says whether an input breaks this very rule."""
    return lambda data: signature(run, data) == broken


def signature(run: Run, data: bytes) -> str:
    """Return which rule an input breaks, "" if none."""
    try:
        run(data)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return signature_of(error)
    return ""


def trouble(run: Run, data: bytes) -> str:
    """Return what is wrong with an input, in a line."""
    try:
        run(data)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"{signature_of(error)}: {error}"[:500].replace("\n", " ")
    return "nothing"


def arguments() -> argparse.ArgumentParser:
    """Return what the command line may say."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=list(TARGETS), help="one of them (all, one by one)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for so long each (60; 0: no limit)")
    parser.add_argument("--runs", type=int, default=0, help="at most so many executions each")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="go on from DIR/TARGET, and add to it")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzer's dice (0: never the same twice)")
    parser.add_argument("--found", type=Path, default=FOUND, metavar="DIR", help="where findings are written")
    return parser


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())

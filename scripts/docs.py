"""Keep the generated parts of the documentation what the program says.

A part stands between `<!-- help: canary mint -->` or `<!-- settings -->` and `<!-- end -->`;
docs/openapi.json is one whole. Without arguments: say which parts are out of date, and exit with 1. With
--write: put them right.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from canary.api.document import written
from canary.config import reference

ROOT = Path(__file__).parent.parent
OPENAPI = ROOT / "docs" / "openapi.json"
COMMAND = r"(?:[a-z]+[ -]?)*"
PART = re.compile(rf"(<!-- (help|settings)(?:: canary ?({COMMAND}))? -->\n).*?(<!-- end -->)", re.DOTALL)
WIDTH = 100


def pages() -> Iterator[Path]:
    """Yield every page of the documentation."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").glob("*.md"))
    yield OPENAPI


ASKING = """
import contextlib, io, json, sys
from canary.cli.program import main

def said(command):
    with contextlib.redirect_stdout(io.StringIO()) as heard, contextlib.suppress(SystemExit):
        main([*command.split(), "--help"])
    return heard.getvalue()

json.dump({command: said(command) for command in json.load(sys.stdin)}, sys.stdout)
"""


@cache
def helps() -> dict[str, str]:
    """Return what `canary COMMAND --help` prints, for every command that a page has: one process says all."""
    texts = (page.read_text() for page in pages())
    wanted = {found[3] or "" for text in texts for found in PART.finditer(text) if found[2] == "help"}
    run = subprocess.run(
        [sys.executable, "-c", ASKING],
        input=json.dumps(sorted(wanted)),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": str(WIDTH), "TERM": "dumb", "NO_COLOR": "1"},
    )
    said = json.loads(run.stdout)
    return {
        command: "\n".join(line.rstrip() for line in said[command].strip().splitlines()) for command in said
    }


def rendered(text: str) -> str:
    """Return a page with its generated parts as they must be."""

    def part(found: re.Match[str]) -> str:
        start, kind, command, end = found.groups()
        if kind == "settings":
            return f"{start}\n{reference()}\n{end}"
        line = " ".join(("$ canary", *(command or "").split(), "--help"))
        return f"{start}\n```\n{line}\n{helps()[command or '']}\n```\n\n{end}"

    return PART.sub(part, text)


def expected(page: Path) -> str:
    """Return a page as it must be."""
    return written() if page == OPENAPI else rendered(page.read_text())


def stale() -> list[Path]:
    """Return the pages with a part that is out of date."""
    return [page for page in pages() if expected(page) != page.read_text()]


def main() -> int:
    """Check, or write with --write."""
    old = stale()
    for page in old:
        if "--write" in sys.argv[1:]:
            page.write_text(expected(page))
            print(f"written: {page.relative_to(ROOT)}")
        else:
            print(f"out of date: {page.relative_to(ROOT)} (run scripts/fix)")
    return int(bool(old) and "--write" not in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

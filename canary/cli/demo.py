"""`canary demo`: the whole job, for real, in a directory of its own."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from canary.cli.output import say
from canary.config.settings import BY_KEY
from canary.demo.play import play
from canary.errors import UsageError
from canary.logs import set_up_logs


def run(
    slack: Annotated[
        str | None,
        typer.Option("--slack", help="Tell this Slack webhook, not one of our own.", metavar="URL"),
    ] = None,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the directory, to go on in it.")] = False,
) -> None:
    """Mint, seed, leak, receive, attribute and alert, with real sockets, on this machine alone.

    Nothing is sent anywhere, except with --slack.
    """
    if slack is not None:
        _refuse_no_url(slack)
    set_up_logs("error", "human")
    with ExitStack() as stack:
        folder = Path(
            tempfile.mkdtemp(prefix="demo-")
            if keep
            else stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-"))
        )
        asyncio.run(play(folder, _say_lines, slack))
    say()
    if keep:
        program = Path(sys.argv[0]).absolute()
        say(f"Go on there:  cd {folder} && {program} hits && {program} hit show hit_1")
        if slack is None:
            say("The Slack of the demo has gone: for `serve` and `alerts` set alert.slack.url_file anew.")
    else:
        say("That was real: sockets, database, keys. `--keep` leaves the directory to look around in.")


def _refuse_no_url(text: str) -> None:
    kind = BY_KEY["alert.slack.url"].kind
    try:
        url = kind.parse(text)
    except ValueError:
        url = None
    if not url:
        raise UsageError(f"--slack is not {kind.allowed}")


def _say_lines(text: str) -> None:
    for line in text.split("\n"):
        say(line)

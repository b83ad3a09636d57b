"""`canary demo`: the whole job, for real, in a directory of its own."""

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from canary.cli.logs import set_up_logs
from canary.cli.output import printable, say
from canary.demo.play import play


def run(
    slack: Annotated[
        str | None, typer.Option("--slack", help="Deliver to this Slack webhook instead.", metavar="URL")
    ] = None,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the directory to go on from.")] = False,
) -> None:
    """Mint, seed, leak, receive, attribute and alert, with real sockets, on this machine alone."""
    set_up_logs("error", "human")
    with ExitStack() as stack:
        folder = Path(
            tempfile.mkdtemp(prefix="demo-")
            if keep
            else stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-"))
        )
        asyncio.run(play(folder, lambda text: say(printable(text)), slack))
    say()
    if keep:
        say(f"Go on in {folder}:  cd {folder} && canary hits && canary status")
    else:
        say("That was real: sockets, database, keys. `--keep` leaves the directory to look around in.")

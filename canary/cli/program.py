"""Arguments become a verb; an error becomes a message and an exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from canary import __version__
from canary.cli import access, alerts, config, decoys, demo, hits, ingest, init, mint, seed, serve, status
from canary.cli.context import Context
from canary.cli.output import complain
from canary.errors import CanaryError

GLOBAL_OPTIONS = ("--config", "--set")
EXIT_CODES = """
Exit codes: 0 done · 1 failure · 2 usage · 3 `hits --fail-on-hit` found hits ·
65 bad input data · 75 try again · 78 configuration
"""

app = typer.Typer(
    name="canary",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


@app.callback()
def root(
    context: typer.Context,
    path: Annotated[Path | None, typer.Option("--config", help="Configuration file.", metavar="FILE")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set one configuration value; repeatable.", metavar="KEY=VALUE"),
    ] = None,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Name the access through which a customer's e-mail address leaked."""
    if version:
        typer.echo(f"canary {__version__}")
        raise typer.Exit
    context.obj = Context.of(path, settings or [])


app.command("init")(init.run)
app.command("mint")(mint.run)
app.command("seed")(seed.run)
app.command("serve")(serve.run)
app.command("ingest")(ingest.run)
app.command("hits")(hits.run)
app.add_typer(hits.group, name="hit")
app.add_typer(access.group, name="access")
app.command("decoys")(decoys.run)
app.add_typer(alerts.group, name="alerts")
app.command("status")(status.run)
app.add_typer(config.group, name="config")
app.command("demo")(demo.run)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    try:
        app(globals_first(sys.argv[1:] if arguments is None else arguments))
    except CanaryError as error:
        complain(error)
        sys.exit(error.exit_code)


def globals_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the options of the whole program moved to the front.

    So that `canary mint --config FILE` means what `canary --config FILE mint` does.
    """
    front: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument in GLOBAL_OPTIONS:
            front += [argument, *([value] if (value := next(left, None)) is not None else [])]
        elif argument.startswith(tuple(f"{option}=" for option in GLOBAL_OPTIONS)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest

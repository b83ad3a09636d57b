"""`canary config`: where every value came from."""

from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import note, print_json
from canary.cli.table import print_table
from canary.config import rows

group = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@group.callback()
def root() -> None:
    """Look at the configuration."""


@group.command("show")
def show(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every value and where it came from; secrets are not shown."""
    config = context_of(context).config()
    if as_json:
        print_json({key: {"value": value, "source": source} for key, value, source in rows(config)})
        return
    note(f"configuration file: {config.path or 'none'}")
    print_table(("key", "value", "source"), rows(config), none="no settings")

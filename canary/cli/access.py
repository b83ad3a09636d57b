"""`canary access show`: what one access showed."""

from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import print_json, say
from canary.cli.table import print_table
from canary.investigate import access_json, layer_of, planting_json

SHOWN_BARE = "yes: shown without decoys"
group = typer.Typer(help="Look at one access.", no_args_is_help=True)


@group.callback()
def root() -> None:
    """Look at one access."""


@group.command("show")
def show(
    context: typer.Context,
    access_id: Annotated[str, typer.Argument(help="Its identifier, acc_….", metavar="ID")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show one access and the decoys that it showed."""
    with context_of(context).store() as store:
        planting = store.access(access_id)
    if as_json:
        body = planting_json(planting)
        print_json({"access": body["access"], "decoys": body["decoys"]})
        return
    for key, value in access_json(planting.access).items():
        if value and (key, value) != ("actor_class", "person"):
            say(f"{key:<12} {SHOWN_BARE if value is True else value}")
    say()
    rows = ((each.id, each.address, each.name, layer_of(each)) for each in planting.decoys)
    print_table(("decoy", "address", "name", "layer"), rows, none="it showed no decoys")

"""`canary decoys`: the decoys, for whoever holds the keys."""

from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import either, print_json, print_jsonl
from canary.cli.table import print_table
from canary.investigate import decoy_json, layer_of


def run(
    context: typer.Context,
    *,
    control: Annotated[
        bool | None,
        typer.Option("--control/--no-control", help="Only controls, or none of them.  [default: all decoys]"),
    ] = None,
    selftest: Annotated[bool, typer.Option("--selftest", help="Those of `canary selftest` instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
) -> None:
    """List every decoy. Needs the keys: the database alone does not tell who is a decoy."""
    either(as_json=as_json, as_jsonl=as_jsonl)
    with context_of(context).store() as store:
        decoys = store.decoys(control=control, selftest=selftest)
        if as_json:
            print_json([decoy_json(decoy) for decoy in decoys])
        elif as_jsonl:
            print_jsonl(decoy_json(decoy) for decoy in decoys)
        else:
            print_table(
                ("decoy", "address", "name", "minted", "layer"),
                (
                    (
                        each.id,
                        each.address,
                        each.name,
                        f"{each.minted_at:%Y-%m-%d %H:%M}",
                        layer_of(each),
                    )
                    for each in decoys
                ),
                spare=("minted",),
                none="no decoys yet: `canary mint` makes them",
            )

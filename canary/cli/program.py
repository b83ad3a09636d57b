"""Arguments become a verb; an error becomes a message and an exit code."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from canary import __version__
from canary.cli import (
    access,
    alerts,
    api_key,
    attempts,
    config,
    decoys,
    demo,
    hits,
    incident,
    incidents,
    ingest,
    init,
    lookup,
    mint,
    plan,
    seed,
    selftest,
    sellers,
    serve,
    status,
    suppress,
)
from canary.cli.context import Context
from canary.cli.output import complain, say
from canary.errors import CanaryError, UsageError

GLOBAL_OPTIONS = ("--config", "--set")
INTERRUPTED = 130
ORDER = (
    "init",
    "plan",
    "mint",
    "seed",
    "serve",
    "api-key",
    "suppress",
    "selftest",
    "ingest",
    "hits",
    "hit",
    "incidents",
    "incident",
    "lookup",
    "sellers",
    "access",
    "decoys",
    "attempts",
    "alerts",
    "status",
    "config",
    "demo",
)
EXIT_CODES = """
Exit codes: 0 done · 1 failure · 2 usage · 3 `hits` or `lookup --fail-on-hit` found some ·
65 bad input data · 75 try again · 78 configuration · 130 interrupted
"""


class InOrder(TyperGroup):
    """Lists the commands in the order in which they are needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    name="canary",
    cls=InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"canary {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="The configuration.  [default: CANARY_CONFIG, ./canary.toml, /etc/canary/canary.toml]",
            metavar="FILE",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Set one value of it, e.g. mint.window=12h; repeatable.", metavar="KEY=VALUE"
        ),
    ] = None,
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Name the access through which a customer's e-mail address leaked.

    --config and --set may stand before or after the command.
    """
    del version
    context.obj = Context.of(path, settings or [])


app.command("init", short_help="Write the configuration, make keys and the database.")(init.run)
app.command("plan", short_help="Reckon what a plan of decoys can do, before it is chosen.")(plan.run)
app.command("mint", short_help="Mint the decoys of an access, of an access log, or controls.")(mint.run)
app.command("seed", short_help="Put decoys among the records of an export.")(seed.run)
app.command("serve", short_help="Receive mail, attribute it, tell the security team.")(serve.run)
app.add_typer(api_key.group, name="api-key", short_help="Make, list and revoke applications' keys.")
app.command("suppress", short_help="Write the list of addresses that you must never mail.")(suppress.run)
app.command("selftest", short_help="Mail ourselves as a stranger would, and report each leg.")(selftest.run)
app.command("attempts", short_help="List who guesses addresses, and how much.")(attempts.run)
app.command("ingest", short_help="Attribute saved mail that another host received.")(ingest.run)
app.command("hits", short_help="List the hits, newest first.")(hits.run)
app.add_typer(hits.group, name="hit", short_help="Show one hit: what arrived, through whose access.")
app.add_typer(incidents.group, name="incidents", short_help="List hits that belong together.")
app.add_typer(incident.group, name="incident", short_help="Show one incident, act on it, see who was harmed.")
app.command("lookup", short_help="Look decoys up in a list that was found: whose copy is it?")(lookup.run)
app.add_typer(sellers.group, name="sellers", short_help="List and import the sellers whom the company knows.")
app.add_typer(access.group, name="access", short_help="Show one access and its decoys.")
app.command("decoys", short_help="List every decoy.")(decoys.run)
app.add_typer(alerts.group, name="alerts", short_help="List alerts, send them again, try the channels.")
app.command("status", short_help="Print counts, and what needs looking at.")(status.run)
app.add_typer(config.group, name="config", short_help="Show the configuration and where it came from.")
app.command("demo", short_help="See all of it work, on this machine alone.")(demo.run)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(_exit_code(sys.argv[1:] if arguments is None else arguments))


def _exit_code(arguments: Sequence[str]) -> int:
    try:
        code = app(globals_first(arguments), prog_name="canary", standalone_mode=False)
        sys.stdout.flush()
    except CanaryError as error:
        complain(error)
        return error.exit_code
    except TyperException as error:
        return _misused(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        complain(
            CanaryError(f"{error.strerror}: {error.filename}" if error.filename else f"{error.strerror}")
        )
        return 1
    if code == INTERRUPTED:
        complain(CanaryError("interrupted"))
    return int(code or 0)


def _misused(error: TyperException) -> int:
    """Say what is wrong with the arguments; without any, show the help."""
    said = error.format_message()
    context = getattr(error, "ctx", None)
    if said.startswith("Usage:"):
        sys.stderr.write(f"{said}\n")
    else:
        said = said.replace("Value error, ", "").removesuffix(".")
        command = context.command_path if context else "canary"
        complain(UsageError(f"{said[:1].lower()}{said[1:]}", hint=f"{command} --help"))
    return UsageError.exit_code


def globals_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the options of the whole program moved to the front.

    So that `canary mint --config FILE` means what `canary --config FILE mint` does. Raises UsageError.
    """
    front: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument in GLOBAL_OPTIONS:
            value = next(left, None)
            if value is None:
                raise UsageError(f"{argument} needs a value", hint="canary --help")
            front += [argument, value]
        elif argument.startswith(tuple(f"{option}=" for option in GLOBAL_OPTIONS)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest

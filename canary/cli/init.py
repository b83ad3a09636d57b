"""`canary init`: domains become a configuration, keys and a database."""

import os
from pathlib import Path
from typing import Annotated

import typer

from canary import keyring, wiring
from canary.cli.context import Context, context_of
from canary.cli.output import note, say
from canary.config import Config, load, template
from canary.errors import ConfigurationError, UsageError

NEXT = """
Next:
  1. Point the MX record of {domains} at this host, and sink.listen in {config} at 0.0.0.0:25.
  2. Put the Slack webhook's URL into a file of mode 0600 and its path into alert.slack.url_file.
  3. canary mint --control 100          decoys nobody is shown: they measure the noise
  4. canary mint --from access-log.csv  or: canary seed export.csv --employee E --record R -o out.csv
  5. canary serve                       then: canary alerts test

Back up {keys} apart from {database}: without the keys nothing in the database can be read,
and with both anybody can tell who is a decoy.
"""


def run(
    context: typer.Context,
    domains: Annotated[
        list[str] | None,
        typer.Option(
            "--domain",
            help="A domain for decoys, e.g. `mailbox-of-yours.net` or `other.org=3` for three times as many. "
            "Repeatable; several unrelated, aged domains are best.",
            metavar="DOMAIN[=WEIGHT]",
        ),
    ] = None,
) -> None:
    """Write a commented canary.toml, make keys (0600, never overwritten) and the database."""
    program = context_of(context)
    path = program.path or Path(os.environ.get("CANARY_CONFIG") or "canary.toml")
    if path.exists():
        config = load(path, environ=os.environ, overrides=program.overrides, cwd=Path.cwd())
        _same_domains(config, domains, path)
        note(f"{path} exists: left as it is")
    else:
        config = _write(path, domains, program)
    if config.keyring.path.exists():
        keys = wiring.load_keys(config)
        note(f"{config.keyring.path} exists: keys are never overwritten")
    else:
        if config.store.path.exists():
            raise ConfigurationError(
                f"{config.store.path} exists but its keys ({config.keyring.path}) do not",
                hint="restore the keys from a backup, or name another database with store.url",
            )
        keys = keyring.generate()
        keyring.save(keys, config.keyring.path)
    wiring.make_store(config, keys)
    say(f"configuration  {path}")
    say(f"keys           {config.keyring.path}")
    say(f"database       {config.store.path}")
    names = ", ".join(domain.name for domain in config.mint.domains)
    say(NEXT.format(domains=names, config=path, keys=config.keyring.path, database=config.store.path))


def _write(path: Path, domains: list[str] | None, program: Context) -> Config:
    if not domains:
        raise UsageError("give at least one --domain for the decoys to live on", hint="--domain example.net")
    text = template(domains, program.overrides)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None
    return load(path, environ=os.environ, overrides=program.overrides, cwd=Path.cwd())


def _same_domains(config: Config, domains: list[str] | None, path: Path) -> None:
    known = {domain.name for domain in config.mint.domains}
    missing = [name for name in domains or () if name.partition("=")[0].lower() not in known]
    if missing:
        raise ConfigurationError(
            f"{path} exists and does not have {', '.join(missing)} in mint.domains",
            hint=f"edit mint.domains in {path}; `canary init` never changes a configuration",
        )

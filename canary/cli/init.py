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
  1. Point the MX records of {domains} at this host,
     and let the sink be reached: listen = ["0.0.0.0:25"] under [sink] in {config}
  2. Put the Slack webhook's URL into a file of mode 0600, its path into alert.slack.url_file, and try it:
     canary alerts test
  3. Mint decoys that nobody is shown; they measure the noise:
     canary mint --control 100
  4. Put decoys into what employees see, by export or by log:
     canary seed export.csv --employee ACCOUNT --record RECORD -o seeded.csv
     canary mint --from access-log.csv --output decoys.csv
  5. Receive mail, and tell the security team:
     canary serve

Back up {keys} apart from {database}: without the keys nothing
in the database can be read, and with both anybody can tell who is a decoy."""


def run(
    context: typer.Context,
    domains: Annotated[
        list[str] | None,
        typer.Option(
            "--domain",
            help="A domain for decoys; `example.org=3` gets three times as many. Repeatable: several "
            "unrelated, aged domains are best.",
            metavar="DOMAIN[=WEIGHT]",
        ),
    ] = None,
) -> None:
    """Write a commented canary.toml, make keys (0600, never overwritten) and the database.

    Run again it leaves what is there as it is and makes what is missing.
    """
    program = context_of(context)
    path = program.path or Path(os.environ.get("CANARY_CONFIG") or "canary.toml")
    if path.exists():
        config = _loaded(path, program)
        _same_domains(config, domains, path)
        note(f"{path} exists: left as it is")
    else:
        config = _write(path, domains, program)
    if config.keyring.path.exists():
        keys = wiring.load_keys(config)
        note(f"{_near(config.keyring.path)} exists: keys are never overwritten")
    else:
        if config.store.path.exists():
            raise ConfigurationError(
                f"{config.store.path} exists but its keys ({config.keyring.path}) do not",
                hint="restore the keys from a backup, or name another database with store.url",
            )
        keys = keyring.generate()
        keyring.save(keys, config.keyring.path)
    wiring.make_store(config, keys)
    _tell(config, path)


def _tell(config: Config, path: Path) -> None:
    keys, database = _near(config.keyring.path), _near(config.store.path)
    say(f"configuration  {_near(path)}")
    say(f"keys           {keys}")
    say(f"database       {database}")
    names = ", ".join(domain.name for domain in config.mint.domains)
    for line in NEXT.format(domains=names, config=_near(path), keys=keys, database=database).split("\n"):
        say(line)


def _near(path: Path) -> Path:
    """Return a path as it is called from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _write(path: Path, domains: list[str] | None, program: Context) -> Config:
    if not domains and "mint.domains" not in program.overrides:
        raise UsageError("give at least one --domain for the decoys to live on", hint="--domain example.net")
    text = template(domains or (), program.overrides)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None
    return _loaded(path, program)


def _loaded(path: Path, program: Context) -> Config:
    return load(path, environ=os.environ, overrides=program.overrides, cwd=Path.cwd())


def _same_domains(config: Config, domains: list[str] | None, path: Path) -> None:
    known = {domain.name for domain in config.mint.domains}
    missing = [name for name in domains or () if name.partition("=")[0].lower() not in known]
    if missing:
        raise ConfigurationError(
            f"{path} exists and does not have {', '.join(missing)} in mint.domains",
            hint=f"edit mint.domains in {path}; `canary init` never changes a configuration",
        )

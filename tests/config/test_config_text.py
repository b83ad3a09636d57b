"""The settings become `canary.toml` and the manual."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.config import SETTINGS, Config, load, reference, template
from canary.config.plan_settings import PLAN_SETTINGS
from canary.config.sections import SlackAccess
from canary.errors import ConfigurationError


def read_back(directory: Path, text: str) -> Config:
    path = directory / "canary.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={}, cwd=directory)


def sections(config: Config) -> tuple[object, ...]:
    return (
        config.store,
        config.keyring,
        config.mint,
        config.sink,
        config.alert,
        config.log,
        config.api,
        config.plans,
    )


def test_the_template_reads_back_as_the_defaults_with_the_domains(tmp_path: Path) -> None:
    found = read_back(tmp_path, template(["example.org=3", "bücher.example"]))
    meant = load(environ={"CANARY_MINT_DOMAINS": "example.org=3,bücher.example"}, cwd=tmp_path)
    assert sections(found) == sections(meant)


def test_the_template_reads_back_with_chosen_values(tmp_path: Path) -> None:
    chosen = {
        "sink.listen": ("--listen", "0.0.0.0:25,[::]:25"),
        "store.url": ("--store", 'sqlite:////srv/a "b"\\c.db'),
        "mint.cap": ("--cap", "7"),
        "alert.slack.url": ("--slack", "https://hooks.slack.com/services/x"),
    }
    found = read_back(tmp_path, template([], chosen))
    assert sections(found) == sections(load(environ={}, overrides=chosen, cwd=tmp_path))


def test_the_template_names_every_setting_with_a_value_that_is_allowed(tmp_path: Path) -> None:
    """Uncommented as a whole it loads, but for Slack, which is given in one of three ways."""
    lines = template(["example.org"]).split("\n")
    assert all(len(line) <= 110 for line in lines)
    live = [line.removeprefix("# ") if " = " in line or "[plan." in line else line for line in lines]
    tables = tomllib.loads("\n".join(live))
    for setting in SETTINGS:
        held = tables
        for part in setting.key.split("."):
            held = held[part]
    config = read_back(
        tmp_path, "\n".join(line for line in live if not line.startswith(("url_file", "token_file")))
    )
    assert config.sink.tls.cert == Path("/etc/canary/tls/fullchain.pem")
    assert (config.slack() or SlackAccess()).url == "https://hooks.slack.com/services/T000/B000/XXXX"


@pytest.mark.parametrize(
    "domain", ["localhost", "", "exa mple.org", 'a".example', "example.org=-1", "a.b\n[x]"]
)
def test_a_bad_domain_never_reaches_the_template(domain: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^--domain: mint\.domains"):
        template([domain])


def test_a_bad_choice_never_reaches_the_template() -> None:
    with pytest.raises(ConfigurationError, match=r"^--cap: mint\.cap = 'x' is not a whole number"):
        template([], {"mint.cap": ("--cap", "x")})


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}\.(org|example)", fullmatch=True), max_size=5, unique=True))
def test_any_domains_are_read_back(domains: list[str]) -> None:
    tables = tomllib.loads(template(domains))
    assert tables["mint"].get("domains", []) == domains


def test_the_reference_has_a_row_for_every_setting() -> None:
    table = reference().splitlines()
    assert len(table) == len(SETTINGS) + len(PLAN_SETTINGS) + 2
    for setting, row in zip((*SETTINGS, *PLAN_SETTINGS), table[2:], strict=True):
        variable = "none" if setting in PLAN_SETTINGS else f"`{setting.variable}`"
        assert row.startswith(f"| `{setting.key}` | {variable} | ")
        assert row.replace("\\|", "").count("|") == 6
        assert setting.help.endswith(".")

"""Every bad configuration is refused with words that name the place, the value and what is allowed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from canary.config import load
from canary.errors import ConfigurationError

BAD = Path(__file__).parent / "bad"


def refusal(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, tuple[str, str]] | None = None,
    cwd: Path = BAD,
) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as error:
        load(path, environ=environ or {}, overrides=overrides or {}, cwd=cwd)
    return error.value


@pytest.mark.parametrize("name", sorted(file.stem for file in BAD.glob("*.toml")))
def test_each_bad_file_is_refused_with_the_expected_words(name: str) -> None:
    """The words stand beside the file, in NAME.expected."""
    error = refusal(BAD / f"{name}.toml")
    assert error.message + "\n" == (BAD / f"{name}.expected").read_text(encoding="utf-8")
    assert error.exit_code == 78
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("CANARY_SINK_LISTN", "x", "CANARY_SINK_LISTN: unknown variable; the nearest is CANARY_SINK_LISTEN"),
        ("CANARY_STORE", "x", "the nearest is CANARY_STORE_URL"),
        ("CANARY_MINT_CAP", "many", "CANARY_MINT_CAP: mint.cap = 'many' is not a whole number from 1 to 50"),
        ("CANARY_MINT_CAP", "0", "CANARY_MINT_CAP: mint.cap = 0 is not a whole number from 1 to 50"),
        ("CANARY_MINT_FLOOR_BITS", "", "CANARY_MINT_FLOOR_BITS: mint.floor_bits = '' is not a number"),
        ("CANARY_SINK_LISTEN", "127.0.0.1:1,nowhere", "'nowhere' has no port"),
        ("CANARY_LOG_LEVEL", "\x1b[31mred", "log.level = '\\x1b[31mred' is not one of"),
        ("CANARY_KEYRING_FILE", "a\nb", "is not the path of a file"),
        ("CANARY_MINT_DOMAINS", "exa\nmple.org", "CANARY_MINT_DOMAINS: mint.domains = 'exa\\nmple.org'"),
    ],
)
def test_a_bad_variable_is_refused_by_its_name(name: str, text: str, words: str) -> None:
    error = refusal(environ={"PATH": "/bin", name: text})
    assert words in error.message
    assert error.message.isprintable()


def test_a_bad_flag_is_refused_by_its_name() -> None:
    error = refusal(overrides={"mint.window": ("--window", "soon")})
    assert error.message.startswith("--window: mint.window = 'soon' is not a duration")


def test_an_unknown_key_among_the_overrides_is_refused() -> None:
    assert "the nearest is mint.window" in refusal(overrides={"mint.windw": ("--window", "1h")}).message


@pytest.mark.parametrize(
    "url", ["ftp://hooks.example.org/SECRET", "https://", "SECRET", "https://a b/SECRET"]
)
def test_a_secret_is_never_in_the_words(url: str) -> None:
    for error in (
        refusal(environ={"CANARY_ALERT_SLACK_URL": url}),
        refusal(overrides={"alert.slack.url": ("--slack", url)}),
        refusal(environ={"CANARY_STORE_URL": "postgres://canary:SECRET@db/x"}),
    ):
        assert "SECRET" not in error.message + error.hint


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """By flag or by variable."""
    assert refusal(Path("other.toml"), cwd=tmp_path).message == "no configuration at other.toml"
    elsewhere = refusal(environ={"CANARY_CONFIG": "/nowhere/canary.toml"}, cwd=tmp_path)
    assert elsewhere.message == "no configuration at /nowhere/canary.toml"
    assert "canary init" in elsewhere.hint


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    assert "cannot read the configuration" in refusal(tmp_path, cwd=tmp_path).message


def test_an_enormous_or_deep_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_bytes(b"# " + b"x" * 1024 * 1024)
    assert "larger than 1 MiB" in refusal(tmp_path / "large.toml", cwd=tmp_path).message
    (tmp_path / "deep.toml").write_bytes(b"a = " + b"[" * 100_000)
    assert "nested too deeply" in refusal(tmp_path / "deep.toml", cwd=tmp_path).message

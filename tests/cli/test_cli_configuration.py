"""Where values come from on the command line, and what is said about bad ones."""

import pytest

from tests.cli.conftest import Desk

SECRET = "https://hooks.slack.example/services/T000/B000/SECRETSECRET"


def source_of(desk: Desk, key: str, *arguments: str) -> tuple[str, str]:
    setting = desk(*arguments, "config", "show", "--json").json()[key]
    return setting["value"], setting["source"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mint]\nwindwo = '1h'\n", "canary.toml:2: unknown key mint.windwo; the nearest is mint.window"),
        ("[mint\n", "canary.toml:1:6: malformed TOML"),
        ("[mint]\nwindow = 'soon'\n", "canary.toml:2: mint.window = 'soon' is not a duration"),
        ("mint = 3\n", "mint is a section, not a value"),
    ],
)
def test_a_bad_configuration_is_told_by_its_line(bare: Desk, text: str, words: str) -> None:
    bare.write("canary.toml", text)
    bare("status").failed(78, words)


def test_a_configuration_that_was_named_must_be_there(bare: Desk) -> None:
    bare("--config", "other.toml", "status").failed(78, "no configuration at other.toml", hint="canary init")
    bare("status", "--config", bare.folder).failed(78, "cannot read the configuration")


def test_an_unknown_variable_names_the_nearest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_MINT_WINDWO", "1h")
    desk("status").failed(78, "CANARY_MINT_WINDWO", "CANARY_MINT_WINDOW")


def test_an_unknown_key_in_a_flag_names_the_nearest(desk: Desk) -> None:
    desk("--set", "sink.listn=x", "status").failed(78, "--set: unknown key sink.listn", "sink.listen")


def test_a_flag_goes_before_the_environment_and_that_before_the_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source_of(desk, "mint.window") == ("24h", "default")
    desk.write("canary.toml", "[mint]\nwindow = '1h'\n")
    assert source_of(desk, "mint.window") == ("1h", "canary.toml:2")
    monkeypatch.setenv("CANARY_MINT_WINDOW", "2h")
    assert source_of(desk, "mint.window") == ("2h", "CANARY_MINT_WINDOW")
    assert source_of(desk, "mint.window", "--set", "mint.window=3h") == ("3h", "--set")


def test_the_options_of_the_program_stand_before_or_after_the_verb(desk: Desk) -> None:
    desk.write("other.toml", "[mint]\nwindow = '5h'\n")
    for arguments in (
        ("--config", "other.toml", "config", "show"),
        ("config", "show", "--config", "other.toml"),
        ("config", "show", "--config=other.toml"),
    ):
        assert "other.toml:2" in desk(*arguments).ok().out
    for arguments in (
        ("--set", "mint.window=5h", "config", "show"),
        ("config", "--set", "mint.window=5h", "show"),
        ("config", "show", "--set=mint.window=5h"),
    ):
        assert ["mint.window", "5h", "--set"] in [line.split() for line in desk(*arguments).ok().lines]


def test_the_file_is_found_through_the_environment(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.write("elsewhere.toml", "[mint]\nwindow = '5h'\n")
    monkeypatch.setenv("CANARY_CONFIG", "elsewhere.toml")
    assert source_of(bare, "mint.window") == ("5h", "elsewhere.toml:2")


def test_a_secret_is_never_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_ALERT_SLACK_URL", SECRET)
    for arguments in (("config", "show"), ("config", "show", "--json"), ("status",), ("hits",)):
        done = desk(*arguments).ok()
        assert "SECRET" not in done.out + done.err
    assert source_of(desk, "alert.slack.url") == ("(set)", "CANARY_ALERT_SLACK_URL")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", f"alert.slack.url=ftp{SECRET}"],
        ["--set", SECRET],
        ["--set", f"alert.slack.ulr={SECRET}"],
        ["--set", f"alert.slack.url_file={SECRET}", "--set", f"alert.slack.url={SECRET}"],
    ],
)
def test_a_secret_is_not_in_what_is_said_about_it(desk: Desk, arguments: list[str]) -> None:
    done = desk(*arguments[:2], "alerts", "test")
    assert done.code in {2, 78}
    if "url_file" not in arguments[1]:
        assert "SECRET" not in done.err


def test_a_url_file_that_others_can_read_is_refused(desk: Desk) -> None:
    path = desk.write("slack-url", SECRET)
    path.chmod(0o644)
    done = desk("alerts", "test", "--set", "alert.slack.url_file=slack-url").failed(78, hint="chmod")
    assert "SECRET" not in done.err


def test_init_writes_what_can_be_read_back_and_never_writes_over_it(bare: Desk) -> None:
    first = bare("init", "--domain", "one.example=2", "--set", "mint.window=12h").ok()
    assert "canary mint --control 100" in first.out
    for name in ("canary.toml", "canary.keys", "canary.db"):
        assert (bare.folder / name).stat().st_mode & 0o777 == 0o600
    before = {name: (bare.folder / name).read_bytes() for name in ("canary.toml", "canary.keys")}
    again = bare("init", "--domain", "one.example").ok()
    assert "left as it is" in again.err
    assert "never overwritten" in again.err
    assert before == {name: (bare.folder / name).read_bytes() for name in before}
    assert source_of(bare, "mint.window")[0] == "12h"
    bare("init", "--domain", "new.example").failed(78, "does not have new.example", hint="edit mint.domains")


def test_init_needs_a_domain_that_is_one(bare: Desk) -> None:
    bare("init").failed(2, "at least one --domain")
    bare("init", "--domain", "not a domain").failed(78, "'not a domain'")
    assert not list(bare.folder.iterdir())
    bare("init", "--set", "mint.domains=one.example").ok()


def test_init_does_not_make_new_keys_for_an_old_database(desk: Desk) -> None:
    (desk.folder / "canary.keys").unlink()
    desk("init").failed(78, "exists but its keys", hint="restore the keys")

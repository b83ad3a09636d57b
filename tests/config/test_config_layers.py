"""Defaults, file, environment and flags become one configuration."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from canary import config as configuration
from canary.config import SETTINGS, Config, load, rows
from canary.config.sections import SlackAccess
from canary.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_system_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canary.config.layers.SYSTEM_FILE", tmp_path / "etc" / "canary.toml")


def written(directory: Path, text: str, name: str = "canary.toml") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_hold_where_there_is_no_file(tmp_path: Path) -> None:
    """Paths start from the current directory then."""
    config = load(environ={"HOME": "/root"}, cwd=tmp_path)
    assert config.path is None
    assert config.store.path == tmp_path / "canary.db"
    assert config.keyring.path == tmp_path / "canary.keys"
    assert config.mint == type(config.mint)((), timedelta(hours=24), 1, 5, 24.0)
    assert list(map(str, config.sink.listen)) == ["127.0.0.1:2525"]
    assert (config.sink.hostname, config.sink.max_message) == ("", 25_000_000)
    assert (config.sink.timeout, config.sink.transaction_timeout) == (
        timedelta(minutes=5),
        timedelta(minutes=30),
    )
    assert (config.sink.tls.cert, config.sink.tls.key) == (None, None)
    assert (config.alert.window, config.alert.min_confidence) == (timedelta(minutes=5), 0.0)
    assert config.slack() is None
    assert (config.log.level, config.log.format) == ("info", "human")
    assert {origin for _, _, origin in rows(config)} == {"default"}


def test_later_layers_win_and_every_origin_is_known(tmp_path: Path) -> None:
    """File over default, environment over file, flag over environment."""
    text = '# cap\n[mint]\ncap = 6\nwindow = "1h"\nper_view = 2\ndomains = [\n  "example.org",\n]\n'
    written(tmp_path, text + '[log]\nlevel = "debug"\n')
    config = load(
        environ={"CANARY_MINT_WINDOW": "2h", "CANARY_MINT_PER_VIEW": "3"},
        overrides={"mint.per_view": ("--per-view", "4")},
        cwd=tmp_path,
    )
    assert (config.mint.cap, config.mint.window, config.mint.per_view) == (6, timedelta(hours=2), 4)
    origins = {key: origin for key, _, origin in rows(config) if origin != "default"}
    assert origins == {
        "mint.cap": "canary.toml:3",
        "mint.window": "CANARY_MINT_WINDOW",
        "mint.per_view": "--per-view",
        "mint.domains": "canary.toml:6",
        "log.level": "canary.toml:10",
    }
    assert config.origin("mint.floor_bits") == "default"
    with pytest.raises(KeyError):
        config.origin("mint.flor_bits")


def test_the_file_is_found_by_flag_variable_directory_then_system(tmp_path: Path) -> None:
    for name in ("flag", "variable", "etc", "here"):
        written(tmp_path / name, f'[sink]\nhostname = "{name}.example.org"\n')
    flag, environ = tmp_path / "flag/canary.toml", {"CANARY_CONFIG": str(tmp_path / "variable/canary.toml")}

    def host(path: Path | None, environ: dict[str, str], cwd: str) -> str:
        return load(path, environ=environ, cwd=tmp_path / cwd).sink.hostname

    assert host(flag, environ, "here") == "flag.example.org"
    assert host(None, environ, "here") == "variable.example.org"
    assert host(None, {"CANARY_CONFIG": ""}, "here") == "here.example.org"
    assert host(None, {}, "elsewhere") == "etc.example.org"


def test_relative_paths_start_from_the_file(tmp_path: Path) -> None:
    file = written(
        tmp_path / "conf",
        '[store]\nurl = "sqlite:///data/c.db"\n[keyring]\nfile = "../keys"\n[alert.slack]\nurl_file = "url"\n'
        '[sink.tls]\ncert = "cert.pem"\nkey = "/etc/key.pem"\n',
    )
    config = load(file, environ={}, cwd=tmp_path)
    assert config.path == file
    assert config.store.path == tmp_path / "conf/data/c.db"
    assert config.keyring.path == tmp_path / "conf/../keys"
    assert config.alert.slack.url_file == tmp_path / "conf/url"
    assert (config.sink.tls.cert, config.sink.tls.key) == (tmp_path / "conf/cert.pem", Path("/etc/key.pem"))
    absolute = load(file, environ={"CANARY_STORE_URL": "sqlite:////var/lib/c.db"}, cwd=tmp_path)
    assert absolute.store.path == Path("/var/lib/c.db")


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "canary.toml").write_bytes(b'\xef\xbb\xbf[log]\r\nlevel = "error"\r\n')
    config = load(environ={}, cwd=tmp_path)
    assert config.log.level == "error"
    assert config.origin("log.level") == "canary.toml:2"


def test_lists_are_comma_separated_in_the_environment(tmp_path: Path) -> None:
    environ = {
        "CANARY_MINT_DOMAINS": "Example.org=3, bücher.example,",
        "CANARY_SINK_LISTEN": "192.0.2.7:25,[::]:25,localhost:0",
    }
    config = load(environ=environ, cwd=tmp_path)
    assert config.mint.domains == (("example.org", 3.0), ("xn--bcher-kva.example", 1.0))
    assert config.mint.domains[0].name == "example.org"
    assert list(map(str, config.sink.listen)) == ["192.0.2.7:25", "[::]:25", "localhost:0"]
    assert config.sink.listen[1].host == "::"
    assert config.sink.hostname == "mail.example.org"
    assert ("sink.hostname", "mail.example.org", "default") in rows(config)


def test_a_single_place_to_listen_may_stand_alone(tmp_path: Path) -> None:
    written(tmp_path, '[sink]\nlisten = "[::1]:2525"\n')
    assert list(map(str, load(environ={}, cwd=tmp_path).sink.listen)) == ["[::1]:2525"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0", timedelta(0)),
        ("30m", timedelta(minutes=30)),
        ("7d", timedelta(days=7)),
        ("1h30m", timedelta(minutes=90)),
        ("2w", timedelta(days=14)),
    ],
)
def test_durations_are_written_with_their_units(text: str, span: timedelta, tmp_path: Path) -> None:
    assert load(environ={"CANARY_MINT_WINDOW": text}, cwd=tmp_path).mint.window == span


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1000", 1000),
        ("64 KiB", 65536),
        ("25mb", 25_000_000),
        ("1GB", 10**9),
        ("4096B", 4096),
        ("5MiB", 5 * 2**20),
    ],
)
def test_sizes_may_have_units(text: str, count: int, tmp_path: Path) -> None:
    assert load(environ={"CANARY_SINK_MAX_MESSAGE": text}, cwd=tmp_path).sink.max_message == count


def slack(
    tmp_path: Path, text: str = "https://hooks.slack.com/services/SECRET\n", mode: int = 0o600
) -> Config:
    file = written(tmp_path, text, "slack-url")
    file.chmod(mode)
    written(tmp_path, '[alert.slack]\nurl_file = "slack-url"\n')
    return load(environ={}, cwd=tmp_path)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_the_webhook_is_read_from_its_file_when_it_is_asked_for(tmp_path: Path, mode: int) -> None:
    config = slack(tmp_path, mode=mode)
    assert (config.slack() or SlackAccess()).url == "https://hooks.slack.com/services/SECRET"
    (tmp_path / "slack-url").unlink()
    with pytest.raises(ConfigurationError, match=r"cannot read alert\.slack\.url_file .*: No such file"):
        config.slack()


def bot(tmp_path: Path, held: str = "xoxb-0123456789-SECRET\n", more: str = "") -> Config:
    written(tmp_path, held, "slack-token").chmod(0o600)
    written(tmp_path, f'[alert.slack]\ntoken_file = "slack-token"\n{more}')
    return load(environ={}, cwd=tmp_path)


def test_a_bot_has_its_token_from_a_file_and_a_channel(tmp_path: Path) -> None:
    config = bot(tmp_path, more='channel = "C012AB3CD"\n')
    slack = config.slack()
    assert slack == SlackAccess("", "xoxb-0123456789-SECRET", "C012AB3CD", "https://slack.com/api/")
    assert "SECRET" not in repr(config) + repr(slack)


@pytest.mark.parametrize(
    ("token", "more", "says"),
    [
        ("xoxb-0123456789\n", "", "token_file is set without alert.slack.channel"),
        ("xoxb-0123456789\n", 'channel = "#security"\n', "a channel's ID such as C012AB3CD"),
        ("xoxb-0123456789\n", 'channel = "C012AB3CD"\nurl_file = "slack-url"\n', "both set: give one"),
        (
            "https://hooks.slack.com/services/SECRET\n",
            'channel = "C012AB3CD"\n',
            "does not hold a bot's token",
        ),
        ("xoxb-0123456789 and more\n", 'channel = "C012AB3CD"\n', "does not hold a bot's token"),
    ],
)
def test_what_no_bot_can_be_made_of_is_refused(tmp_path: Path, token: str, more: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bot(tmp_path, token, more).slack()
    assert says in caught.value.message
    assert "SECRET" not in caught.value.message


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_webhook_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match="by others") as error:
        slack(tmp_path, mode=mode).slack()
    assert error.value.hint.startswith("run: chmod o-rw ")


@pytest.mark.parametrize(
    "text", ["", "SECRET", "http://example.org/SECRET", "https://a.example/SECRET\nmore"]
)
def test_a_webhook_file_with_anything_else_is_refused_unquoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="does not hold an https:// address") as error:
        slack(tmp_path, text).slack()
    assert "SECRET" not in error.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/hook", "http://localhost/x", "http://[::1]:1/x"])
def test_plain_http_is_allowed_to_this_machine(tmp_path: Path, url: str) -> None:
    assert load(environ={"CANARY_ALERT_SLACK_URL": url}, cwd=tmp_path).slack() == SlackAccess(url)


def test_a_later_layer_decides_between_the_webhook_and_its_file(tmp_path: Path) -> None:
    """What a flag or variable gives puts the other one out of force."""
    slack(tmp_path)
    url = "https://hooks.slack.com/services/OTHER"
    assert load(environ={"CANARY_ALERT_SLACK_URL": url}, cwd=tmp_path).slack() == SlackAccess(url)
    assert load(environ={"CANARY_ALERT_SLACK_URL": ""}, cwd=tmp_path).slack() is None
    both = {"CANARY_ALERT_SLACK_URL": url, "CANARY_ALERT_SLACK_URL_FILE": "slack-url"}
    with pytest.raises(ConfigurationError, match="are both set"):
        load(environ=both, cwd=tmp_path)


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    """Not by repr, not by `config show`."""
    config = load(environ={"CANARY_ALERT_SLACK_URL": "https://hooks.slack.com/services/SECRET"}, cwd=tmp_path)
    assert "SECRET" not in repr(config) + repr(config.alert.slack) + repr(rows(config))
    assert ("alert.slack.url", "(set)", "CANARY_ALERT_SLACK_URL") in rows(config)
    written(tmp_path, '[alert.slack]\nurl = "https://hooks.slack.com/services/SECRET"\n')
    assert "SECRET" not in repr(load(environ={}, cwd=tmp_path))


def test_the_configuration_is_frozen(tmp_path: Path) -> None:
    config = load(environ={}, cwd=tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.mint.cap = 9  # type: ignore[misc]


def test_every_setting_has_a_row_and_its_own_variable(tmp_path: Path) -> None:
    shown = rows(load(environ={}, cwd=tmp_path))
    assert [key for key, _, _ in shown] == [setting.key for setting in SETTINGS]
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)
    assert set(configuration.__all__) <= set(dir(configuration))

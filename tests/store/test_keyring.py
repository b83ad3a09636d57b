"""Keys: sealing, files, and what is said when they are wrong."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary import keyring
from canary.errors import KeyringError


@given(st.binary(max_size=4096), st.binary(max_size=64))
def test_what_is_sealed_opens_in_its_place_and_nowhere_else(
    keys: keyring.Keyring, plain: bytes, place: bytes
) -> None:
    sealed = keys.seal(place, plain)
    assert keys.open(place, sealed) == plain
    with pytest.raises(KeyringError):
        keys.open(place + b"x", sealed)


def test_altered_bytes_do_not_open(keys: keyring.Keyring) -> None:
    sealed = bytearray(keys.seal(b"here", b"secret"))
    sealed[-1] ^= 1
    with pytest.raises(KeyringError, match="wrong keys, or the database was altered"):
        keys.open(b"here", bytes(sealed))
    with pytest.raises(KeyringError, match="unknown format"):
        keys.open(b"here", b"\x07")


def test_a_keyring_survives_its_file_and_shows_nothing(tmp_path: Path) -> None:
    path, made = tmp_path / "canary.keys", keyring.generate()
    keyring.save(made, path)
    read = keyring.load(path)
    assert read.fingerprint == made.fingerprint
    assert read.index(b"address", "a@b.example") == made.index(b"address", "a@b.example")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for secret in json.loads(path.read_text())["keys"].values():
        assert secret not in repr(made)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "canary.keys"
    keyring.save(keyring.generate(), path)
    before = path.read_bytes()
    with pytest.raises(KeyringError, match="never overwritten"):
        keyring.save(keyring.generate(), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no keys at"),
        ("", "not a canary key file"),
        ("[]", "not a canary key file"),
        ('{"format": 1, "keys": {"index": "AA==", "draw": "AA==", "data": "AA=="}}', "not a canary key file"),
        ('{"format": 1, "keys": {"index": "?", "draw": "?", "data": "?"}}', "not a canary key file"),
        ('{"format": 9, "keys": {}}', "key format 9"),
    ],
)
def test_a_bad_key_file_is_said(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "canary.keys"
    if content is not None:
        path.touch(mode=0o600)
        path.write_text(content)
    with pytest.raises(KeyringError, match=said):
        keyring.load(path)


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "canary.keys"
    keyring.save(keyring.generate(), path)
    path.chmod(0o644)
    with pytest.raises(KeyringError, match="can be read by others") as caught:
        keyring.load(path)
    assert "chmod 600" in caught.value.hint


def test_indexes_differ_by_purpose_and_key(keys: keyring.Keyring) -> None:
    other = keyring.generate()
    values = {keys.index(b"address", "x"), keys.index(b"record", "x"), other.index(b"address", "x")}
    assert len(values) == 3

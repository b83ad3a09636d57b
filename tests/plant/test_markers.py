"""Markers: opaque, always the same, and nobody makes one up."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary import keyring
from canary.errors import NotFoundError
from canary.plant.marker import PREFIX, marked, marker_of
from tests.parts import KEYS

ROWS = st.integers(1, 2**63 - 1)


@given(ROWS, ROWS)
def test_a_marker_stands_for_one_decoy_in_one_access(decoy: int, access: int) -> None:
    marker = marker_of(KEYS, f"dec_{decoy}", f"acc_{access}")
    assert marked(KEYS, marker) == (f"dec_{decoy}", f"acc_{access}")
    assert marker == marker_of(KEYS, f"dec_{decoy}", f"acc_{access}")
    assert len(marker) == 48
    if decoy != access:
        assert marker != marker_of(KEYS, f"dec_{access}", f"acc_{decoy}")


@given(st.integers(0, 31), st.integers(0, 7))
def test_a_marker_with_any_bit_changed_is_none(byte: int, bit: int) -> None:
    marker = marker_of(KEYS, "dec_1", "acc_2")
    changed = bytearray(base64.urlsafe_b64decode(marker.removeprefix(PREFIX) + "="))
    changed[byte] ^= 1 << bit
    with pytest.raises(NotFoundError):
        marked(KEYS, PREFIX + base64.urlsafe_b64encode(changed).rstrip(b"=").decode())


@given(st.text(max_size=80) | st.text("abcXYZ019-_=", min_size=40, max_size=48).map(PREFIX.__add__))
def test_whatever_else_is_sent_is_no_marker(text: str) -> None:
    with pytest.raises(NotFoundError, match="no such marker"):
        marked(KEYS, text)


def test_other_keys_make_other_markers() -> None:
    with pytest.raises(NotFoundError):
        marked(keyring.generate(), marker_of(KEYS, "dec_1", "acc_2"))

"""Keys become index values, sealed bytes and keyed draws; every use of cryptography is here."""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from canary.errors import KeyringError

KEY_BYTES = 32
INDEX_BYTES = 16
NONCE_BYTES = 12
FORMAT = 1
PURPOSES = ("index", "draw", "data")


@dataclass(frozen=True, slots=True)
class IndexKey:
    """The key of the blind index alone: who holds it can find an address, and open nothing.

    Never shown: `key` is for handing it to a process of ours.
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise KeyringError(f"an index key has {KEY_BYTES} bytes, not {len(self.key)}")

    def index(self, purpose: bytes, value: str) -> bytes:
        """Return the 16 bytes under which a value is found: keyed BLAKE2b (RFC 7693 section 2.9)."""
        return hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"), key=self.key, person=purpose, digest_size=INDEX_BYTES
        ).digest()


@dataclass(frozen=True, slots=True)
class Keyring:
    """Three independent 256-bit keys: for the blind index, for keyed draws, for sealing.

    Never shown: its repr names only its fingerprint.
    """

    _index: bytes = field(repr=False)
    _draw: bytes = field(repr=False)
    _data: bytes = field(repr=False)
    _cipher: AESGCM = field(init=False, repr=False)
    _marker: AESSIV = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cipher", AESGCM(self._data))
        object.__setattr__(self, "_marker", AESSIV(self.draw(b"marker-key", b"", 64)))

    def __repr__(self) -> str:
        """Return the fingerprint, which tells keyrings apart and reveals nothing."""
        return f"Keyring({self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that tell keyrings apart."""
        parts = b"".join(_prf(key, b"fingerprint", 8) for key in (self._index, self._draw, self._data))
        return hashlib.blake2b(parts, digest_size=8).hexdigest()

    @property
    def index_key(self) -> IndexKey:
        """Return the part with which addresses are found, for those who shall open nothing."""
        return IndexKey(self._index)

    def index(self, purpose: bytes, value: str) -> bytes:
        """Return the 16 bytes under which a value is found, as `IndexKey` does."""
        return hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"), key=self._index, person=purpose, digest_size=INDEX_BYTES
        ).digest()

    def draw(self, purpose: bytes, seed: bytes, size: int = 64) -> bytes:
        """Return up to 64 pseudo-random bytes that only the holder of the key can tell."""
        return hashlib.blake2b(seed, key=self._draw, person=purpose, digest_size=size).digest()

    def seal(self, place: bytes, plain: bytes | bytearray) -> bytes:
        """Return bytes sealed with AES-256-GCM and bound to their place: format, nonce, ciphertext, tag.

        Nonces are random 96-bit values: one key serves 2^32 seals (NIST SP 800-38D section 8.3).
        """
        nonce = os.urandom(NONCE_BYTES)
        return b"\x01" + nonce + self._cipher.encrypt(nonce, plain, place)

    def open(self, place: bytes, sealed: bytes) -> bytes:
        """Return what was sealed for this place. Raises KeyringError for any other place, key or bytes."""
        try:
            if sealed[:1] != b"\x01":
                raise KeyringError(f"sealed data has an unknown format ({sealed[:1].hex() or 'empty'})")
            return self._cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], place)
        except (InvalidTag, ValueError):
            raise KeyringError(
                "sealed data cannot be opened: wrong keys, or the database was altered",
                hint="use the keys made with this database, or restore both from one backup",
            ) from None

    def mark(self, plain: bytes) -> bytes:
        """Return bytes that stand for these, always the same, 16 longer: AES-SIV (RFC 5297).

        Whoever has no key can neither read them nor make any. The key is drawn from the one for draws.
        """
        return self._marker.encrypt(plain, None)

    def unmark(self, marked: bytes) -> bytes | None:
        """Return what bytes stand for, None where `mark` never returned them."""
        try:
            return self._marker.decrypt(marked, None)
        except (InvalidTag, ValueError):
            return None


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether an Ed25519 signature (RFC 8032) fits a message and a public key. Never raises."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def generate() -> Keyring:
    """Return a new keyring from the machine's random source."""
    return Keyring(*(secrets.token_bytes(KEY_BYTES) for _ in PURPOSES))


def save(keyring: Keyring, path: Path) -> None:
    """Write keys to a new file that only its owner can read. Raises KeyringError if there is one."""
    keys = (keyring._index, keyring._draw, keyring._data)  # noqa: SLF001 - the one place that writes them
    body = {
        "format": FORMAT,
        "keys": {p: base64.b64encode(k).decode() for p, k in zip(PURPOSES, keys, strict=True)},
    }
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyringError(
            f"{path} exists and is never overwritten", hint="keep it, or name another file with keyring.file"
        ) from None
    except OSError as error:
        raise KeyringError(f"cannot write keys to {path}: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(body, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> Keyring:
    """Read keys from a file. Raises KeyringError saying what is wrong with it."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyringError(f"{path} can be read by others", hint=f"run: chmod 600 {path}")
        body = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise KeyringError(
            f"no keys at {path}", hint="run `canary init`, or point keyring.file at the keys of this database"
        ) from None
    except OSError as error:
        raise KeyringError(f"cannot read keys at {path}: {error.strerror}") from None
    except ValueError:
        raise KeyringError(f"{path} is not a canary key file") from None
    return _keyring_of(body, path)


def _keyring_of(body: object, path: Path) -> Keyring:
    match body:
        case {"format": int() as version, "keys": dict()} if version > FORMAT:
            raise KeyringError(f"{path} has key format {version}; this canary reads up to {FORMAT}")
        case {"format": 1, "keys": {"index": str(i), "draw": str(r), "data": str(d)}}:
            try:
                keys = [base64.b64decode(key, validate=True) for key in (i, r, d)]
            except ValueError:
                keys = []
            if [len(key) for key in keys] == [KEY_BYTES] * 3:
                return Keyring(*keys)
    raise KeyringError(f"{path} is not a canary key file", hint="restore it from a backup")


def _prf(key: bytes, message: bytes, size: int) -> bytes:
    return hashlib.blake2b(message, key=key, digest_size=size).digest()

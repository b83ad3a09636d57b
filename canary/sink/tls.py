"""Certificates and keys become what TLS needs, and are read anew when they change."""

import logging
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from canary.errors import ConfigurationError
from canary.sink.handshake import TellingContext
from canary.sink.settings import SinkSettings, TlsFiles

log = logging.getLogger("canary.sink")

LOOK_AGAIN = 5.0
"""How many seconds go by before files are looked at again for changes."""

CIPHERS = "aNULL:-aNULL:HIGH:MEDIUM:!aNULL:@STRENGTH"
"""Postfix's medium grade, without what authenticates nobody."""

CHAIN, KEY = "fullchain.pem", "privkey.pem"
Stamp = tuple[tuple[int, int, int], ...]


class Pair:
    """A certificate chain with its key, as they were when they were read last."""

    __slots__ = ("_cert", "_key", "_stamp", "_tried", "context", "expires")

    def __init__(self, cert: Path, key: Path) -> None:
        """Read both. Raises ConfigurationError."""
        self._cert = cert
        self._key = key
        self._stamp = self._tried = _stamp(cert, key)
        self.context = server_context(cert, key)
        self.expires = _expiry(cert)
        self._warn()

    def refresh(self) -> None:
        """Read the files anew if they have changed; what cannot be read leaves things as they were."""
        stamp = _stamp(self._cert, self._key)
        if stamp in (self._stamp, self._tried):
            return
        self._tried = stamp
        try:
            context, expires = server_context(self._cert, self._key), _expiry(self._cert)
        except ConfigurationError as error:
            log.error("the certificate in use stays: %s", error.message)  # noqa: TRY400 - the message says it all
            return
        self._stamp, self.context, self.expires = stamp, context, expires
        log.info("certificate %s read anew; valid until %s", self._cert, expires.isoformat())
        self._warn()

    def _warn(self) -> None:
        if self.expires <= datetime.now(UTC):
            log.warning("certificate %s has expired on %s", self._cert, self.expires.date().isoformat())


class Certificates:
    """What to show a client, by the host name that we go by where it came to.

    It is never shown another name's certificate, whatever it asks for: an address has one name, and that
    other names are ours, too, is nothing that the address may tell.
    """

    def __init__(self, files: TlsFiles, hostnames: frozenset[str]) -> None:
        """Read every pair there is. Raises ConfigurationError."""
        self._default = _given(files)
        self._named = {name: pair for name in sorted(hostnames) if (pair := _filed(files.folder, name))}
        if files.folder and not (self._default or self._named):
            raise ConfigurationError(
                f"no certificate for {', '.join(sorted(hostnames))} in {files.folder}",
                hint=f"sink.tls.folder needs NAME/{CHAIN} and NAME/{KEY} for the names that the sink goes by",
            )
        self._looked = 0.0

    def offered_by(self, hostname: str) -> bool:
        """Say whether TLS can be had under a name."""
        return self._default is not None or hostname in self._named

    def context(self, hostname: str, now: float) -> ssl.SSLContext | None:
        """Return what to show under a name, None if there is nothing; `now` is in seconds, monotonic."""
        if now - self._looked >= LOOK_AGAIN:
            self._looked = now
            self.refresh()
        pair = self._named.get(hostname, self._default)
        if pair is None:
            return None
        pair.context.sni_callback = _asked
        return pair.context

    def refresh(self) -> None:
        """Read anew whatever has changed."""
        for pair in self._pairs():
            pair.refresh()

    def expiries(self) -> Mapping[str, datetime]:
        """Return when the certificates end, by host name, "" being that of all others."""
        named = {name: pair.expires for name, pair in self._named.items()}
        return named | ({"": self._default.expires} if self._default else {})

    def _pairs(self) -> list[Pair]:
        return [*self._named.values(), *([self._default] if self._default else [])]


def expiries_of(settings: SinkSettings) -> Mapping[str, datetime]:
    """Return when the certificates end that a listener would have now. Raises ConfigurationError."""
    return Certificates(settings.tls, hostnames_of(settings)).expiries()


def hostnames_of(settings: SinkSettings) -> frozenset[str]:
    """Return every name that a listener goes by."""
    return frozenset({settings.hostname, *(name for _, name in settings.hostnames)})


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a server context for TLS 1.2 and later, looking as Postfix's does. Raises ConfigurationError.

    Versions below 1.2 are deprecated (RFC 8996); clients are asked for no certificate.
    """
    context = TellingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 1
    context.set_ciphers(CIPHERS)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"certificate {cert} and key {key} do not fit: {error.reason or 'not PEM'}",
            hint="both must be PEM files, the key without a passphrase and belonging to the certificate",
        ) from None
    except OSError as error:
        raise ConfigurationError(f"cannot read certificate {cert} or key {key}: {error.strerror}") from None
    return context


def tls_of(secured: ssl.SSLObject) -> str:
    """Return `TLSv1.3 TLS_AES_256_GCM_SHA384` or the like."""
    cipher = secured.cipher()
    return f"{secured.version()} {cipher[0] if cipher else ''}".strip()


def name_asked_of(secured: ssl.SSLObject) -> str:
    """Return the server name that the client asked for, "" if it did not."""
    asked = getattr(secured, "asked", "")
    return "".join(c if c.isprintable() else "?" for c in asked[:255])


def _asked(secured: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    """Note the name that a client asks for."""
    if name is not None:
        secured.asked = name  # type: ignore[attr-defined]


def _given(files: TlsFiles) -> Pair | None:
    if files.cert is None and files.key is None:
        return None
    if files.cert is None or files.key is None:
        raise ConfigurationError(
            "STARTTLS needs a certificate and its key", hint="set sink.tls.cert and sink.tls.key"
        )
    return Pair(files.cert, files.key)


def _filed(folder: Path | None, name: str) -> Pair | None:
    if folder is None or not (folder / name).is_dir():
        return None
    return Pair(folder / name / CHAIN, folder / name / KEY)


def _stamp(*files: Path) -> Stamp:
    """Return what changes when a file is written or replaced; nothing for files that cannot be seen."""
    stamps = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            return ()
        stamps.append((state.st_mtime_ns, state.st_ino, state.st_size))
    return tuple(stamps)


def _expiry(cert: Path) -> datetime:
    """Return when the first certificate of a chain ends."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - only where there is TLS

    try:
        return load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"cannot read certificate {cert}: {type(error).__name__}") from None


def _no_password() -> str:
    """Return an empty passphrase, so that nobody is asked for one on a terminal."""
    return ""

"""Certificate and key become what STARTTLS needs."""

import ssl
from pathlib import Path

from canary.errors import ConfigurationError


def tls_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return a server context for TLS 1.2 and later, None without files. Raises ConfigurationError.

    Versions below 1.2 are deprecated (RFC 8996); clients are asked for no certificate.
    """
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise ConfigurationError(
            "STARTTLS needs a certificate and its key", hint="set sink.tls_cert and sink.tls_key"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
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


def _no_password() -> str:
    """Return an empty passphrase, so that nobody is asked for one on a terminal."""
    return ""


def tls_of(secured: ssl.SSLObject) -> str:
    """Return `TLSv1.3 TLS_AES_256_GCM_SHA384` or the like."""
    cipher = secured.cipher()
    return f"{secured.version()} {cipher[0] if cipher else ''}".strip()

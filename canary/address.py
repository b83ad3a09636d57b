"""An address becomes its canonical form, under which no two decoys may meet."""

from functools import lru_cache


def split(address: str) -> tuple[str, str]:
    """Return local part and domain, split at the last `@` (RFC 5321 section 4.1.2).

    The domain is "" where there is no `@`.
    """
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (domain, "")


def canonical_local(local: str) -> str:
    """Return a local part without case, `+tag`, dots, underscores, hyphens and quotes."""
    lower = local.lower()
    if '"' in lower:
        lower = lower.replace('"', "").replace("\\", "")
    plain = lower.partition("+")[0].replace(".", "").replace("_", "").replace("-", "")
    return plain or lower


def canonical(address: str) -> str:
    """Return the form of an address that survives what a list broker does to it.

    Lower case; `+tag`, dots, underscores and hyphens stripped from the local part;
    an internationalised domain in its ASCII form (RFC 5890), the trailing dot gone.
    """
    local, domain = split(address.strip())
    return f"{canonical_local(local)}@{canonical_domain(domain)}"


@lru_cache(maxsize=4096)
def canonical_domain(domain: str) -> str:
    """Return a domain in lower-case ASCII without a trailing dot."""
    domain = domain.rstrip(".")
    if domain.isascii():
        return domain.lower()
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return domain.lower()

"""The way to canary over HTTP: its per-view API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from canary.client.transport import Outcome, RefusedError, TouchReport, UnavailableError
from canary.client.values import Placed, Row, SeededRows, Shown
from canary.errors import ConfigurationError
from canary.model import Access, ActorClass

BUSY: Final = frozenset({408, 425, 429})
LIMITS: Final = httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=30)
TIMEOUT: Final = httpx.Timeout(10.0, connect=1.0)
JSON: Final = MappingProxyType({"Content-Type": "application/json"})
AT_THE_FIRST_REQUEST: Final = ("h11", "anyio._backends._asyncio", "httpcore")
"""What the HTTP client imports then; a page would wait for it."""

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
T = TypeVar("T")


class _Decoy(msgspec.Struct):
    address: str
    name: str
    given: str
    family: str
    position: float
    marker: str


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""


class _Outcome(msgspec.Struct):
    status: int = 201
    decoys: tuple[_Decoy, ...] = ()
    title: str = ""
    detail: str = ""


class _Place(msgspec.Struct):
    address: str
    name: str
    given: str
    family: str
    marker: str
    index: int


class _Seeded(msgspec.Struct):
    records: list[dict[str, Any]]
    decoys: tuple[_Place, ...] = ()
    warnings: tuple[str, ...] = ()


class HttpTransport:
    """Asks canary's API; connections are kept. The key is never shown."""

    def __init__(self, url: str, key: str, touch_key: str = "") -> None:
        _check(url)
        for module in AT_THE_FIRST_REQUEST:
            import_module(module)
        self._touching = {"Authorization": f"Bearer {touch_key}"} if touch_key else {}
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"},
            limits=LIMITS,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )
        self._url = url

    def __repr__(self) -> str:
        """Return where to, without the key."""
        return f"HttpTransport({self._url!r})"

    async def plant(self, accesses: Sequence[Access]) -> Sequence[Outcome]:
        """Plant accesses in one request."""
        answer = await self._post("/v1/accesses", [_written(access) for access in accesses])
        outcomes = _read(answer, tuple[_Outcome, ...])
        if len(outcomes) != len(accesses):
            raise UnavailableError("canary answered for another number of accesses")
        return [_outcome(each) for each in outcomes]

    async def seed(
        self, access: Access, rows: Sequence[Row], fields: Mapping[str, str], texts: Sequence[str]
    ) -> SeededRows:
        """Have rows seeded; they must be JSON values."""
        asked: dict[str, Any] = {"access": _written(access), "records": list(rows)}
        if fields:
            asked["map"] = dict(fields)
        if texts:
            asked["texts"] = list(texts)
        seeded = _read(await self._post("/v1/seed", asked), _Seeded)
        placed = (
            Placed(each.index, each.address, each.name, each.given, each.family, each.marker)
            for each in seeded.decoys
        )
        return SeededRows(seeded.records, tuple(placed), warnings=seeded.warnings)

    async def touch(self, report: TouchReport) -> None:
        """Report an action."""
        await self._post("/v1/touches", report, self._touching)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def _post(self, path: str, body: object, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        try:
            content = msgspec.json.encode(body)
        except (TypeError, UnicodeEncodeError) as error:
            raise RefusedError(f"this is not JSON: {error}") from None
        try:
            answer = await self._http.post(path, content=content, headers={**JSON, **headers})
        except httpx.HTTPError as error:
            raise UnavailableError(f"canary cannot be reached: {type(error).__name__}") from error
        if answer.is_success:
            return answer.content
        raise _failure(answer.status_code, _reason(answer.content))


def read_key(file: Path) -> str:
    """Return the API key in a file that only its owner reads. Raises ConfigurationError."""
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigurationError(f"{file} can be read by others", hint=f"run: chmod 600 {file}")
        key = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"cannot read the API key {file}: {reason}") from None
    if not key or not key.isprintable() or " " in key:
        raise ConfigurationError(f"{file} does not hold an API key", hint="run: canary api-key create --help")
    return key


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ConfigurationError(
            f"{url!r} is not where an API is", hint='write "https://canary.internal:8460"'
        )


def _written(access: Access) -> dict[str, object]:
    """Return an access as the API takes it, without what it does not say."""
    said: dict[str, object] = {
        "employee": access.employee,
        "record": access.record,
        "at": _moment(access.at),
        "beneficiary": access.beneficiary,
        "tool": access.tool,
        "session": access.session,
        "client_ip": access.client_ip,
        "actor": access.actor,
        "id": access.source_id,
    }
    if access.actor_class is not ActorClass.PERSON:
        said["actor_class"] = access.actor_class.value
    if access.bare:
        said["bare"] = True
    return {name: value for name, value in said.items() if value is not None}


def _moment(at: datetime) -> str:
    return at.isoformat()


def _outcome(each: _Outcome) -> Outcome:
    if each.status >= 400:  # noqa: PLR2004 - RFC 9110 section 15.5
        return _failure(each.status, each.detail or each.title)
    return tuple(
        Shown(decoy.address, decoy.name, decoy.given, decoy.family, decoy.position, decoy.marker)
        for decoy in each.decoys
    )


def _failure(status: int, reason: str) -> RefusedError | UnavailableError:
    words = f"{status} {reason}"
    if status >= 500 or status in BUSY:  # noqa: PLR2004 - RFC 9110 section 15.6
        return UnavailableError(words)
    return RefusedError(words)


def _read(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise UnavailableError(f"canary answered something else: {error}") from None


def _reason(content: bytes) -> str:
    try:
        problem = msgspec.json.decode(content, type=_Problem)
    except msgspec.DecodeError:
        return ""
    return problem.detail or problem.title

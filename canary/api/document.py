"""The API becomes its published description (OpenAPI 3.1): /openapi.json, and docs/openapi.json."""

import json
from typing import Any, Final

from canary.api.problems import KINDS
from canary.api.schema import MOST_ACCESSES, MOST_HITS, components

VERSION: Final = "1"
REF: Final = "#/components/schemas/{name}"
ABOUT: Final = (
    "Applications plant decoys in what their employees see, and say when somebody acted on one. Nothing here "
    "tells whether an address is a decoy. Problems are told as RFC 9457 has it."
)


def document() -> dict[str, Any]:
    """Return the description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Planting API", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": {
            "/v1/accesses": {"post": _plant()},
            "/v1/seed": {"post": _seed()},
            "/v1/touches": {"post": _touch()},
            "/v1/hits": {"get": _hits()},
            "/openapi.json": {"get": _open("This description.", "application/json", {"type": "object"})},
            "/livez": {"get": _open("It answers at all.", "text/plain", {"type": "string"})},
            "/readyz": {"get": _ready()},
        },
        "components": {
            "schemas": components(REF),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of the scope that the operation names: `canary api-key create`.",
                }
            },
        },
    }


def written() -> str:
    """Return the description as it is published."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(name=name)}


def _list(*names: str, most: int | None = None) -> dict[str, Any]:
    items = _ref(names[0]) if len(names) == 1 else {"anyOf": [_ref(name) for name in names]}
    return {"type": "array", "items": items} | ({} if most is None else {"maxItems": most})


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "headers": _rate_headers(), "content": _json(schema)}


def _rate_headers() -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    return {
        "RateLimit": text
        | {"description": "What the key may still name: `r` now, all of it in `t` seconds."},
        "RateLimit-Policy": text | {"description": "What it may name: `q` in `w` seconds."},
    }


def _problems(*kinds: str) -> dict[str, Any]:
    """Return the answers that tell problems; kinds that share a status are one."""
    told: dict[str, list[str]] = {}
    for kind in kinds:
        code, title = KINDS[kind]
        told.setdefault(str(code), []).append(title)
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    answers: dict[str, Any] = {
        status: {"description": "; ".join(titles), "content": content} for status, titles in told.items()
    }
    for status, header, what in (
        ("401", "WWW-Authenticate", "How to say who asks."),
        ("403", "WWW-Authenticate", "The scope that is needed."),
        ("429", "Retry-After", "Seconds."),
        ("503", "Retry-After", "Seconds."),
    ):
        if status in answers:
            answers[status]["headers"] = {header: {"description": what, "schema": {"type": "string"}}}
    return dict(sorted(answers.items()))


ASKING: Final = ("unauthorised", "forbidden", "invalid", "too-often", "failed", "busy")
SENDING: Final = (*ASKING, "malformed", "late", "too-large", "media-type")

KEY_HEADER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same body within a day, a request is done once and answered alike.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$"},
}


def _posting(name: str, summary: str, scope: str, body: dict[str, Any], answers: dict[str, Any]) -> Any:
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Needs a key of scope `{scope}`.",
        "parameters": [KEY_HEADER],
        "requestBody": {"required": True, "content": _json(body)},
        "responses": answers,
    }


def _plant() -> Any:
    one, many = _ref("Planted"), _list("Outcome", "Problem", most=MOST_ACCESSES)
    each = {"anyOf": [_ref("AccessTold"), {"description": "What is none has a problem in its place."}]}
    body = {"anyOf": [_ref("AccessTold"), {"type": "array", "items": each, "maxItems": MOST_ACCESSES}]}
    answers = {
        "200": _answer("On record before; for an array an outcome each, in order", {"anyOf": [one, many]}),
        "201": _answer("On record, with the decoys to show", one),
        **_problems(*SENDING, "key-reused"),
    }
    return _posting("plant", "Say that an employee looks at a record", "plant", body, answers)


def _seed() -> Any:
    answers = {
        "200": _answer("On record before", _ref("Seeded")),
        "201": _answer("The records with the decoys among them", _ref("Seeded")),
        **_problems(*SENDING, "key-reused"),
    }
    return _posting(
        "seed", "Put the decoys of an access among its records", "plant", _ref("SeedAsked"), answers
    )


def _touch() -> Any:
    answers = {
        "202": _answer("Taken note of", _ref("Taken")),
        **_problems(*SENDING, "key-reused", "unknown-marker"),
    }
    return _posting("touch", "Say that somebody acted on a decoy", "touch", _ref("TouchTold"), answers)


def _hits() -> Any:
    def parameter(name: str, what: str, **schema: Any) -> dict[str, Any]:
        return {"name": name, "in": "query", "required": False, "description": what, "schema": schema}

    time = parameter("since", "None that arrived before.", type="string", format="date-time")
    return {
        "operationId": "hits",
        "summary": "Read hits in the order in which they were kept",
        "description": "Needs a key of scope `read`.",
        "parameters": [
            time,
            parameter("limit", "At most so many.", type="integer", minimum=1, maximum=MOST_HITS, default=100),
            parameter("after", "The `next` of a page before.", type="string", pattern="^(hit_[0-9]{1,18})?$"),
        ],
        "responses": {"200": _answer("A page of hits", _ref("HitsPage")), **_problems(*ASKING)},
    }


def _open(what: str, kind: str, schema: dict[str, Any]) -> Any:
    return {
        "summary": what,
        "security": [],
        "responses": {"200": {"description": what, "content": {kind: {"schema": schema}}}},
    }


def _ready() -> Any:
    page = _open("It can keep what it is told.", "text/plain", {"type": "string"})
    return page | {
        "responses": page["responses"]
        | {"503": {"description": "It cannot.", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    }

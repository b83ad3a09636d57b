"""An incident becomes a graph: employees, records, what senders are known by, sellers, and who met whom."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from canary.investigate.joining import plain, shown
from canary.investigate.matrix import first_of, indicators_of
from canary.investigate.sellers import Registry
from canary.model import Hit, Indicator, Layer
from canary.model.casework import CaseFile

LAYERS = ("employees", "records", "senders known by", "sellers")
MOST = 12
"""So many nodes of a layer are drawn; the rest is one node."""

MOST_POSSIBLE = 6
ROUNDS = 4

Place = tuple[int, str]
"""A layer and a key within it."""


@dataclass(frozen=True, slots=True)
class Node:
    """Something drawn; `words` and `beneath` are safe to show. A `sure` one is named, not merely possible."""

    layer: int
    key: str
    words: str
    beneath: str
    weight: int
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """Two nodes that hits bring together; `weight` counts the hits, 0 for what is merely known of them."""

    start: Place
    end: Place
    weight: int


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by layer, each in the order in which it is drawn from above, and edges between them."""

    title: str
    layers: tuple[tuple[Node, ...], ...]
    edges: tuple[Edge, ...]


class _Drafting:
    """Counts what meets while the hits are gone through."""

    def __init__(self) -> None:
        self.words: dict[Place, tuple[str, str, bool]] = {}
        self.weights: Counter[Place] = Counter()
        self.edges: Counter[tuple[Place, Place]] = Counter()

    def node(self, layer: int, key: str, words: str, beneath: str, *, sure: bool = True) -> Place:
        place = (layer, key)
        known = self.words.get(place)
        if known is None or (sure and not known[2]):
            self.words[place] = (words, beneath, sure)
        return place

    def met(self, start: Place, end: Place) -> None:
        self.edges[start, end] += 1


def graph_of(case: CaseFile, registry: Registry) -> Graph:
    """Return the graph of an incident, so laid out that few edges cross."""
    draft = _Drafting()
    for each in case.hits:
        _add(draft, case, each.hit, registry)
    incident = case.incident
    title = f"{incident.id}, {incident.state.value}: {incident.hits:,} hits"
    return _ordered(title, draft)


def _add(draft: _Drafting, case: CaseFile, hit: Hit, registry: Registry) -> None:
    seen = first_of(hit.accesses)
    view = hit.decoy.layer is Layer.VIEW
    indicators = indicators_of(case, hit)
    records = {access.record: access.beneficiary or "" for access in seen.values()}
    senders = [
        draft.node(2, f"{each.kind}\0{each.value}", shown(each.value), each.kind) for each in indicators
    ]
    for sender in senders:
        draft.weights[sender] += 1
    for record, beneficiary in records.items():
        place = draft.node(1, record, plain(record), f"for {plain(beneficiary)}" if beneficiary else "record")
        draft.weights[place] += 1
        for sender in senders:
            draft.met(place, sender)
        _add_winner(draft, place, record, beneficiary, registry)
    _add_employees(draft, hit, view=view)
    for sender, indicator in zip(senders, indicators, strict=True):
        _add_writers(draft, sender, indicator, registry)


def _add_employees(draft: _Drafting, hit: Hit, *, view: bool) -> None:
    seen = first_of(hit.accesses)
    for employee, access in list(seen.items())[: None if view else MOST_POSSIBLE]:
        beneath = "named" if view else "possible"
        place = draft.node(0, employee, plain(employee), beneath, sure=view)
        draft.weights[place] += 1
        draft.met(place, (1, access.record))
    if hit.touch and hit.accesses:
        place = draft.node(0, hit.touch.employee, plain(hit.touch.employee), "touched a decoy")
        draft.weights[place] += 1
        draft.met(place, (1, hit.accesses[0].record))


def _add_winner(draft: _Drafting, place: Place, record: str, beneficiary: str, registry: Registry) -> None:
    seller = registry.of_record(record, beneficiary)
    if seller or beneficiary:
        name = seller.name if seller else beneficiary
        winner = draft.node(3, seller.id if seller else name, plain(name), "profits")
        draft.weights[winner] += 1
        draft.edges[place, winner] += 0


def _add_writers(draft: _Drafting, sender: Place, indicator: Indicator, registry: Registry) -> None:
    for seller in registry.of_indicator(indicator):
        writer = draft.node(3, seller.id, plain(seller.name), "known by the mail")
        draft.weights[writer] += 1
        draft.met(sender, writer)


def _ordered(title: str, draft: _Drafting) -> Graph:
    drawn: dict[Place, Place] = {}
    layers: list[list[Node]] = []
    for layer in range(len(LAYERS)):
        places = sorted(
            (place for place in draft.words if place[0] == layer),
            key=lambda place: (not draft.words[place][2], -draft.weights[place], place),
        )
        nodes = [
            Node(*place, *draft.words[place][:2], draft.weights[place], draft.words[place][2])
            for place in places[:MOST]
        ]
        rest = places[MOST:]
        if rest:
            hits = sum(draft.weights[place] for place in rest)
            nodes.append(
                Node(layer, "\0rest", f"{len(rest):,} more", "not drawn one by one", hits, sure=False)
            )
        drawn |= {place: place for place in places[:MOST]}
        drawn |= dict.fromkeys(rest, (layer, "\0rest"))
        layers.append(nodes)
    weights: Counter[tuple[Place, Place]] = Counter()
    for (start, end), weight in draft.edges.items():
        weights[drawn[start], drawn[end]] += weight
    edges = tuple(Edge(start, end, weight) for (start, end), weight in weights.items())
    return Graph(title, tuple(map(tuple, _untangled(layers, edges))), edges)


def _untangled(layers: list[list[Node]], edges: Iterable[Edge]) -> list[list[Node]]:
    """Return the layers, each in the order of the middle of what its nodes are joined to (barycentres)."""
    joined: dict[Place, list[Place]] = {}
    for edge in edges:
        joined.setdefault(edge.start, []).append(edge.end)
        joined.setdefault(edge.end, []).append(edge.start)
    for turn in range(ROUNDS):
        numbers = range(len(layers)) if turn % 2 == 0 else range(len(layers) - 1, -1, -1)
        for number in numbers:
            at = _heights(layers)
            layers[number] = sorted(
                layers[number], key=lambda node: _middle(node, joined.get((node.layer, node.key), ()), at)
            )
    return layers


def _heights(layers: Sequence[Sequence[Node]]) -> dict[Place, float]:
    return {
        (node.layer, node.key): (row + 0.5) / len(nodes) for nodes in layers for row, node in enumerate(nodes)
    }


def _middle(node: Node, neighbours: Sequence[Place], at: dict[Place, float]) -> float:
    if node.key == "\0rest":
        return 2.0
    if not neighbours:
        return at[node.layer, node.key]
    return sum(at[place] for place in neighbours) / len(neighbours)

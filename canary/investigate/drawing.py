"""A graph becomes an SVG that stands by itself: no script, no link, no stranger's word unescaped."""

from collections.abc import Iterator
from math import sqrt
from xml.sax.saxutils import escape

from canary.investigate.graph import LAYERS, Edge, Graph, Node
from canary.quoting import capped

WIDTH, HEIGHT = 200, 44
ACROSS, DOWN = 290, 58
LEFT, TOP = 24, 96
MOST_CHARS = 24
MOST_BENEATH = 31
FILLS = ("#fde2e1", "#e3edfb", "#fdf1d3", "#e2f3e5")
LINES = ("#b3403a", "#3a66a8", "#a37a1c", "#3c7d4a")
INK, FAINT = "#1f2328", "#57606a"
FONT = "font-family=\"'DejaVu Sans', Verdana, sans-serif\""
NOTE = "Exposed through the access of: this names accounts, not culprits. Dashed: possible, not named."


def svg(graph: Graph) -> str:
    """Return the drawing, as text in UTF-8."""
    rows = max((len(layer) for layer in graph.layers), default=0)
    width, height = LEFT * 2 + ACROSS * (len(LAYERS) - 1) + WIDTH, TOP + DOWN * max(rows, 1) + 28
    places = {
        (node.layer, node.key): (LEFT + ACROSS * node.layer, TOP + _offset(rows, len(nodes)) + DOWN * row)
        for nodes in graph.layers
        for row, node in enumerate(nodes)
    }
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {FONT}>',
        f"<title>{_safe(graph.title, 80)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 34, graph.title, 17, INK, 80, weight="bold"),
        _text(LEFT, height - 14, NOTE, 12, FAINT, 200),
        *_heads(),
        *(_edge(each, places) for each in sorted(graph.edges, key=lambda each: each.weight)),
        *(
            line
            for nodes in graph.layers
            for node in nodes
            for line in _node(node, *places[node.layer, node.key])
        ),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _offset(rows: int, count: int) -> int:
    """Return how much lower a short layer begins, so that it stands in the middle."""
    return (rows - count) * DOWN // 2


def _heads() -> Iterator[str]:
    for layer, words in enumerate(LAYERS):
        yield _text(LEFT + ACROSS * layer, 72, words, 13, FAINT, 40)


def _edge(edge: Edge, places: dict[tuple[int, str], tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = places[edge.start], places[edge.end]
    x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT // 2, y2 + HEIGHT // 2
    bend = max((x2 - x1) // 2, 30)
    wide = min(1.2 + sqrt(edge.weight), 8)
    dashes = "" if edge.weight else ' stroke-dasharray="2 4"'
    return (
        f'<path d="M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" stroke="#8c959f" '
        f'stroke-opacity="0.65" stroke-width="{wide:.1f}"{dashes}/>'
    )


def _node(node: Node, x: int, y: int) -> Iterator[str]:
    dashes = "" if node.sure else ' stroke-dasharray="5 3"'
    yield (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" fill="{FILLS[node.layer]}" '
        f'stroke="{LINES[node.layer]}"{dashes}/>'
    )
    yield _text(x + 10, y + 19, node.words, 13, INK, MOST_CHARS)
    hits = "1 hit" if node.weight == 1 else f"{node.weight:,} hits"
    yield _text(x + 10, y + 35, f"{node.beneath}, {hits}", 10, FAINT, MOST_BENEATH)


def _text(x: int, y: int, words: str, size: int, ink: str, most: int, *, weight: str = "normal") -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{ink}"'
    return f'<text x="{x}" y="{y}" {style}>{_safe(words, most)}</text>'


def _safe(words: str, most: int) -> str:
    """Return words that are no markup, and fit."""
    return escape(capped(words, most))

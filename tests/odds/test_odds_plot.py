"""The picture: what stands in it, and that it is the same each time."""

import io
from importlib.util import find_spec
from itertools import pairwise
from xml.etree import ElementTree as ET

from canary.odds.plot import Line, draw, label_places
from tests.parts import need

SIZES = (1, 10, 100, 1000)


def lines() -> dict[str, Line]:
    return {
        "seen": Line(SIZES, (0.1, 0.5, 0.96, 1.0), 95),
        "attributed": Line(SIZES, (0.1, 0.4, 0.9, 1.0), 240),
        "compared": Line(SIZES, (0.0, 0.0, 0.0, 0.02), None),
    }


def drawn(plans: dict[str, dict[str, Line]], kind: str) -> bytes:
    need(find_spec("matplotlib"), "matplotlib")
    file = io.BytesIO()
    draw(plans, "20 addresses a page", file, kind)
    return file.getvalue()


def test_a_plan_is_drawn_as_svg_and_as_png() -> None:
    svg = drawn({"reviews": lines()}, "svg")
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    for words in ("Plan reviews: chance by size of the leak", "95 % from 95", "2 % at 1,000"):
        assert words in svg.decode(), words
    assert drawn({"reviews": lines()}, "png").startswith(b"\x89PNG\r\n\x1a\n")


def test_the_same_lines_give_the_same_bytes() -> None:
    plans = {"reviews": lines(), "busy": lines()}
    assert drawn(plans, "svg") == drawn(plans, "svg")


def test_labels_do_not_lie_upon_each_other_nor_outside() -> None:
    for count in (1, 2, 3, 7, 12):
        many = {f"plan {n}": Line(SIZES, (0.0, 0.2, 0.5 + n / 100, 1.0), None) for n in range(count)}
        heights = [height for _, height in label_places(many)]
        assert all(0 <= height <= 1 for height in heights)
        gaps = [above - below for above, below in pairwise(heights)]
        assert all(gap >= min(0.15, 1 / count) - 1e-9 for gap in gaps)
    assert [name for name, _ in label_places(lines())] == ["seen", "attributed", "compared"]

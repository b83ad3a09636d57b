"""Chances by leak size become a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

FORMATS: Final = ("svg", "png")
# Okabe and Ito's colours, which people who see fewer colours can tell apart; no yellow on white.
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
INK: Final = "#333333"
PALE: Final = "#dddddd"
APART: Final = 0.15
SURE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Line:
    """A chance (0 to 1) at each size of the leak, and the size from which on it is 95 %, if there is one."""

    sizes: Sequence[int]
    heights: Sequence[float]
    sure: int | None


def draw(plans: Mapping[str, Mapping[str, Line]], subtitle: str, file: IO[bytes], kind: str) -> None:
    """Write lines by plan and by the name of the chance as SVG or PNG.

    One plan's chances are on one panel; several plans are compared on a panel for each chance. The same
    lines give the same bytes. Raises ImportError where matplotlib is missing.
    """
    from matplotlib import rc_context  # noqa: PLC0415 - an extra, and half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: dict[RcKeyType, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": PALE,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "svg.hashsalt": "canary",
    }
    (first, lines), *others = plans.items()
    panels = {name: {plan: plans[plan][name] for plan in plans} for name in lines} if others else {"": lines}
    with rc_context(style):
        figure = Figure(figsize=(13.2, 4.6) if others else (8.4, 4.6), dpi=150, facecolor="white")
        for place, (name, shown) in enumerate(panels.items(), start=1):
            _panel(figure, (1, len(panels), place), name, shown)
        title = "Chance by size of the leak" if others else f"Plan {first}: chance by size of the leak"
        edge = 0.012
        figure.text(edge, 0.965, title, size=13, weight="bold", va="top")
        figure.text(edge, 0.895, subtitle, size=9, va="top")
        left, right = (0.052, 0.9) if others else (0.08, 0.765)
        figure.subplots_adjust(left=left, right=right, top=0.78, bottom=0.13, wspace=0.6)
        metadata = {"Date": None, "Creator": "canary"} if kind == "svg" else {"Software": "canary"}
        figure.savefig(file, format=kind, metadata=metadata)


def _panel(figure: "Figure", grid: tuple[int, int, int], name: str, lines: Mapping[str, Line]) -> None:
    axes = figure.add_subplot(*grid)
    axes.set_title(name, loc="left", size=10.5, weight="bold", pad=8)
    for number, line in enumerate(lines.values()):
        colour = COLOURS[number % len(COLOURS)]
        # What lies under another line is wider: lines that coincide, as one plan's may, can all be seen.
        width = 2 + (1 if name else 2) * (len(lines) - 1 - number)
        axes.plot(line.sizes, line.heights, color=colour, linewidth=width, solid_capstyle="round", zorder=2)
        if line.sure and line.sure <= line.sizes[-1]:
            axes.plot([line.sure], [SURE], "o", color=colour, markersize=4 + width, zorder=3)
            axes.plot([line.sure], [SURE], "o", color="white", markersize=3, zorder=4)
    _frame(axes, max(line.sizes[-1] for line in lines.values()))
    for label, height in label_places(lines):
        line, colour = lines[label], COLOURS[list(lines).index(label) % len(COLOURS)]
        words = f"{label}\n{_when_sure(line)}"
        axes.annotate(words, (1.03, height), xycoords="axes fraction", color=colour, size=9, va="center")


def _frame(axes: "Axes", largest: int) -> None:
    axes.set_xscale("log")
    axes.set_xlim(1, largest)
    axes.set_ylim(0, 1.015)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
    axes.yaxis.set_major_formatter(lambda chance, _: f"{chance * 100:.0f} %")
    axes.minorticks_off()
    axes.set_xlabel("addresses in the leak")
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def label_places(lines: Mapping[str, Line]) -> list[tuple[str, float]]:
    """Return each line's label and a height near the line's end, highest first, none upon another.

    Lines that end alike are in the order in which they rise.
    """
    order = sorted(lines, key=lambda name: (lines[name].heights[-1], sum(lines[name].heights)), reverse=True)
    step = min(APART, 1 / len(order))
    heights: list[float] = []
    for name in order:
        wanted = min(lines[name].heights[-1], 1 - step / 4)
        heights.append(min(wanted, heights[-1] - step) if heights else wanted)
    lowest = step / 4 + step * (len(order) - 1)
    raised = [max(height, lowest - step * place) for place, height in enumerate(heights)]
    return list(zip(order, raised, strict=True))


def _when_sure(line: Line) -> str:
    if line.sure is None or line.sure > line.sizes[-1]:
        return f"{line.heights[-1] * 100:.0f} % at {line.sizes[-1]:,}"
    return f"{SURE * 100:.0f} % from {line.sure:,}"

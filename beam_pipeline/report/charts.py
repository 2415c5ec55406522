"""Charts as SVG to stand in a page: drawn by matplotlib, coloured by the page's style sheet, so that they read on light and dark.

Matplotlib writes fixed colours and `style` attributes, which the page's Content-Security-Policy does not allow: colours that
stand for roles (`INK`, `GRID`, series) become classes, all else attributes. Texts stay texts, in the font of the page.
"""

import io
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from beam_pipeline.report.elements import Html

# Roles, as colours that nothing else has.
INK, MUTED, GRID, SURFACE = "#010101", "#020202", "#030303", "#040404"
SERIES = tuple(f"#0a0a{number:02x}" for number in range(1, 13))
_CLASSES = {INK: "ink", MUTED: "muted", GRID: "grid", SURFACE: "surface"} | {
    colour: f"s{number}" for number, colour in enumerate(SERIES)
}
# A chart is as wide as a phone, in points that are the page's pixels: wider screens show several side by side.
WIDTH, HEIGHT = 380, 210
_STYLE = {
    **dict.fromkeys(("axes.edgecolor", "grid.color", "xtick.color", "ytick.color"), GRID),
    **dict.fromkeys(("axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), MUTED),
    **dict.fromkeys(("axes.spines.left", "axes.spines.right", "axes.spines.top"), False),
    **dict.fromkeys(("axes.grid", "axes.axisbelow", "figure.constrained_layout.use"), True),
    **{"axes.grid.axis": "y", "grid.linewidth": 0.7, "xtick.major.size": 3, "ytick.major.size": 0},
    **{"svg.fonttype": "none", "font.size": 11, "path.simplify_threshold": 0.3},
}
# From so many seconds on a time axis is in units of so many.
_TIME_SCALES = ((3 * 3600, 3600.0, "hours"), (180, 60.0, "minutes"), (0, 1.0, "seconds"))
# A name of a part that begins so is said when a pointer rests on it.
_SAYS = "says: "
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_UNWANTED = ("font-family", "stroke-linejoin", "stroke-linecap", "font-style", "font-weight")
ElementTree.register_namespace("", _SVG[1:-1])


def histogram(name: str, title: str, counts: Mapping[int, int], series: int) -> Html:
    """Bars of how often each length occurs; in steps that double where lengths go over two orders of magnitude."""
    edges = bins(counts)
    heights = [0] * (len(edges) - 1)
    for length, number in counts.items():
        heights[bisect_right(edges, length) - 1] += number
    with _drawing(name) as (figure, axes):
        positions = range(len(heights))
        axes.bar([at + 0.5 for at in positions], heights, width=0.92, color=SERIES[series], linewidth=0)
        every = max(1, -(-len(edges) // 8))
        # A bar of one length has it below its middle, one of several between the two where it begins and ends.
        single = all(after - before == 1 for before, after in itertools.pairwise(edges))
        places = [at + 0.5 * single for at in range(0, len(edges) - single, every)]
        axes.set_xticks(places, [_short(edges[int(at)]) for at in places])
        if single:
            axes.tick_params(axis="x", length=0)
        axes.set_xlabel("words")
        _count_axis(axes)
        return _svg(figure, name, title)


def bins(counts: Mapping[int, int], most: int = 24) -> list[int]:
    """The edges of a histogram's bins, whole numbers; the last is beyond the greatest length."""
    least, greatest = min(counts, default=0), max(counts, default=0)
    if greatest > 100 * max(1, least) or greatest > 400:
        edges = [max(0, least if least < 10 else 1 << (least.bit_length() - 1))]
        while edges[-1] <= greatest:
            # Steps of the square root of two, on whole numbers that read well.
            following = max(edges[-1] + 1, float(f"{max(1, edges[-1]) * 1.4142:.2g}"))
            edges.append(int(following))
        return edges
    step = max(1, -(-(greatest - least + 1) // most))
    step = next((nice for nice in (1, 2, 5, 10, 20, 25, 50, 100) if nice >= step), step)
    begin = least // step * step
    return list(range(begin, greatest + step + 1, step))


def pie(name: str, title: str, values: Sequence[tuple[str, int, int]]) -> Html:
    """Shares as a ring: (label, value, series) in order. The legend is the page's."""
    with _drawing(name, HEIGHT, HEIGHT) as (figure, axes):
        total = sum(value for _, value, _ in values)
        wedges, _ = axes.pie(
            [value for _, value, _ in values],
            colors=[SERIES[series] for _, _, series in values],
            startangle=90,
            counterclock=False,
            radius=1.2,
            wedgeprops={"width": 0.5, "edgecolor": SURFACE, "linewidth": 1.5},
        )
        for wedge, (label, value, _) in zip(wedges, values, strict=True):
            wedge.set_gid(f"{_SAYS}{label}: {value:,} ({value / max(1, total):.0%})")
        axes.text(0, 0.08, f"{total:,}", ha="center", va="center", fontsize=22, color=INK)
        axes.text(0, -0.2, "pairs", ha="center", va="center", fontsize=11, color=MUTED)
        return _svg(figure, name, title)


def lines(name: str, title: str, at: Sequence[float], rows: Sequence[tuple[Sequence[float | None], int]], unit: str) -> Html:
    """Lines over the seconds of a run, (values, series) each; a value that is None leaves a gap. A single one is filled below."""
    scale, time_unit = next((scale, name) for least, scale, name in _TIME_SCALES if max(at) >= least)
    with _drawing(name) as (figure, axes):
        times = [moment / scale for moment in at]
        for values, series in rows:
            numbers = [float("nan") if value is None else value for value in values]
            marker = "o" if sum(value is not None for value in values) < 3 else ""
            axes.plot(times, numbers, color=SERIES[series], linewidth=1.6, marker=marker, markersize=3, solid_joinstyle="round")
        if len(rows) == 1:
            axes.fill_between(times, [value or 0 for value in rows[0][0]], color=SERIES[rows[0][1]], alpha=0.18, linewidth=0)
        axes.set_xlim(0, max(times))
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"{time_unit} since the start")
        axes.set_ylabel(unit)
        _count_axis(axes, whole=False)
        return _svg(figure, name, title)


def stacked(name: str, title: str, rows: Sequence[tuple[Sequence[int], int]]) -> Html:
    """Stacked bars, one place for each window of a stream: (values, series) from the bottom up."""
    with _drawing(name) as (figure, axes):
        bottom = [0] * len(rows[0][0])
        for values, series in rows:
            axes.bar(range(1, len(values) + 1), values, bottom=bottom, color=SERIES[series], width=0.9, linewidth=0)
            bottom = [low + value for low, value in zip(bottom, values, strict=True)]
        axes.set_xlabel("window")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        _count_axis(axes)
        return _svg(figure, name, title)


def scatter(name: str, title: str, points: Sequence[tuple[float, float]], series: Sequence[int]) -> Html:
    """Dots on a square, in order; axes without meaning are not drawn."""
    with _drawing(name, 520, 440) as (figure, axes):
        axes.set_axis_off()
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        size = max(12.0, min(60.0, 9000 / max(1, len(points))))
        for (x, y), number in zip(points, series, strict=True):
            # One at a time, so that the order in the drawing is that of the rows, whatever their colours.
            axes.plot([x], [y], "o", color=SERIES[number], markersize=size**0.5, markeredgewidth=0, alpha=0.8, clip_on=False)
        return _svg(figure, name, title)


@contextmanager
def _drawing(name: str, width: float = WIDTH, height: float = HEIGHT) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes, in the style of the page."""
    # Ids are made from a salt: several drawings stand in one page.
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        yield figure, figure.add_subplot()


def _count_axis(axes: Axes, whole: bool = True) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=whole))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _short(value: float) -> str:
    """A number for an axis: 950, 1.2k, 3M."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def _svg(figure: Figure, name: str, title: str) -> Html:
    """A figure as an element of a page: no prologue, no `style`, roles as classes, a title for who cannot see it."""
    written = io.StringIO()
    figure.savefig(written, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(written.getvalue())
    _clean(root, set(re.findall(r"#([\w.-]+)", written.getvalue())))
    del root.attrib["width"], root.attrib["height"]
    root.attrib |= {"class": "chart", "role": "img", "aria-label": title, "data-chart": name}
    return Html(ElementTree.tostring(root, encoding="unicode"))


def _clean(node: ElementTree.Element, referred: set[str]) -> None:
    """Take out of an element and all below it what a page does not want: see the top of this file."""
    if node.tag != f"{_SVG}text":
        node.text = None
    node.tail = None
    children: list[ElementTree.Element] = []
    for child in node:
        if child.tag not in (f"{_SVG}metadata", f"{_SVG}style"):
            _clean(child, referred)
            # Groups that only had a name are no more than their members.
            children += list(child) if child.tag == f"{_SVG}g" and not child.attrib else [child]
    node[:] = children
    name = node.attrib.pop("id", "")
    if name.startswith(_SAYS):
        title = ElementTree.Element(f"{_SVG}title")
        title.text = name.removeprefix(_SAYS)
        node.insert(0, title)
        node.attrib["class"] = "said"
    elif name in referred:
        node.attrib["id"] = name
    given = (part.partition(":") for part in node.attrib.pop("style", "").split(";") if ":" in part)
    properties = {name.strip(): value.strip() for name, _, value in given if name.strip() not in _UNWANTED}
    if (font := properties.pop("font", "")) and (size := re.match(r"(?:[a-z]+ )*([\d.]+)px", font)):
        properties["font-size"] = size[1]
    classes = []
    for role in ("fill", "stroke"):
        colour = properties.pop(role, "") or node.attrib.pop(role, "")
        if colour in _CLASSES:
            classes.append(f"{role}-{_CLASSES[colour]}")
        elif colour:
            properties[role] = colour
    if classes:
        node.attrib["class"] = " ".join(classes)
    node.attrib |= properties
    if _XLINK in node.attrib:
        node.attrib["href"] = node.attrib.pop(_XLINK)

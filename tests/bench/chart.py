"""The chart, as SVG: for each row that has marks, a bar for each column of popgate, as a ratio to the best peer."""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 900, 300, 100      # of the picture; of the names; of the numbers
TOP, BAR, GAP = 84, 10, 14              # above the first row; of a bar with its distance 2 less; between rows
MOST = 2.0                              # the scale ends here; what is longer is cut, and its number says how long it is
COLOURS = ("#3987d9", "#2ba39b", "#8b76c9", "#e08a3c", "#c0527a")

STYLE = """
.page { fill: #ffffff }
text { font: 12px system-ui, sans-serif; fill: #24292f }
.head { font-size: 15px; font-weight: 600 }
.small { font-size: 10px }
.missed { fill: #c21f2f }
.axis { stroke: #8c959f; stroke-width: 1 }
.best { stroke: #24292f; stroke-width: 1.5; stroke-dasharray: 4 3 }
.mark { stroke: #24292f; stroke-width: 3 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 }
text { fill: #d5dce4 }
.missed { fill: #ff8078 }
.best, .mark { stroke: #d5dce4 }
}
"""


def place(ratio):
    return LEFT + (WIDTH - LEFT - RIGHT) * min(ratio, MOST) / MOST


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def upright(x, top, bottom, kind):
    return f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" class="{kind}"/>'


def bar(y, colour, verdict):
    """A column's ratio, the tick of its mark, and the number."""
    words = f"{verdict.value:.2f}" + ("" if verdict.reached else ", missed")
    yield f'<rect x="{LEFT}" y="{y:.1f}" width="{place(verdict.value) - LEFT:.1f}" height="{BAR - 2}" fill="{colour}"/>'
    if verdict.allowed <= MOST:
        yield upright(place(verdict.allowed), y - 1, y + BAR - 1, "mark")
    yield text(WIDTH - RIGHT + 14, y + BAR - 2, words, "small" if verdict.reached else "small missed")


def group(results, row, columns, y):
    (best, number), known = results.best_peer(row), results.rows[row]
    yield text(LEFT - 10, y + BAR, row, anchor="end")
    yield text(LEFT - 10, y + 2.6 * BAR, f"best: {best}, {number:.{known['digits']}f} {known['unit']}", "small", "end")
    for place_of_bar, (column, colour) in enumerate(columns):
        if verdict := results.verdict(row, column):
            yield from bar(y + place_of_bar * BAR, colour, verdict)


def legend(columns):
    yield text(10, 24, "popgate, times the best of the peers in the same run; less is better", "head")
    step = (WIDTH - 20) / max(1, len(columns))
    for number, (column, colour) in enumerate(columns):
        x = 10 + number * step
        yield f'<rect x="{x:.0f}" y="40" width="12" height="12" fill="{colour}"/>'
        yield text(x + 18, 50, column["name"].removeprefix("popgate "))


def scale(bottom):
    for tenths in range(0, int(MOST * 10) + 1, 5):
        yield upright(place(tenths / 10), TOP - 8, bottom, "best" if tenths == 10 else "axis")
        yield text(place(tenths / 10), TOP - 14, f"{tenths / 10:g}", "small", "middle")
    yield text(10, bottom + 18, "A thick tick is the mark that a column has to reach; the dashed line is the best peer.", "small")


def draw(results):
    columns = list(zip(results.of_kind("popgate"), COLOURS))
    rows = [row for row in results.rows
            if any((verdict := results.verdict(row, column)) and verdict.relative for column, _ in columns)]
    height = max(3, len(columns)) * BAR + GAP
    bottom = TOP + height * len(rows)
    parts = [*legend(columns), *scale(bottom)]
    for number, row in enumerate(rows):
        parts += group(results, row, columns, TOP + GAP / 2 + number * height)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 30}" width="{WIDTH}" height="{bottom + 30}">\n'
            f'<style>{STYLE}</style>\n<rect class="page" width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n")

"""The tables of the bench, as text."""

NAME_WIDTH, CELL_WIDTH = 44, 16


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def spread(results, row, column):
    numbers, digits = results.numbers(row, column), results.rows[row]["digits"]
    return f"{number(min(numbers), digits)}..{number(max(numbers), digits)}" if numbers else ""


def ratio(value, base):
    return f"{value / base:.2f}" if value is not None and base else ""


def lines_of(results, row):
    """A row, with a line for each column: median, spread, ratio to the best peer, ratio to no proxy, the mark."""
    best, known = results.best_peer(row), results.rows[row]
    yield f"{row}, {known['unit']}"
    for column in results.columns:
        value = results.median(row, column["name"])
        if value is None:
            continue
        words = [f"  {column['name']:<34}{number(value, known['digits']):>10}  {spread(results, row, column['name']):<20}",
                 f"{ratio(value, best and best[1]):>7}"]
        if verdict := results.verdict(row, column):
            words.append(f"  mark {verdict.mark:.2f}: {'reached' if verdict.reached else 'MISSED'}")
        elif best and best[0] == column["name"]:
            words.append("  the best peer")
        yield "".join(words)


def show(results):
    print("\nmedians, least..most, and times the best peer")
    for row in results.rows:
        print()
        print("\n".join(lines_of(results, row)))
    for text in results.notes:
        print(text)

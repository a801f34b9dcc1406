"""The results as text: everything, for a terminal; and the tables of README.md."""
import statistics

from floor import FLOORS

FLOOR_WORDS = {
    "sign_ms": "ECDSA P-256, ms a signature",
    "x25519_ms": "X25519, ms",
    "aes_s_per_gb": "AES-128-GCM in records of 16 KB, s/GB",
    "sha256_s_per_gb": "SHA-256, s/GB",
    "sockets_s_per_gb": "from one socket to another, s/GB",
    "copy_s_per_gb": "memory to memory, s/GB",
}


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def spread(numbers, digits):
    return f"{number(min(numbers), digits)}..{number(max(numbers), digits)}" if numbers else ""


def judged(verdict):
    """'1.12, mark 0.95: missed'"""
    word = "mark" if verdict.relative else "at most"
    return f"{verdict.value:.2f}, {word} {verdict.allowed:.2f}: {'reached' if verdict.reached else 'missed'}"


def line(results, row, column):
    """Name, median, spread, ratio to the best peer, ratio to the floor, the mark."""
    name, digits = column["name"], results.rows[row]["digits"]
    value, ratio, floor = results.median(row, name), results.ratio_to_best(row, name), results.floor_of(row)
    verdict = results.verdict(row, column)
    ratios = (f"{ratio:.2f}" if ratio else "", f"{value / floor:.1f}" if floor else "")
    return (f"  {name:<32}{number(value, digits):>10}  {spread(results.numbers(row, name), digits):<18}{ratios[0]:>8}{ratios[1]:>7}"
            + (f"   {judged(verdict)}" if verdict else ""))


def show_row(results, row):
    floor = results.floor_of(row)
    print(f"\n{row}" + (f", {results.rows[row]['unit']}" if results.rows[row]["unit"] else "")
          + (f"; the floor: {number(floor, results.rows[row]['digits'])} ({FLOORS[row][0]})" if floor else ""))
    for column in results.columns:
        if results.numbers(row, column["name"]):
            print(line(results, row, column))


def show_growth(results, name):
    known, verdict = results.growth[name], results.growth_verdict(name)
    print(f"\n{name}, {known['unit']}")
    for size, numbers in known["numbers"].items():
        print(f"  {size:>32}{number(statistics.median(numbers), known['digits']):>10}  {spread(numbers, known['digits']):<18}")
    if verdict:
        print(f"  {'the last, times the first':>32}{'':>10}  {judged(verdict)}")


def show(results):
    for key, value in results.machine.items():
        print(f"{key}: {value}")
    print(f"\nmedians of {results.rounds}, least..most, times the best peer, times the floor")
    for row in results.rows:
        show_row(results, row)
    for name in results.growth:
        show_growth(results, name)
    print()
    for name, value in results.floor_medians().items():
        print(f"{FLOOR_WORDS[name]}: {value:.3f}")
    for text in results.remarks():
        print(text)
    show_misses(results)


def show_misses(results):
    verdicts = [(f"{column['name']}: {row}", verdict) for row in results.rows for column in results.of_kind("popgate")
                if (verdict := results.verdict(row, column))]
    verdicts += [(name, verdict) for name in results.growth if (verdict := results.growth_verdict(name))]
    missed = [(name, verdict) for name, verdict in verdicts if not verdict.reached]
    print(f"\n{len(verdicts) - len(missed)} of {len(verdicts)} marks are reached" + (", missed are" if missed else ""))
    for name, verdict in missed:
        print(f"  {name}: {judged(verdict)}")


def cells(values):
    return "| " + " | ".join(values) + " |"


def peer_cell(results, row, column):
    text = number(results.median(row, column["name"]), results.rows[row]["digits"])
    return f"**{text}**" if column["name"] == results.best_peer(row)[0] else text


def popgate_cell(results, row, column):
    """The number and, where it has a mark, the ratio; what is missed says so."""
    value, verdict = results.median(row, column["name"]), results.verdict(row, column)
    text = number(value, results.rows[row]["digits"])
    if verdict is None:
        return text
    ratio = f" ({verdict.value:.2f})" if verdict.relative else ""
    return text + ratio + ("" if verdict.reached else f", missed {verdict.allowed:.2f}")


def table(results, columns, cell, first):
    """Markdown: a line for each row."""
    yield cells([first, *(column["name"].removeprefix("popgate ") for column in columns)])
    yield cells(["---"] * (len(columns) + 1))
    for row, known in results.rows.items():
        yield cells([row + (f", {known['unit']}" if known["unit"] else ""), *(cell(results, row, column) for column in columns)])


def growth_table(results):
    yield cells(["popgate alone", "with", "it costs", "the last, times the first"])
    yield cells(["---"] * 4)
    for name, known in results.growth.items():
        medians = (number(statistics.median(numbers), known["digits"]) for numbers in known["numbers"].values())
        verdict = results.growth_verdict(name)
        yield cells([f"{name}, {known['unit']}", ", ".join(known["numbers"]), ", ".join(medians),
                     f"{verdict.value:.2f}" + ("" if verdict.reached else f", missed {verdict.allowed:.2f}") if verdict else ""])


def markdown(results):
    """The part of README.md that `keep` writes: the machine, what the peers cost, and what popgate does."""
    about = "; ".join(f"{key} {value}" for key, value in results.machine.items())
    peers, ours = results.of_kind("peer", "direct"), results.of_kind("popgate")
    lines = [f"Medians of {results.rounds} rounds. {about}.", "", *table(results, peers, peer_cell, "peers"), "",
             *table(results, ours, popgate_cell, "popgate"), "", *growth_table(results), ""]
    return "\n".join(lines + [f"- {text}" for text in results.remarks()]) + "\n"

"""The accepted pairs: a map of the questions, what they ask, how long they are, how much they repeat each other."""

from typing import Any

from beam_pipeline.report import charts
from beam_pipeline.report.browse import ACCEPTED
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.figures import Lengths
from beam_pipeline.report.layout import card, counted, grid, keys, lead, most
from beam_pipeline.report.outcome_sections import COLOURS, domain_series
from beam_pipeline.report.question_map import LEAST, place_questions
from beam_pipeline.report.tables import Bar, bar, number, table


def map_points(collected: Collected) -> list[tuple[float, float]]:
    """Where each accepted row of the sample lies on the map, in their order; [] without a map."""
    return place_questions([row["title"] for row in _accepted_rows(collected)])


def map_rows(collected: Collected) -> list[int]:
    """The numbers of the rows that the dots of the map stand for, in their order."""
    return [at for at, row in enumerate(collected.rows) if row["kind"] == ACCEPTED]


def _accepted_rows(collected: Collected) -> list[dict[str, Any]]:
    return [row for row in collected.rows if row["kind"] == ACCEPTED]


def question_map(collected: Collected) -> Html:
    """The questions of the sample in the plane, coloured by domain."""
    rows, series = _accepted_rows(collected), domain_series(collected)
    if not rows:
        return Html("")
    points = map_points(collected)
    if not points:
        return element("p", f"A map needs {LEAST} questions that share words; there are {len(rows)} questions.", class_="note")
    colours = [series.get(row.get("domain", ""), COLOURS) for row in rows]
    names = {colour: name for name, colour in series.items() if colour < COLOURS}
    of_all = "All" if len(rows) == collected.figures.accepted else f"{len(rows):,} of {collected.figures.accepted:,}"
    return joined(
        lead(
            f"{of_all} accepted questions, each a dot in the colour of its domain. Questions with words in common lie close "
            "together; the axes and long distances mean nothing. A tight knot of dots is a theme that is asked again and again, "
            "a dot among those of another colour is often a wrong domain."
        ),
        keys(*((names.get(colour, "others"), f"s{colour}") for colour in sorted(set(colours)))),
        element(
            "figure",
            charts.scatter("map", "Map of questions, coloured by domain", points, colours),
            element(
                "figcaption", "Rest on a dot to read its question, press it to see the row.", id="mapped", aria_live="polite"
            ),
            class_="map",
        ),
    )


def pairs(collected: Collected) -> Html:
    """Answer types, question words, sources, pass rates."""
    figures, summary = collected.figures, collected.summary
    if not figures.accepted:
        return Html("")
    parts = [
        card(
            "Answer types",
            "What kind of answer the questions want.",
            counted(summary["answer_types"] or figures.answer_types, "s0"),
        ),
        card("Question words", "How the questions ask.", counted(most(figures.asks, 8), "s1", ordered=True)),
    ]
    sources = {name or "(none)": value for name, value in figures.sources.items()}
    if len(sources) > 1:
        parts.append(
            card("Sources", "Where the documents of the pairs come from.", counted(most(sources, 8), "s2", ordered=True))
        )
    if figures.measured:
        tenths = {f"{at * 10} to {at * 10 + 10}%": figures.pass_rates[at] for at in range(10)}
        note = f"Share of closed-book answers that were right, of {figures.measured:,} measured pairs."
        parts.append(card("Pass rate", note, counted(tenths, "s3", ordered=True)))
    return grid(parts)


def lengths(collected: Collected) -> Html:
    """How long questions, answers and documents are."""
    figures, looked = collected.figures, collected.looked
    parts = []
    scope = "the whole input" if looked.whole else f"the first {looked.documents:,} documents of the input"
    for name, title, note, lengths, series in (
        ("questions", "Questions", "Accepted pairs.", figures.question_words, 0),
        ("answers", "Answers", "Accepted pairs; short answers are what a reward can check.", figures.answer_words, 1),
        ("texts", "Documents", f"Before screening, {scope}.", looked.lengths, 2),
    ):
        if lengths.number:
            chart = charts.histogram(name, f"{title}: how many have how many words", lengths.counts, "words", series)
            parts.append(card(title, note, joined(chart, _spread(lengths))))
        elif name == "texts":
            parts.append(
                card(title, "", element("p", f"Not measured: {looked.problem or 'the input holds no documents'}.", class_="note"))
            )
    return joined(
        lead("Length in words along the bottom, how many have it upwards. Where the range is wide, steps grow by two fifths."),
        grid(parts),
    )


def _spread(lengths: Lengths) -> Html:
    values = (
        ("median", number(lengths.quantile(0.5))),
        ("mean", f"{lengths.mean:,.1f}"),
        ("95%", number(lengths.quantile(0.95))),
        ("longest", number(lengths.most)),
    )
    return element("dl", *(element("div", element("dt", name), element("dd", value)) for name, value in values), class_="spread")


def repetition(collected: Collected) -> Html:
    """What was found to repeat something, and how varied the rest is."""
    summary, reasons = collected.summary, collected.summary["reasons"]
    stages = summary["stages"]
    rows = []
    for what, stage, names in (
        ("documents: exact copies", "screen", ("read/exact_duplicate", "screen/exact_duplicate")),
        ("documents: near duplicates", "screen", ("screen/near_duplicate",)),
        ("questions: the same", "deduplicate", ("deduplicate/duplicate_question",)),
        ("questions: in other words", "deduplicate", ("deduplicate/near_duplicate_question",)),
        ("questions: of a benchmark", "decontaminate", tuple(name for name in reasons if name.startswith("decontaminate/"))),
    ):
        if stage in stages:
            came, found = sum(stages[stage].values()), sum(reasons.get(name, 0) for name in names)
            rows.append(
                [what, bar(1, Bar(found / max(1, came), "rejected")), number(found), number(came), f"{found / max(1, came):.1%}"]
            )
    diversity = summary.get("diversity")
    parts = (
        [
            card(
                "Taken out",
                "Of all rows that reached the stage that looks for them.",
                table(["", "", "Found", "Of", "Rate"], rows, wide=1),
            )
        ]
        if rows
        else []
    )
    if diversity and diversity.get("pairs"):
        domains, personas = diversity["domains"], diversity["personas"]
        facts = [
            ["different words, of all in the questions", f"{diversity['distinct_1']:.2f}"],
            ["different pairs of words, of all (distinct-2)", f"{diversity['distinct_2']:.2f}"],
            ["domains, and how even (1 is even)", f"{domains['distinct']:,} · {domains['entropy_normalised']:.2f}"],
            ["personas, and how even", f"{personas['distinct']:,} · {personas['entropy_normalised']:.2f}"],
            ["commonest persona's share", f"{personas['most_common_share']:.1%}"],
        ]
        parts.append(
            card(
                "Left: how varied it is",
                "Distinct shares fall as a run grows: compare runs of one size.",
                table(["", "Value"], facts),
            )
        )
    return grid(parts, "halves") if parts else Html("")

"""What came of the run: the funnel, the yield of each domain, why rows were left out; and of the accepted pairs a map of the
questions, what they ask, how long they are, how much they repeat, and which calls they took.
"""

from collections.abc import Sequence

import numpy as np

from beam_pipeline.report import charts
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.figures import ACCEPTED, MOST_NAMES, Lengths
from beam_pipeline.report.layout import bar, card, commonest, counted, grid, keys, lead, named, note, number, share, table
from beam_pipeline.summary.as_table import by_flow, repairs_line
from beam_pipeline.summary.doubt_notes import ASSUMES
from transforms.stages import STAGES, WHAT_STAGES_DO

# Domains with a colour of their own; the others share the last.
COLOURS = len(charts.SERIES) - 1
_MOST_REASONS = 15
# Fewer questions make no map.
LEAST = 8


def funnel(collected: Collected) -> Html:
    """How many passed each stage, and what became of the others."""
    stages, repairs = by_flow(collected.summary["stages"]), collected.summary.get("repairs")
    most = max((sum(row.values()) for _, row in stages), default=0)
    rows = []
    for stage, row in stages:
        ended = [row.get(name, 0) for name in ("passed", "rejected", "dead_lettered")]
        marks = bar(most, *zip(ended, ("accepted", "rejected", "dead"), strict=True))
        rows.append(
            [
                named(stage, WHAT_STAGES_DO.get(stage, "a stage of your own")),
                marks,
                *map(number, ended),
                share(ended[0], sum(ended)),
            ]
        )
    return joined(
        lead(
            "How many reach each stage, and what becomes of them there. Up to filter a row is a document (or a chunk of a "
            "long one); from classify on it is a task: one document for one persona, which can give one pair."
        ),
        keys(("passed", "accepted"), ("rejected: a verdict", "rejected"), ("dead letter: a failure", "dead")),
        table(["Stage", "", "Passed", "Rejected", "Dead", "Pass rate"], rows),
        *([note(f"{repairs_line(repairs).capitalize()}.")] if repairs and repairs["asked"] else []),
    )


def domain_series(collected: Collected) -> dict[str, int]:
    """The colour of each domain, by its share of the pairs; what is left shares the last one."""
    accepted = {name: row.get("accepted", 0) for name, row in collected.summary["domains"].items()}
    ordered = sorted(accepted, key=lambda name: (-accepted[name], name))
    return {name: min(at, COLOURS) for at, name in enumerate(ordered)}


def domains(collected: Collected) -> Html:
    """Share of each domain in the pairs, and which share of its tasks became pairs."""
    domains, series = collected.summary["domains"], domain_series(collected)
    accepted = {name: domains[name].get("accepted", 0) for name in series}
    rows = []
    for name, accepted_here in accepted.items():
        tasks = sum(value for key, value in domains[name].items() if key != "yield")
        role, rate = f"s{series[name]}", domains[name]["yield"]
        key = element("span", name or "(none)", class_=f"key {role}")
        rows.append([key, bar(1, (rate, role)), number(tasks), number(accepted_here), f"{rate:.0%}"])
    if not rows:
        return Html("")
    values = [(name, accepted[name], at) for name, at in series.items() if accepted[name] and at < COLOURS]
    if rest := sum(accepted[name] for name, at in series.items() if at == COLOURS):
        values.append(("others", rest, COLOURS))
    ring = charts.pie("domains", "Share of each domain in the accepted pairs", values) if values else None
    says = element("figcaption", "Accepted pairs by domain; the table beside names the colours.")
    return joined(
        lead("Which subjects the pairs are about, and which share of each subject's tasks became a pair."),
        element(
            "div",
            element("figure", ring, says) if ring else None,
            table(["Domain", "", "Tasks", "Pairs", "Yield"], rows),
            class_="beside",
        ),
    )


def reasons(collected: Collected) -> Html:
    """Rejections and dead letters by their reason."""
    parts, summary, again = [], collected.summary, "Failures: work that can be done again, with webscale-qa replay."
    for title, what, counts, role in (
        ("Rejections", "Verdicts: data worth reading.", summary["reasons"], "rejected"),
        ("Dead letters", again, summary["errors"], "dead"),
    ):
        shown: dict[str, int] = {}
        for name, value in list(counts.items())[:_MOST_REASONS]:
            stage, _, reason = name.partition("/")
            shown[named(reason, stage)] = value
        if rest := sum(list(counts.values())[_MOST_REASONS:]):
            shown[Html(f"{len(counts) - _MOST_REASONS} other reasons")] = rest
        content = counted(shown, role, ("Reason", "Rows"), max(counts.values())) if shown else note("None.")
        parts.append(card(title, f"{what} {sum(counts.values()):,} in all.", content))
    return joined(lead("Every document and task that gave no pair is in one of the two lists."), grid(parts, "halves"))


def map_rows(collected: Collected) -> list[int]:
    """The numbers of the rows that the dots of the map stand for, in their order."""
    return [at for at, row in enumerate(collected.rows) if row["kind"] == ACCEPTED]


def question_map(collected: Collected) -> Html:
    """The questions of the sample in the plane, coloured by domain."""
    rows, series = [collected.rows[at] for at in map_rows(collected)], domain_series(collected)
    if not rows:
        return Html("")
    points = _placed([row["title"] for row in rows])
    if not points:
        return note(f"A map needs {LEAST} questions that share words; there are {len(rows)} questions.")
    colours = [series.get(row.get("domain", ""), COLOURS) for row in rows]
    names = {colour: name for name, colour in series.items() if colour < COLOURS}
    accepted = collected.figures.rows[ACCEPTED]
    of_all = "All" if len(rows) == accepted else f"{len(rows):,} of {accepted:,}"
    chart = charts.scatter("map", "Map of questions, coloured by domain", points, colours)
    says = "Rest on a dot to read its question, press it to see the row."
    return joined(
        lead(
            f"{of_all} accepted questions, each a dot in the colour of its domain. Questions with words in common lie close "
            "together; the axes and long distances mean nothing. A tight knot of dots is a theme that is asked again and again, "
            "a dot among those of another colour is often a wrong domain."
        ),
        keys(*((names.get(colour, "others"), f"s{colour}") for colour in sorted(set(colours)))),
        element("figure", chart, element("figcaption", says, id="mapped", aria_live="polite"), class_="map"),
    )


def _placed(questions: Sequence[str]) -> list[tuple[float, float]]:
    """Coordinates from 0 to 1, one pair for each question; [] for fewer than `LEAST`, or where they share no words.

    Weighted words (TF-IDF), their main directions (truncated SVD), and of these a map in the plane (t-SNE), seeded, so that
    the same questions make the same map.
    """
    if len(questions) < LEAST:
        return []
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import normalize

    words = TfidfVectorizer(stop_words="english", sublinear_tf=True, max_features=20_000, token_pattern=r"(?u)\b\w+\b")
    try:
        weighted = words.fit_transform(questions)
    except ValueError:  # not one word
        return []
    directions = min(32, min(weighted.shape) - 1)
    if directions < 2:
        return []
    reduced = normalize(TruncatedSVD(directions, random_state=0).fit_transform(weighted))
    # Questions that share nothing would all lie at one point, and t-SNE starts from distances that differ.
    reduced = reduced + np.random.default_rng(0).normal(0, 1e-4, reduced.shape)
    perplexity = min(25.0, (len(questions) - 1) / 3)
    # The first two directions as the start: PCA's own could turn round from one build of BLAS to another.
    start = reduced[:, :2] / np.std(reduced[:, 0]) * 1e-4
    tsne = TSNE(2, perplexity=perplexity, init=start.astype(np.float32), max_iter=500, random_state=0, n_jobs=1)
    placed = tsne.fit_transform(reduced)
    low, high = placed.min(axis=0), placed.max(axis=0)
    scaled = (placed - low) / np.maximum(high - low, 1e-9)
    return [(round(float(x), 4), round(float(y), 4)) for x, y in scaled]


def pairs(collected: Collected) -> Html:
    """Answer types, question words, sources, pass rates."""
    figures = collected.figures
    if not figures.rows[ACCEPTED]:
        return Html("")
    types = commonest(collected.summary["answer_types"], MOST_NAMES)
    parts = [
        card("Answer types", "What kind of answer the questions want.", counted(types, "s0")),
        card("Question words", "How the questions ask.", counted(commonest(figures.asks, 8), "s1")),
    ]
    sources = commonest({name or "(none)": value for name, value in figures.sources.items()}, 8)
    if len(sources) > 1:
        parts.append(card("Sources", "Where the documents of the pairs come from.", counted(sources, "s2")))
    if measured := figures.pass_rates.total():
        tenths = {f"{at * 10} to {at * 10 + 10}%": figures.pass_rates[at] for at in range(10)}
        says = f"Share of closed-book answers that were right, of {measured:,} measured pairs."
        parts.append(card("Pass rate", says, counted(tenths, "s3")))
    return grid(parts)


def lengths(collected: Collected) -> Html:
    """How long questions, answers and documents are."""
    figures, looked = collected.figures, collected.looked
    parts = []
    scope = "the whole input" if looked.whole else f"the first {looked.lengths.number:,} documents of the input"
    for name, title, says, lengths, series in (
        ("questions", "Questions", "Accepted pairs.", figures.question_words, 0),
        ("answers", "Answers", "Accepted pairs; short answers are what a reward can check.", figures.answer_words, 1),
        ("texts", "Documents", f"Before screening, {scope}.", looked.lengths, 2),
    ):
        if lengths.number:
            chart = charts.histogram(name, f"{title}: how many have how many words", lengths.counts, series)
            parts.append(card(title, says, joined(chart, _spread(lengths))))
        elif name == "texts":
            parts.append(card(title, "", note(f"Not measured: {looked.problem or 'the input holds no documents'}.")))
    return joined(
        lead("Length in words along the bottom, how many have it upwards. Where the range is wide, steps grow by two fifths."),
        grid(parts),
    )


def _spread(lengths: Lengths) -> Html:
    values = {
        "median": number(lengths.quantile(0.5)),
        "mean": f"{lengths.total / lengths.number:,.1f}",
        "95%": number(lengths.quantile(0.95)),
        "longest": number(lengths.most),
    }
    return element("dl", *(element("div", element("dt", name), element("dd", values[name])) for name in values), class_="spread")


def repetition(collected: Collected) -> Html:
    """What was found to repeat something, and how varied the rest is."""
    stages, reasons = collected.summary["stages"], collected.summary["reasons"]
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
            rate = found / max(1, came)
            rows.append([what, bar(1, (rate, "rejected")), number(found), number(came), f"{rate:.1%}"])
    parts = []
    if rows:
        says = "Of all rows that reached the stage that looks for them."
        parts.append(card("Taken out", says, table(["", "", "Found", "Of", "Rate"], rows)))
    diversity = collected.summary.get("diversity")
    if diversity and diversity.get("pairs"):
        domains, personas = diversity["domains"], diversity["personas"]
        facts = [
            ["different words, of all in the questions", f"{diversity['distinct_1']:.2f}"],
            ["different pairs of words, of all (distinct-2)", f"{diversity['distinct_2']:.2f}"],
            ["domains, and how even (1 is even)", f"{domains['distinct']:,} · {domains['entropy_normalised']:.2f}"],
            ["personas, and how even", f"{personas['distinct']:,} · {personas['entropy_normalised']:.2f}"],
            ["commonest persona's share", f"{personas['most_common_share']:.1%}"],
        ]
        says = "Distinct shares fall as a run grows: compare runs of one size."
        parts.append(card("Left: how varied it is", says, table(["", "Value"], facts)))
    return grid(parts, "halves")


def prompts(collected: Collected) -> Html:
    """The calls behind the accepted pairs, and how each check of the verifiers went."""
    figures = collected.figures
    rank = {stage: at for at, stage in enumerate(STAGES)}
    asked = sorted(figures.prompts.items(), key=lambda item: (rank.get(item[0][0], len(rank)), item[0]))
    calls = [
        [element("b", stage), model, str(version), element("code", digest), number(value)]
        for (stage, model, version, digest), value in asked
    ]
    verdicts = []
    for check in sorted({check for check, _ in figures.checks}):
        passed, failed = figures.checks[(check, True)], figures.checks[(check, False)]
        marks = bar(passed + failed, (passed, "accepted"), (failed, "rejected"))
        verdicts.append([element("b", check), marks, number(passed), number(failed)])
    parts = []
    if calls:
        says = "Behind the accepted pairs; the digest is the beginning of the prompt's SHA-256."
        headings = ["Stage", "Model", "Version", "Digest", "Pairs"]
        parts.append(card("Models and prompts", says, table(headings, calls, texts=(1, 3))))
    if verdicts:
        says = "Each check of the verifiers, on accepted pairs and on rejected ones whose row holds verdicts."
        parts.append(card("Verdicts", says, table(["Check", "", "Passed", "Failed"], verdicts)))
    return grid(parts, "halves")


def keys_in_doubt(collected: Collected) -> Html:
    """How many stored answers are wrong, and how reliable those are who say so."""
    doubt = collected.summary.get("key_doubt")
    if not doubt:
        return Html("")
    rows = []
    for name, shares in doubt["answerers"].items():
        votes = len(shares) > 2  # else it answers
        says = "yes to a right key, easy and hard, and to a wrong one" if votes else "the true answer, easy and hard"
        rows.append([element("b", name), says, ", ".join(f"{share:.0%}" for share in shares)])
    low, high = doubt["interval"]
    facts = [
        ["share of wrong keys", f"{doubt['error_rate']:.1%}" if doubt["tells"] else "cannot be told"],
        ["interval of 95%", f"{low:.1%} to {high:.1%}"],
        ["rows with answers of others", number(doubt["rows"])],
        ["more likely wrong than right", number(doubt["doubtful"])],
        ["checked by a person", number(doubt["checked"])],
    ]
    return joined(
        lead("Stored answers against what was answered by those who had not seen them, and the votes of verifiers. " + ASSUMES),
        grid(
            [
                card("Wrong keys", "webscale-qa doubt lists the rows, the most doubtful first.", table(["", "Value"], facts)),
                card("Who says so", "Learnt from all rows.", table(["", "Says", "How often"], rows, texts=(1, 2))),
            ],
            "halves",
        ),
    )

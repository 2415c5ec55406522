"""What an audit of a data set found: findings by what they are about, answers that a reward can check, subjects."""

from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import bar, card, grid, keys, lead, named, note, number, share, table
from beam_pipeline.summary.audit_notes import NEVER, NO_KEY, PAID, audit_notes

_MOST_SUBJECTS = 30
# What the findings of a group mean to who trains on the rows.
_MEANS = {
    "duplicates": "the same question again, also in other words with the same answer",
    "benchmarks": "a benchmark asks it: what is measured there is no longer what the model can do",
    "leaks": "the question gives its answer away",
    "questions": "it needs a text that is not there, means another day to each reader, or asks for several things",
    "answers": "too long, open, no answer, or of a form that no rule can compare",
    "keys": "who answers without seeing the stored answer says another, or nothing: it may be wrong",
    "difficulty": "a solver is always or never right, which gives no gradient",
}


def verdict(collected: Collected) -> str:
    """What was found, in a sentence."""
    rows = collected.audit["rows"]
    whole = rows["clean"] + rows["flagged"]
    if not collected.summary["balanced"]:
        return "The counts do not close: rows were lost or doubled."
    return f"{number(rows['flagged'])} of {number(whole)} rows ({share(rows['flagged'], whole)}) have at least one finding."


def tiles(collected: Collected) -> list[tuple[str, str, str]]:
    """The numbers to see first, each with a note; none of a run."""
    if not collected.audit:
        return []
    rows, files = collected.audit["rows"], collected.audit.get("files", {})
    read, dead = collected.summary["documents"]["read"], collected.summary["documents"]["dead_lettered"]
    return [
        ("rows read", number(read), ", ".join(dict.fromkeys(map(str, files.values())))),
        ("without a finding", number(rows["clean"]), share(rows["clean"], read)),
        ("with a finding", number(rows["flagged"]), share(rows["flagged"], read)),
        ("not read", number(dead), "no question, or no row"),
    ]


def findings(collected: Collected) -> Html:
    """Every reason by what it is about."""
    audit = collected.audit
    whole, parts = sum(audit["rows"].values()), []
    for group, found in audit["groups"].items():
        reasons = audit["findings"][group]
        most = max(reasons.values())
        rows = [[name, bar(most, (value, "rejected")), number(value), share(value, whole)] for name, value in reasons.items()]
        says = f"{_MEANS.get(group, '')}: {number(found)} rows, {share(found, whole)}".lstrip(": ")
        parts.append(card(group.capitalize(), says, table(["Reason", "", "Rows", "Of all"], rows)))
    shown = grid(parts, "halves") if parts else note("Nothing was found.")
    return joined(
        lead("A row counts once for every reason against it. Below, under Rows, each can be looked at with what was seen."),
        shown,
        *map(note, _not_looked_at(collected)),
    )


def _not_looked_at(collected: Collected) -> list[str]:
    said = [f"{line[:1].upper()}{line[1:]}." for line in audit_notes(collected.summary)]
    for before, behind in list(collected.audit.get("wording", {}).values())[:3]:
        said.append(f"Words of all prompts, left out of the questions: {before[:200]!r} before, {behind[:200]!r} behind.")
    return said


def answers(collected: Collected) -> Html:
    """Answer types, and how many of each a reward can check."""
    kinds = collected.audit["answers"]
    most, rows = max((sum(ways.values()) for ways in kinds.values()), default=0), []
    for kind, ways in kinds.items():
        paid, never, no_key = (ways.get(way, 0) for way in (PAID, NEVER, NO_KEY))
        marks = bar(most, (paid, "accepted"), (never, "rejected"), (no_key, "dead"))
        rows.append([named(kind, ""), marks, number(paid), number(never), number(no_key)])
    if not rows:
        return Html("")
    return joined(
        lead(
            "Whether the reward pays a response that gives the stored answer in a box. Where it never does, no response can be "
            "right. Types that the rows do not name are read from question and answer."
        ),
        keys(("paid", "accepted"), ("never paid", "rejected"), ("no stored answer", "dead")),
        table(["Answer type", "", "Paid", "Never", "No key"], rows),
    )


def subjects(collected: Collected) -> Html:
    """Which parts of the data set have the findings."""
    counted = collected.audit["subjects"]
    if len(counted) < 2:
        return Html("")
    ordered = sorted(counted.items(), key=lambda item: (-item[1].get("flagged", 0), item[0]))
    rows = []
    for name, ends in ordered[:_MOST_SUBJECTS]:
        whole, flagged = sum(ends.values()), ends.get("flagged", 0)
        rows.append(
            [element("b", name), bar(1, (flagged / whole, "rejected")), number(whole), number(flagged), share(flagged, whole)]
        )
    more = [note(f"{len(ordered) - _MOST_SUBJECTS} others have fewer.")] if len(ordered) > _MOST_SUBJECTS else []
    return joined(
        lead("Rows by subject, source or file, and which share of each has a finding."),
        table(["Subject", "", "Rows", "With a finding", "Share"], rows),
        *more,
    )


# (id, title, section), in the order of reading.
SECTIONS = (
    ("findings", "Findings", findings),
    ("checked", "What a reward can check", answers),
    ("subjects", "By subject", subjects),
)

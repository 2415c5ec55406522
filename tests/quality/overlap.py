"""Overlap: questions taken from a benchmark, and questions asked twice."""

from tests.quality.cases import Area, Case, by_kind, labelled, part_of
from transforms.benchmarks.index import BenchmarkIndex, BenchmarkItem, pack_items
from transforms.benchmarks.word_overlap import ContaminationFinder
from transforms.duplicates.same_question import Asking, find_keys, repeats

NGRAM, SIMILARITY = 13, 0.65  # the defaults of a run
PARAPHRASE = "paraphrase"  # for the semantic tier, which is measured by itself


def contamination() -> Area:
    """Every question against the items of all cases together; positive means taken from one. Paraphrases are left out."""
    rows = [row for row in labelled("decontamination") if row["kind"] != PARAPHRASE]
    questions = dict.fromkeys(row["benchmark_question"] for row in rows)
    items = [BenchmarkItem(f"benchmark:{number}", f"q{number}", question, "") for number, question in enumerate(questions, 1)]
    finder = ContaminationFinder(BenchmarkIndex([pack_items(items)], NGRAM), SIMILARITY)
    cases = []
    for number, row in enumerate(rows, 1):
        match = finder.match(row["question"], row["answer"])
        said = f"{match.reason} of {match.item}: {match.what}" if match else "clean"
        shown = f"{row['question']} / {row['benchmark_question']}"
        cases.append(Case(str(number), row["kind"], part_of(row), row["contaminated"], bool(match), said, shown))
    kinds = ", ".join(f"{kind} {right}/{total}" for kind, (right, total) in by_kind(cases).items())
    return Area("decontamination", "taken", cases, [f"right: {kinds}"])


def repeated_questions() -> Area:
    """Whether two pairs meet in a bucket, ask for the same thing and answer the same."""
    cases = []
    for row in labelled("questions"):
        one = Asking(row["question"], row["answer"], row["answer_type"])
        other = Asking(row["other_question"], row["other_answer"], row["answer_type"])
        found = bool(find_keys(one) & find_keys(other)) and repeats(one, other)
        shown = f"{one.question} / {other.question}"
        cases.append(Case(row["id"], row["kind"], part_of(row), row["same"], found, "same" if found else "different", shown))
    return Area("repeated questions", "same", cases)

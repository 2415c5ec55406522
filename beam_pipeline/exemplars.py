"""`webscale-qa exemplars --from OUT/qa --domain X`: propose exemplars from accepted pairs.

A proposal is a file to read and edit, in the form of the shipped banks and checked by their rules.
Read before use: an exemplar is shown with every request of its domain, and a mistake in it is
copied. The file is never overwritten.

Of the pairs that pass, the best verified come first, each from a document of its own, in turn over answer
types, with personas and questions that no other exemplar of the domain has, the shipped ones
included. The quote that supported the answer becomes the passage; source and licence are kept
where the row has them.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.options.values import option_named
from beam_pipeline.output.read_back import ReadBackError, pair_files, read_pairs
from beam_pipeline.reading.exemplar_banks import read_domains
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.row_files import Row
from prompts.exemplar_bank import Exemplar, check_bank, check_exemplar, load_bank
from prompts.load import Domain, load_domains
from transforms.check import check_pair
from transforms.errors import one_line
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.text import normalise

COUNT = 12
_REASONS_SHOWN = 4


class ExemplarError(ValueError):
    """The pairs, the domain or the file to write cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An accepted pair as an exemplar, with what it is chosen by: `rank` (the smallest first) and its document."""

    exemplar: Exemplar
    document_id: str
    rank: tuple[int, int, float, str]


def find_domain(wanted: str, domains: Iterable[Domain]) -> Domain:
    """A domain by its slug or its name; ExemplarError lists them if there is none."""
    domains = tuple(domains)
    for domain in domains:
        if wanted.casefold() in (domain.slug.casefold(), domain.name.casefold()):
            return domain
    raise ExemplarError(f"--domain {wanted}: there is {', '.join(domain.slug for domain in domains)}")


def candidate_of(row: Row, domain: Domain, licence: str = "") -> Candidate | str:
    """A row of `qa/` as a candidate, or in words why it cannot be one."""
    fields = {name: _text(row.get(name)) for name in ("persona", "question", "answer", "answer_type", "source", "licence")}
    passage, pair_id, document_id = (_text(row.get(name)) for name in ("quote", "id", "document_id"))
    fields["licence"] = fields["licence"] or licence
    exemplar = Exemplar(id=f"{domain.slug.replace('_', '-')}-{pair_id[:8]}", domain=domain.name, passage=passage, **fields)
    if problem := next(check_exemplar(exemplar), ""):
        return re.sub(r"\b\d+ characters, more than", "more characters than", problem).split(": ")[0]
    task = PersonaTask(Document(document_id, passage), domain.name, Persona(exemplar.persona))
    if fault := check_pair(QAPair(task, exemplar.question, exemplar.answer, exemplar.answer_type)):
        return f"check: {fault.reason}"
    return Candidate(exemplar, document_id.partition("#")[0], _rank(row, pair_id))


def _rank(row: Row, pair_id: str) -> tuple[int, int, float, str]:
    """Fewest checks failed, most checks passed, then the pass rate nearest to a half; by id where all that is the same.

    A question that a solver always answers without the document, or never, shows little of what is wanted.
    """
    verdicts = [verdict for verdict in row.get("verdicts") or () if isinstance(verdict, dict)]
    failed = sum(not verdict.get("passed") for verdict in verdicts)
    rate = row.get("pass_rate")
    known = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    return failed, failed - len(verdicts), abs(float(rate) - 0.5) if known and rate is not None else 0.5, pair_id


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def choose(candidates: Iterable[Candidate], count: int, bank: Sequence[Exemplar] = ()) -> list[Candidate]:
    """Up to `count` exemplars that together with the bank break no rule of a bank.

    Answer types take turns, the type first of which the bank has fewest; each type gives its best
    verified pair whose document has not been used. Documents are used twice only when there is no other.
    """
    waiting: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        waiting.setdefault(candidate.exemplar.answer_type, []).append(candidate)
    had = Counter(exemplar.answer_type for exemplar in bank)
    taken = {mark for exemplar in bank for mark in _marks(exemplar)}
    chosen: list[Candidate] = []
    documents: Counter[str] = Counter()
    while waiting and len(chosen) < count:
        for answer_type in sorted(waiting, key=lambda name: (had[name], name)):
            fresh = [candidate for candidate in waiting.pop(answer_type) if not taken & _marks(candidate.exemplar)]
            if fresh and len(chosen) < count:
                best = min(fresh, key=lambda candidate: (documents[candidate.document_id], candidate.rank))
                chosen.append(best)
                taken |= _marks(best.exemplar)
                documents[best.document_id] += 1
                had[answer_type] += 1
                waiting[answer_type] = fresh
    return chosen


def _marks(exemplar: Exemplar) -> set[tuple[str, str]]:
    """What no two exemplars of a bank may share; `check_bank` has the last word."""
    return {(field, normalise(getattr(exemplar, field))) for field in ("id", "persona", "question")}


def propose(rows: Iterable[Row], domain: Domain, count: int, licence: str = "") -> tuple[list[Candidate], Counter[str]]:
    """Exemplars of a domain from rows of `qa/`, and why other pairs of the domain could not be any."""
    found: dict[str, Candidate] = {}
    refused: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for row in rows:
        if _text(row["domain"]).casefold() != domain.name.casefold():
            others[_text(row["domain"])] += 1
            continue
        made = candidate_of(row, domain, licence)
        if isinstance(made, str):
            refused[made] += 1
        else:
            found.setdefault(made.exemplar.id, made)
    if not found and not refused:
        has = ", ".join(f"{name} ({number})" for name, number in others.most_common()) or "no pair at all"
        raise ExemplarError(f"--domain {domain.slug}: no accepted pair of {domain.name}; there is {has}")
    bank = load_bank([domain])[domain.name]
    chosen = choose(found.values(), count, bank)
    if problems := set(check_bank([*bank, *(candidate.exemplar for candidate in chosen)])) - set(check_bank(bank)):
        raise ExemplarError(f"the proposals break a rule of the bank: {'; '.join(sorted(problems))}")
    if unused := len(found) - len(chosen):
        refused["not needed, or too like another"] += unused
    return chosen, refused


def write_exemplars(candidates: Iterable[Candidate], path: str) -> None:
    """Write a bank to edit; `document_id` is there for who reads it, and ignored where the bank is used."""
    try:
        with FileSystems.create(path, "text/plain") as file:
            for candidate in candidates:
                row = {name: value for name, value in asdict(candidate.exemplar).items() if value}
                file.write((json.dumps({**row, "document_id": candidate.document_id}, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise ExemplarError(f"--output {path}: cannot be written: {reason(error)}") from error


def _parser() -> CommandParser:
    parser = CommandParser(
        "exemplars",
        "Propose exemplars for a domain from accepted pairs.",
        ("--from out/qa --domain math", "--from out/qa --domain coding --count 20 --output coding.jsonl"),
    )
    parser.add_argument("--from", dest="pairs", required=True, help="qa/ folder of a run, or files of accepted pairs")
    parser.add_argument("--domain", required=True, help="slug or name of the domain")
    parser.add_argument("--count", type=int, default=COUNT, help=f"most exemplars to propose ({COUNT})")
    parser.add_argument("--output", help="file to write; <slug>.jsonl in this folder if it is not given")
    parser.add_argument("--domains", help="YAML list of your own domains, as for a run")
    parser.add_argument("--licence", default="", help="licence of the source, kept with each exemplar whose row names none")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Propose exemplars; returns the exit code, 0 or 2."""
    options = _parser().parse_args(argv)
    try:
        if options.count < 1:
            raise ExemplarError(f"--count {options.count}: must be at least 1")
        with option_named("domains"):
            domains = read_domains(options.domains) if options.domains else load_domains()
        domain = find_domain(options.domain, domains)
        output = options.output or f"{domain.slug}.jsonl"
        if FileSystems.exists(output):
            raise ExemplarError(f"--output {output}: is there already; name another file, or move it away")
        rows = (row for path in pair_files(options.pairs) for _, row in read_pairs(path))
        chosen, refused = propose(rows, domain, options.count, options.licence)
        if not chosen:
            raise ExemplarError(f"no pair of {domain.name} makes an exemplar: {_counts(refused)}")
        write_exemplars(chosen, output)
    except ValueError as error:  # input, output or domains that cannot be used
        option = "--from " if isinstance(error, ReadBackError) else ""
        print(f"error: {option}{one_line(error)}", file=sys.stderr)
        return UNUSABLE
    types = ", ".join(f"{name} {number}" for name, number in Counter(made.exemplar.answer_type for made in chosen).most_common())
    print(f"{len(chosen)} exemplars ({types}) in {output}; read and edit them before use")
    if len(chosen) < options.count:
        print(f"fewer than {options.count}: {_counts(refused)}")
    if missing := sum(not made.exemplar.licence for made in chosen):
        print(f"{missing} without a licence: look up their sources, or pass --licence")
    return OK


def _counts(refused: Counter[str]) -> str:
    return ", ".join(f"{why} ({number})" for why, number in refused.most_common(_REASONS_SHOWN)) or "there were no other pairs"


if __name__ == "__main__":
    sys.exit(main())

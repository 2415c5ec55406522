"""The summary: what came of a run, as one JSON file that is written from inside the graph."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.storage.whole_file import write_whole
from beam_pipeline.summary.ledger import LEFT, UNBALANCED, UNKNOWN, Counts

SUMMARY_FILE = "summary.json"


def summarise(counts: Mapping[str, int], order: Sequence[str] = ()) -> dict[str, Any]:
    """The summary that counts make: nested, with totals, and whether they close; its stages in the `order` of the run."""
    nested: dict[str, Any] = {}
    for key, number in sorted(counts.items()):
        *parents, name = key.split("\t")
        node = nested
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = number
    documents, tasks = _ledger(nested, "documents"), _ledger(nested, "tasks")
    reasons = {f"{stage}/{reason}": n for stage, rows in nested.get("reasons", {}).items() for reason, n in rows.items()}
    errors = {f"{stage}/{error}": n for stage, rows in nested.get("errors", {}).items() for error, n in rows.items()}
    domains = nested.get("domains", {})
    for row in domains.values():
        row["yield"] = _yield(row)
    inputs = nested.get("inputs", {})
    if inputs:
        # They were read, and ended there: in the counts by input, for a billion documents left out have no rows.
        documents["not_sampled"] = sum(row.get("not_sampled", 0) for row in inputs.values())
        documents["read"] += documents["not_sampled"]
    return {
        **({"inputs": inputs} if inputs else {}),
        "documents": documents,
        "tasks": tasks,
        "pairs": nested.get("pairs", 0),
        "stages": _in_order(nested.get("stages", {}), order),
        **_repairs(nested),
        "domains": domains,
        "answer_types": nested.get("answer_types", {}),
        "reasons": dict(sorted(reasons.items(), key=lambda item: -item[1])),
        "errors": dict(sorted(errors.items(), key=lambda item: -item[1])),
        "balanced": not any(part[ending] for part in (documents, tasks) for ending in UNBALANCED),
    }


def _in_order(stages: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    return {name: stages[name] for name in (*order, *stages) if name in stages}


def _repairs(nested: Mapping[str, Any]) -> dict[str, Any]:
    """How many drafts were written anew, and what came of it; nothing where the run has no such stage."""
    if (row := nested.get("stages", {}).get("repair")) is None:
        return {}
    mended, still_bad = nested.get("repairs", {}).get("mended", 0), row.get("rejected", 0)
    return {"repairs": {"asked": mended + still_bad + row.get("dead_lettered", 0), "mended": mended, "still_bad": still_bad}}


def _ledger(nested: Mapping[str, Any], part: str) -> dict[str, int]:
    endings = nested.get(part, {})
    row = {name: endings.get(name, 0) for name in ("accepted", "rejected", "dead_lettered", *UNBALANCED)}
    row |= {name: endings[name] for name in LEFT if name in endings}
    return {"read": sum(row.values()) - row[UNKNOWN], **row}


def add_summaries(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The summary of several windows together; without their diversity, which cannot be added up."""
    total: dict[str, Any] = {"balanced": True, "windows": 0, **summarise({})}
    for row in rows:
        total["windows"] += 1
        total["balanced"] = total["balanced"] and row["balanced"]
        _add(total, {part: row[part] for part in _SUMS if part in row})
    for domain in total["domains"].values():
        domain["yield"] = _yield(domain)
    for part in ("reasons", "errors"):
        total[part] = dict(sorted(total[part].items(), key=lambda item: -item[1]))
    return total


_SUMS = ("documents", "tasks", "pairs", "stages", "repairs", "domains", "answer_types", "reasons", "errors", "inputs")


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(name, {}), value)
        else:
            total[name] = total.get(name, 0) + value


def _yield(domain: Mapping[str, Any]) -> float:
    """The share of a domain's tasks that were accepted."""
    started = sum(number for name, number in domain.items() if name != "yield")
    return round(domain.get("accepted", 0) / started, 4)


@dataclass
class WriteSummary(beam.PTransform):
    """Writes the summary from inside the graph, so that it is there even if nobody waited for the job."""

    path: str
    diversity: Any  # PCollection of one dict, the figures of `DiversityFn`
    order: tuple[str, ...] = ()  # the stages, as documents meet them

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        write = beam.Map(_write, self.path, beam.pvalue.AsSingleton(self.diversity), self.order)
        return counts | "Write" >> write.with_output_types(str)


def _write(counts: Counts, path: str, diversity: dict[str, Any], order: tuple[str, ...] = ()) -> str:
    write_summary(path, {**summarise(counts, order), "diversity": diversity})
    return path


# A list of numbers as `indent` spreads it over lines. No text looks so: a line's end in a text is written as \\n.
_SPREAD = re.compile(r"\[\n\s+(?:[-+.\de]+|null)(?:,\n\s+(?:[-+.\de]+|null))*\n\s+\]")


def write_summary(path: str, summary: Mapping[str, Any]) -> None:
    """Write a summary, replacing what is there; a list of numbers takes one line."""
    text = json.dumps(summary, indent=2, ensure_ascii=False)
    text = _SPREAD.sub(lambda found: " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]"), text)
    write_whole(path, f"{text}\n".encode(), "application/json")


def read_summary(path: str) -> dict[str, Any]:
    """Read a summary back.

    Raises:
        FileNotFoundError: there is none; a bucket's client would raise an error of its own, which is no OSError.
    """
    if not FileSystems.exists(path):
        raise FileNotFoundError(f"{path} is not there")
    with FileSystems.open(path, compression_type="uncompressed") as file:
        return dict(json.loads(file.read()))

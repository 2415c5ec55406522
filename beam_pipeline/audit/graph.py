"""The graph of an audit: rows in, those without a finding out, all others rejected with every reason.

Every row meets the same questions, whatever was found of it before: its rules, whether it repeats another, whether a benchmark
asks it. Only a model, which costs, is asked about the rows of which nothing was found.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.audit.look import STAGE, settle
from beam_pipeline.audit.read_rows import ReadPairs
from beam_pipeline.audit.rows import File
from beam_pipeline.audit.tally import AUDIT, CountAudit, audit_of
from beam_pipeline.output.kinds import Kind
from beam_pipeline.output.write_run import WriteRecords, leaving, write_folder
from beam_pipeline.pipeline import decontamination
from beam_pipeline.plan import RunPlan
from beam_pipeline.reading.journal import ReadJournal
from beam_pipeline.summary.diversity import DiversityFn
from beam_pipeline.summary.write_summary import SUMMARY_FILE, summarise, write_summary
from transforms.ask_back import AskBackQA
from transforms.deduplicate import DeduplicateQA
from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.inference.recall import RecallReplies
from transforms.key_doubt import DoubtKeys
from transforms.pass_rate import Band, MeasurePassRate
from transforms.records import VerifiedQA, document_of
from transforms.round_trip import RoundTripQA


def build_audit(pipeline: beam.Pipeline, plan: RunPlan, files: Mapping[str, File], ignored: tuple[str, ...] = ()) -> Outcome:
    """Add the graph of an audit to a pipeline. Returns what leaves it: pairs without a finding, rejections, dead letters."""
    config = plan.config
    earlier = pipeline | "ReadJournal" >> ReadJournal(config.journal_folder) if config.resume else None
    read = pipeline | "Read" >> ReadPairs(files, ignored, keep_text=bool(config.round_trip))
    stages = {"read": read}
    final = stages["deduplicate"] = read.passed | "Deduplicate" >> DeduplicateQA(config.near_duplicate_questions)
    if config.benchmarks:
        final = stages["decontaminate"] = decontamination(pipeline, final, plan, earlier)
    final = stages[STAGE] = as_outcome(final.passed | "Settle" >> apply_rules(STAGE, settle, VerifiedQA))
    for name, outcome in questions_to_models(final, plan, earlier):
        final = stages[name] = outcome
    left = leaving(final.passed, stages)
    counts = pipeline | "Count" >> CountAudit(read, left)
    diversity = left.passed | "Diversity" >> beam.CombineGlobally(DiversityFn())
    write_folder(left, lambda kind: _sink(kind, plan))
    path = FileSystems.join(config.output, SUMMARY_FILE)
    counts | "WriteSummary" >> beam.Map(_write, path, beam.pvalue.AsSingleton(diversity))
    return left


def questions_to_models(settled: Outcome, plan: RunPlan, earlier: Any) -> Iterator[tuple[str, Outcome]]:
    """The stages that ask models, as the options say, and what their answers say of the keys: each by its name."""
    config, prompts, final = plan.config, plan.prompts, settled
    if earlier is not None and (config.ask_back or config.round_trip):
        recall = RecallReplies(earlier, element_type=VerifiedQA)
        final = final._replace(passed=final.passed | "RecallReplies" >> recall)
    asked = []
    if config.ask_back:
        final = final.passed | "AskBack" >> AskBackQA(plan.models["ask_back"], prompts)
        yield "ask_back", final
    if config.round_trip:
        # Before the pass rate, which may stand in another process than the replies that were recalled.
        with_text, without = final.passed | "HasDocument" >> beam.Partition(_has_no_document, 2)
        trip = with_text | "RoundTrip" >> RoundTripQA(plan.models["round_trip"], prompts, keep_text=False)
        final = trip._replace(passed=(trip.passed, without) | "FlattenRead" >> beam.Flatten())
        asked.append(trip.rejected)
        yield "round_trip", final
    if config.pass_rate_samples:
        band = Band(config.min_pass_rate, config.max_pass_rate)
        measure = MeasurePassRate(plan.models["pass_rate"], prompts, config.pass_rate_samples, band, earlier)
        final = final.passed | "PassRate" >> measure
        asked.append(final.rejected)
        yield "pass_rate", final
    if config.min_key_confidence:
        yield "key_doubt", final.passed | "KeyDoubt" >> DoubtKeys(config.min_key_confidence, asked)


def _has_no_document(qa: VerifiedQA, _parts: int) -> int:
    return int(not document_of(qa).text)


def _sink(kind: Kind, plan: RunPlan) -> beam.PTransform:
    return WriteRecords(plan.config.output, kind.name, kind.to_row, plan.config.output_format, plan.config.output_shards)


def _write(counts: dict[str, int], path: str, diversity: dict[str, Any]) -> str:
    of_run = {key: number for key, number in counts.items() if not key.startswith(AUDIT)}
    write_summary(path, {**summarise(of_run), "diversity": diversity, "audit": audit_of(counts)})
    return path

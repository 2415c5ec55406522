"""The graph on one screen: documents in, verified pairs out, everything else accounted for."""

from collections.abc import Callable
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline import __version__
from beam_pipeline.options import PipelineConfig
from beam_pipeline.resume import JOURNAL_FOLDER, ReadJournal
from beam_pipeline.sinks import WriteRecords
from beam_pipeline.sources import ReadDocuments, ReadExemplars
from beam_pipeline.summary import SUMMARY_FILE, CountRun, WriteSummary
from prompts import PromptSet
from transforms.check import CheckQA
from transforms.classify import ClassifyDocuments
from transforms.deduplicate import DeduplicateQA
from transforms.filter import FilterDocuments
from transforms.inference.endpoint import ModelConfig
from transforms.inference.recall import RecallReplies
from transforms.outcome import Outcome
from transforms.records import dead_letter_row, qa_row, rejection_row
from transforms.screen import ScreenConfig, ScreenDocuments
from transforms.synthesize import SynthesizeQA
from transforms.verify import VerifyQA


def build(pipeline: beam.Pipeline, config: PipelineConfig, prompts: PromptSet, model: Callable[[str], ModelConfig]) -> Outcome:
    """Add the whole graph to a pipeline.

    `model` gives each stage its model settings by the stage's name. Returns what leaves the
    pipeline: accepted pairs, all rejections, all dead letters.
    """
    bank = pipeline | "ReadExemplars" >> exemplar_source(config, prompts)
    read = pipeline | "Read" >> document_source(config)
    clean = read.passed | "Screen" >> ScreenDocuments(screen_config(config))
    ready = clean.passed | "Ready" >> _fusion_break(pipeline, config)
    kept = ready | "Filter" >> FilterDocuments(model("filter"), prompts)
    tasks = kept.passed | "Classify" >> ClassifyDocuments(model("classify"), prompts, config.max_personas)
    drafts = tasks.passed | "Synthesize" >> SynthesizeQA(model("synthesize"), prompts, bank, config.exemplars_per_prompt)
    checked = drafts.passed | "Check" >> CheckQA()
    sound = checked.passed | "Verify" >> VerifyQA(model("verify"), prompts)
    unique = sound.passed | "Deduplicate" >> DeduplicateQA()

    stages = {
        "read": read,
        "screen": clean,
        "filter": kept,
        "classify": tasks,
        "synthesize": drafts,
        "check": checked,
        "verify": sound,
        "deduplicate": unique,
    }
    left = Outcome(
        unique.passed,
        [outcome.rejected for outcome in stages.values()] | "FlattenRejected" >> beam.Flatten(),
        [outcome.dead_letters for outcome in stages.values()] | "FlattenDeadLetters" >> beam.Flatten(),
    )
    _write(left, config)
    counts = pipeline | "Count" >> CountRun(read, stages, clean.passed, tasks.passed, *left)
    counts | "WriteSummary" >> WriteSummary(FileSystems.join(config.output, SUMMARY_FILE))
    return left


def document_source(config: PipelineConfig) -> ReadDocuments:
    """The source of documents, as the options say."""
    return ReadDocuments(
        tuple(config.input), config.text_field, config.id_field, config.source_field, config.source, config.input_format
    )


def exemplar_source(config: PipelineConfig, prompts: PromptSet) -> ReadExemplars:
    """The source of exemplar banks, as the options say."""
    return ReadExemplars(prompts.domains, tuple(config.exemplars), replace=config.exemplars_mode == "replace")


def screen_config(config: PipelineConfig) -> ScreenConfig:
    """The screen's thresholds, with what the options say of them."""
    return ScreenConfig(
        min_tokens=config.min_document_tokens,
        max_document_tokens=config.max_document_tokens,
        long_documents=config.long_documents,
        languages=tuple(config.languages),
        near_duplicates=config.near_duplicates,
        tokenizer=config.tokenizer,
    )


def _fusion_break(pipeline: beam.Pipeline, config: PipelineConfig) -> Any:
    """The one fusion break, just before the model block: a Reshuffle, or the join with earlier replies."""
    if not config.resume:
        return beam.Reshuffle()
    return RecallReplies(pipeline | "ReadJournal" >> ReadJournal(FileSystems.join(config.output, JOURNAL_FOLDER)))


def _write(left: Outcome, config: PipelineConfig) -> None:
    rows = {"qa": partial(qa_row, pipeline_version=__version__), "rejected": rejection_row, "dead_letters": dead_letter_row}
    for records, label, (kind, to_row) in zip(left, ("WriteQA", "WriteRejected", "WriteDeadLetters"), rows.items(), strict=True):
        records | label >> WriteRecords(config.output, kind, to_row, config.output_format, config.output_shards)

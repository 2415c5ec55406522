"""The graph on one screen: documents in, verified pairs out, everything else accounted for."""

from collections.abc import Callable
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.bigquery.sink import write_tables
from beam_pipeline.bigquery.source import ReadRows, table_source
from beam_pipeline.engines.runners import splits_at_side_inputs
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import limits_of
from beam_pipeline.options.model_settings import verifier_name
from beam_pipeline.options.thresholds import read_thresholds
from beam_pipeline.output.kinds import KINDS
from beam_pipeline.output.write_files import WriteRecords
from beam_pipeline.reading.benchmarks import ReadBenchmarks
from beam_pipeline.reading.exemplar_banks import ReadExemplars, read_exemplars, tell_empty
from beam_pipeline.reading.input_list import InputSpec, file_inputs, read_inputs
from beam_pipeline.reading.journal import ReadJournal
from beam_pipeline.reading.read_files import ReadDocuments, Reading
from beam_pipeline.reading.read_inputs import ReadUniqueInputs, is_tallied
from beam_pipeline.storage.matching import read_text
from beam_pipeline.streaming.pubsub import PublishPairs
from beam_pipeline.streaming.read_stream import ReadStream, stream_source, stream_windows
from beam_pipeline.streaming.window_summaries import WriteWindowSummaries
from beam_pipeline.streaming.write_windows import WriteWindows
from beam_pipeline.summary.diversity import DiversityFn
from beam_pipeline.summary.ledger import CountRun, combine_windows
from beam_pipeline.summary.write_summary import SUMMARY_FILE, WriteSummary
from prompts.load import PromptSet
from transforms.check import CheckQA
from transforms.classify import ClassifyDocuments
from transforms.decontaminate import DecontaminateQA, DecontaminateSemantically, EmbedBenchmarks
from transforms.deduplicate import DeduplicateQA
from transforms.filter import FilterDocuments
from transforms.flow.outcome import Outcome, in_a_row
from transforms.inference.call_several import spread
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.recall import RecallReplies
from transforms.mix import MixConfig, MixQA, parse_shares, resolve_shares
from transforms.pass_rate import Band, MeasurePassRate
from transforms.records import NOT_STARTED, DeadLetter
from transforms.round_trip import RoundTripQA
from transforms.screen import ScreenConfig, ScreenDocuments
from transforms.synthesize import SynthesizeQA
from transforms.verify import VerifyAnswer, VerifyQA
from transforms.verify_question import VerifyQuestion


def build(
    pipeline: beam.Pipeline,
    config: PipelineConfig,
    prompts: PromptSet,
    model: Callable[[str], ModelConfig],
    embedding: EmbeddingConfig | None = None,
    run: str = "",
) -> Outcome:
    """Add the whole graph to a pipeline.

    `model` gives each stage its model settings by the stage's name, `embedding` those of the embedding
    model if there is one; `run` stands in the names of a stream's files. Returns what leaves the pipeline:
    accepted pairs, all rejections, all dead letters.
    """
    bank = exemplar_bank(pipeline, config, prompts)
    earlier = journal_source(pipeline, config)
    inputs = read_inputs(config)
    read = pipeline | "Read" >> document_source(config)
    clean = read.passed | "Screen" >> ScreenDocuments(screen_config(config, inputs), config.stream_ttl_s)
    ready = clean.passed | "Ready" >> (recalled(earlier, config) if earlier else beam.Reshuffle())  # the one fusion break
    kept = ready | "Filter" >> FilterDocuments(model("filter"), prompts)
    tasks = kept.passed | "Classify" >> ClassifyDocuments(model("classify"), prompts, config.max_personas)
    drafts = tasks.passed | "Synthesize" >> SynthesizeQA(model("synthesize"), prompts, bank, config.exemplars_per_prompt)
    checked = drafts.passed | "Check" >> CheckQA()
    stages = {"read": read, "screen": clean, "filter": kept, "classify": tasks, "synthesize": drafts, "check": checked}
    stages |= verification(checked, config, prompts, model)
    *_, sound = stages.values()
    final = stages["deduplicate"] = sound.passed | "Deduplicate" >> DeduplicateQA(
        config.near_duplicate_questions, config.stream_ttl_s
    )
    if config.benchmarks:
        final = stages["decontaminate"] = decontamination(pipeline, final, config, embedding, earlier)
    mix = mix_config(config, prompts)
    band = Band(config.min_pass_rate, config.max_pass_rate)

    def measure(pairs: Outcome) -> Outcome:
        return pairs.passed | "PassRate" >> MeasurePassRate(model("pass_rate"), prompts, config.pass_rate_samples, band, earlier)

    # Caps and shares are those of the output, so a band that rejects comes before them. Where it only measures it comes
    # last: it is the dearest stage, and then asks only about what is written.
    if config.pass_rate_samples and band.rejects:
        final = stages["pass_rate"] = measure(final)
    if mix:
        final = stages["mix"] = final.passed | "Mix" >> MixQA(mix)
    if config.pass_rate_samples and not band.rejects:
        final = stages["pass_rate"] = measure(final)
    left = Outcome(
        final.passed,
        [outcome.rejected for outcome in stages.values()] | "FlattenRejected" >> beam.Flatten(),
        [outcome.dead_letters for outcome in stages.values()] | "FlattenDeadLetters" >> beam.Flatten(),
    )
    if config.output_table:
        left = write_tables(left, config, pipeline.options)
    tallies = read.tallies if isinstance(read, Reading) else None
    counts = pipeline | "Count" >> CountRun(read, stages, clean.passed, tasks.passed, *left, tallies, bool(inputs))
    diversity = left.passed | "Diversity" >> combine_windows(DiversityFn(), left.passed)
    _write(left, counts, diversity, config, run)
    return left


def document_source(config: PipelineConfig) -> ReadDocuments | ReadUniqueInputs | ReadRows | ReadStream:
    """The source of documents, as the options say."""
    if config.input_table or config.input_query:
        return table_source(config)
    if config.streaming:
        return stream_source(config)
    files = tuple(file_inputs(config))
    if config.inputs:
        return ReadUniqueInputs(files)
    return ReadDocuments(files[0].patterns, files[0].reader, is_tallied(config))


def journal_source(pipeline: beam.Pipeline, config: PipelineConfig) -> Any:
    """The replies of an earlier run; None where they are not joined: documents of a stream do not come again."""
    if config.streaming or not config.resume:
        return None
    return pipeline | "ReadJournal" >> ReadJournal(config.journal_folder)


def recalled(earlier: Any, config: PipelineConfig) -> RecallReplies:
    """Documents with their earlier replies; with a limit those that have any come first, as they count towards it."""
    return RecallReplies(earlier, known_first=limits_of(config) is not None)


def exemplar_bank(pipeline: beam.Pipeline, config: PipelineConfig, prompts: PromptSet) -> Any:
    """The exemplars of every domain by its name, as the options say: a side input, or where that would break the model
    block in two (`splits_at_side_inputs`), the bank itself.

    Raises:
        ValueError: a file of exemplars cannot be read.
    """
    replace = config.exemplars_mode == "replace"
    if splits_at_side_inputs(pipeline.options):
        bank = read_exemplars(prompts.domains, config.exemplars, replace)
        tell_empty(bank)
        return bank
    return pipeline | "ReadExemplars" >> ReadExemplars(prompts.domains, tuple(config.exemplars), replace)


def screen_config(config: PipelineConfig, inputs: tuple[InputSpec, ...] = ()) -> ScreenConfig:
    """The screen's thresholds, with what the options say of them, and the inputs of their languages."""
    return ScreenConfig(
        source_languages=tuple((spec.source, tuple(spec.languages)) for spec in inputs if spec.languages),
        min_tokens=config.min_document_tokens,
        max_document_tokens=config.max_document_tokens,
        long_documents=config.long_documents,
        languages=tuple(config.languages),
        near_duplicates=config.near_duplicates,
        tokenizer=config.tokenizer,
        **read_thresholds(config.screening),
    )


def decontamination(
    pipeline: beam.Pipeline, pairs: Outcome, config: PipelineConfig, embedding: EmbeddingConfig | None, earlier: Any
) -> Outcome:
    """Take out what benchmarks ask: in the same words, and with an embedding model in other words."""
    items = pipeline | "ReadBenchmarks" >> ReadBenchmarks(tuple(config.benchmarks), tuple(config.benchmark_fields))
    worded = pairs.passed | "Decontaminate" >> DecontaminateQA(items, config.benchmark_ngram, config.benchmark_similarity)
    if embedding is None:
        return worded
    vectors = items | "EmbedBenchmarks" >> EmbedBenchmarks(embedding, earlier)
    meant = worded.passed | "DecontaminateSemantically" >> DecontaminateSemantically(
        embedding, vectors, config.embedding_similarity, earlier
    )
    return in_a_row(worded, meant, ("FlattenOverlaps", "FlattenUndecided"))


def mix_config(config: PipelineConfig, prompts: PromptSet) -> MixConfig | None:
    """Which pairs to leave out so that the output has the mix that is wanted; None if any mix will do.

    Raises:
        ValueError: the shares of the domains cannot be read or met.
    """
    shares: tuple[tuple[str, float], ...] = ()
    if config.domain_shares:
        given = config.domain_shares
        try:
            text = read_text(given) if given.lower().endswith((".yaml", ".yml")) else given
            shares = resolve_shares(parse_shares(text), prompts.domains)
        except ValueError as error:
            raise ValueError(f"--domain_shares: {error}") from error
    limits = config.max_pairs_per_document, config.max_pairs_per_source, config.max_pairs_per_domain
    return MixConfig(*limits, domain_shares=shares, seed=config.mix_seed) if any(limits) or shares else None


def verification(
    checked: Outcome, config: PipelineConfig, prompts: PromptSet, model: Callable[[str], ModelConfig]
) -> dict[str, Outcome]:
    """The stages in which models judge a pair, as the options say; what passes the last one is sound.

    They follow each other without a break, while the document that they read is in the prefix cache. The last of them
    that reads it takes its text from the pair: no stage behind reads it, and every shuffle would move it.
    """
    keep_text = config.round_trip

    def verifiers(stage: str) -> tuple[ModelConfig, PromptSet, tuple[ModelConfig, ...], str]:
        models = [model(verifier_name(stage, number)) for number in range(max(1, len(config.verifier_models)))]
        first, *others = spread(models, config.verifier_count)
        return first, prompts, tuple(others), config.verifier_agreement

    stages: dict[str, Outcome] = {}
    if config.verify_calls == 1:
        sound = stages["verify"] = checked.passed | "Verify" >> VerifyQA(*verifiers("verify"), keep_text)
    else:
        verify_answer = VerifyAnswer(*verifiers("verify_answer"), keep_text)
        proven = stages["verify_answer"] = checked.passed | "VerifyAnswer" >> verify_answer
        sound = stages["verify_question"] = proven.passed | "VerifyQuestion" >> VerifyQuestion(*verifiers("verify_question"))
    if config.round_trip:
        stages["round_trip"] = sound.passed | "RoundTrip" >> RoundTripQA(model("round_trip"), prompts, keep_text=False)
    return stages


def _was_started(letter: DeadLetter) -> bool:
    return letter.error != NOT_STARTED


def _write(left: Outcome, counts: Any, diversity: Any, config: PipelineConfig, run: str) -> None:
    """Write what leaves the pipeline, and the summary: as a whole, or each window by itself."""
    windows = stream_windows(config)
    for records, kind in zip(left, KINDS.values(), strict=True):
        if config.streaming:
            sink = WriteWindows(config.output, kind.name, windows, run, kind.to_row, config.output_format, config.output_shards)
        else:
            sink = WriteRecords(config.output, kind.name, kind.to_row, config.output_format, config.output_shards)
        if kind.name == "dead_letters" and limits_of(config):
            records = records | "DropNotStarted" >> beam.Filter(_was_started)
        records | f"Write{kind.label}" >> sink
    if config.output_topic:
        left.passed | "PublishQA" >> PublishPairs(config.output_topic, KINDS["qa"].to_row)
    if config.streaming:
        counts | "WriteSummary" >> WriteWindowSummaries(config.output, windows, run, diversity)
    else:
        counts | "WriteSummary" >> WriteSummary(FileSystems.join(config.output, SUMMARY_FILE), diversity)

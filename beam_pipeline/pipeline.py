"""The graph on one screen: documents in, verified pairs out, everything else accounted for."""

from collections.abc import Callable
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.bigquery.sink import write_tables
from beam_pipeline.bigquery.source import ReadRows, table_source
from beam_pipeline.engines.runners import splits_at_side_inputs
from beam_pipeline.options.model_settings import verifier_name
from beam_pipeline.output.kinds import KINDS, Kind
from beam_pipeline.output.write_run import WriteRecords, leaving, write_folder
from beam_pipeline.plan import RunPlan
from beam_pipeline.reading.benchmarks import ReadBenchmarks
from beam_pipeline.reading.exemplar_banks import ReadExemplars, tell_empty
from beam_pipeline.reading.input_list import file_inputs, is_tallied
from beam_pipeline.reading.journal import ReadJournal
from beam_pipeline.reading.read_files import ReadDocuments, Reading, ReadUniqueInputs
from beam_pipeline.review.graph import Review
from beam_pipeline.streaming.pubsub import PublishPairs
from beam_pipeline.streaming.read_stream import ReadStream, stream_source, stream_windows
from beam_pipeline.streaming.write_windows import WriteWindows, WriteWindowSummaries
from beam_pipeline.summary.diversity import DiversityFn
from beam_pipeline.summary.ledger import CountRun, combine_windows
from beam_pipeline.summary.write_summary import SUMMARY_FILE, WriteSummary
from prompts.load import PromptSet
from transforms.ask_back import AskBackQA
from transforms.check import CheckQA
from transforms.classify import ClassifyDocuments
from transforms.decontaminate import DecontaminateQA, DecontaminateSemantically, EmbedBenchmarks
from transforms.deduplicate import DeduplicateQA
from transforms.fill_in.solve import FillInRead, OptionsOnly
from transforms.fill_in.write import FillInTheMiddle, ShortAnswer
from transforms.filter import FilterDocuments
from transforms.flow.mixed_order import MixOrder
from transforms.flow.outcome import Outcome, in_a_row
from transforms.inference.call_several import spread
from transforms.inference.config import ModelConfig
from transforms.inference.recall import RecallReplies
from transforms.key_doubt import DoubtKeys
from transforms.mix import MixQA
from transforms.pair_rules.copied import Told, instructions_of
from transforms.pass_rate import Band, MeasurePassRate
from transforms.records import NOT_STARTED, PersonaTask, VerifiedQA
from transforms.repair import MENDABLE, RepairQA
from transforms.round_trip import RoundTripQA
from transforms.screen import ScreenDocuments
from transforms.stages import VERIFY_STAGES
from transforms.synthesize import SynthesizeQA
from transforms.verify import VerifyAnswer, VerifyQA, VerifyQuestion


def build(pipeline: beam.Pipeline, plan: RunPlan) -> Outcome:
    """Add the whole graph to a pipeline. Returns what leaves it: accepted pairs, all rejections, all dead letters."""
    config, prompts, model = plan.config, plan.prompts, plan.models.__getitem__
    bank = exemplar_bank(pipeline, plan)
    told = Told(instructions_of(prompts), plan.bank, config.exemplars_per_prompt)
    review = Review(config.output, config.stop_after, plan.edits, told)
    # The replies of an earlier run; not joined in a stream, whose documents do not come again.
    joined = config.resume and not config.streaming
    earlier = pipeline | "ReadJournal" >> ReadJournal(config.journal_folder) if joined else None
    stages: dict[str, Outcome] = {}
    reviewed: dict[str, Outcome] = {}

    def then(name: str, outcome: Outcome) -> Outcome:
        """Note what came of a stage and of its review, and let what passed go through the stages of one's own that follow it."""
        reviewed[name] = outcome = review(name, outcome)
        stages[name] = review.counted.get(name, outcome)
        for own in plan.own_stages.get(name, ()):
            outcome = stages[own.name] = outcome.passed | own.title >> own
        return outcome

    read = pipeline | "Read" >> document_source(plan)
    clean = then("read", read).passed | "Screen" >> ScreenDocuments(plan.screen, config.stream_ttl_s)
    # The one fusion break. With a limit the documents that have earlier replies come first, as they count towards it.
    recalled = RecallReplies(earlier, known_first=plan.limits is not None) if earlier else beam.Reshuffle()
    # A limit foretells what is to come from what it has seen, so the input's own order must not matter.
    found = then("screen", clean).passed
    given = found | "MixOrder" >> MixOrder() if plan.limits else found
    ready = given | "Ready" >> recalled
    kept = then("filter", ready | "Filter" >> FilterDocuments(model("filter"), prompts, config.fill_in_the_middle))
    each = config.max_personas, config.questions_per_persona
    asked = kept.passed | "WithShortAnswer" >> ShortAnswer(True) if config.fill_in_the_middle else kept.passed
    tasks = asked | "Classify" >> ClassifyDocuments(model("classify"), prompts, *each)
    writer = SynthesizeQA(model("synthesize"), prompts, bank, config.exemplars_per_prompt, config.question_language)
    drafts = then("synthesize", then("classify", tasks).passed | "Synthesize" >> writer)
    checked = then("check", drafts.passed | "Check" >> CheckQA(told, MENDABLE if config.repairs else ()))
    if config.repairs:
        checked = then("repair", checked.passed | "Repair" >> RepairQA(model("repair"), prompts, told))
    sound = verification(checked, plan, then)
    pairs, begun = sound.passed, tasks.passed
    if config.fill_in_the_middle:
        stages |= filling(kept, plan)
        pairs = (pairs, stages["fill_in_read"].passed) | "WithFilled" >> beam.Flatten()
        filled = stages["fill_in"].passed | "FilledTasks" >> beam.Map(lambda pair: pair.task).with_output_types(PersonaTask)
        begun = (begun, filled) | "AllTasks" >> beam.Flatten()
    unique = DeduplicateQA(config.near_duplicate_questions, config.stream_ttl_s)
    final = then("deduplicate", pairs | "Deduplicate" >> unique)
    if config.benchmarks:
        final = then("decontaminate", decontamination(pipeline, final, plan, earlier))
    band = Band(config.min_pass_rate, config.max_pass_rate)

    def measure(pairs: Outcome) -> Outcome:
        solver = MeasurePassRate(model("pass_rate"), prompts, config.pass_rate_samples, band, earlier)
        return then("pass_rate", pairs.passed | "PassRate" >> solver)

    # Caps and shares are those of the output, so a band that rejects comes before them. Where it only measures it comes
    # last: it is the dearest stage, and then asks only about what is written.
    before_mix = band.rejects or config.min_key_confidence > 0
    if config.pass_rate_samples and before_mix:
        final = measure(final)
    if config.min_key_confidence:
        others = [stages[name].rejected for name in (*VERIFY_STAGES, "ask_back", "round_trip", "pass_rate") if name in stages]
        final = then("key_doubt", final.passed | "KeyDoubt" >> DoubtKeys(config.min_key_confidence, others))
    if plan.mix:
        final = then("mix", final.passed | "Mix" >> MixQA(plan.mix))
    if config.pass_rate_samples and not before_mix:
        final = measure(final)
    review.write()
    left = leaving(final.passed, stages)
    may_stop = plan.limits or config.min_stage_yield or config.stop_after
    written = left if config.streaming or not may_stop else without_not_started(left)
    if config.output_table:
        written = write_tables(written, config, pipeline.options)
    left = written if config.streaming else left  # a stream's tables may refuse rows, which count as well
    tallies = read.tallies if isinstance(read, Reading) else None
    early = tuple(own.name for own in plan.own_stages.get("read", ()))
    counted = CountRun(read, stages, reviewed["screen"].passed, begun, left, tallies, bool(plan.inputs), early)
    counts = pipeline | "Count" >> counted
    diversity = left.passed | "Diversity" >> combine_windows(DiversityFn(), left.passed)
    _write(written, counts, diversity, plan, tuple(stages))
    return left


def document_source(plan: RunPlan) -> ReadDocuments | ReadUniqueInputs | ReadRows | ReadStream:
    """The source of documents."""
    config = plan.config
    if config.input_table or config.input_query:
        return table_source(config)
    if config.streaming:
        return stream_source(config, plan.inputs)
    files = tuple(file_inputs(config, plan.inputs))
    if plan.inputs:
        return ReadUniqueInputs(files, config.limit)
    return ReadDocuments(files[0].patterns, files[0].reader, is_tallied(config), config.limit)


def exemplar_bank(pipeline: beam.Pipeline, plan: RunPlan) -> Any:
    """The exemplars of every domain by its name: a side input, or where that would break the model block in two
    (`splits_at_side_inputs`), the bank itself."""
    if splits_at_side_inputs(pipeline.options):
        tell_empty(plan.bank)
        return plan.bank
    return pipeline | "ReadExemplars" >> ReadExemplars(plan.bank)


def decontamination(pipeline: beam.Pipeline, pairs: Outcome, plan: RunPlan, earlier: Any) -> Outcome:
    """Take out what benchmarks ask: in the same words, and with an embedding model in other words."""
    config, embedding, settings = plan.config, plan.embedding, plan.decontamination
    items = pipeline | "ReadBenchmarks" >> ReadBenchmarks(tuple(config.benchmarks), settings.fields)
    worded = pairs.passed | "Decontaminate" >> DecontaminateQA(items, settings.ngram, settings.similarity, settings.rephrased)
    if embedding is None:
        return worded
    vectors = items | "EmbedBenchmarks" >> EmbedBenchmarks(embedding, earlier)
    meant = worded.passed | "DecontaminateSemantically" >> DecontaminateSemantically(embedding, vectors, settings.cosine, earlier)
    return in_a_row(worded, meant, ("FlattenOverlaps", "FlattenUndecided"))


def verification(checked: Outcome, plan: RunPlan, then: Callable[[str, Outcome], Outcome]) -> Outcome:
    """The stages in which models judge a pair, as the options say; what passes the last one is sound.

    They follow each other without a break, while the document that they read is in the prefix cache. The last of them
    that reads it takes its text from the pair: no stage behind reads it, and every shuffle would move it. Where a stage of
    one's own may read it behind them, it is taken behind that.
    """
    config, prompts, model = plan.config, plan.prompts, plan.models.__getitem__
    own = any(stage in plan.own_stages for stage in (*VERIFY_STAGES, "ask_back", "round_trip"))
    keep_text = bool(config.round_trip) or own

    def verifiers(stage: str) -> tuple[ModelConfig, PromptSet, tuple[ModelConfig, ...], str]:
        models = [model(verifier_name(stage, number)) for number in range(max(1, len(config.verifier_models)))]
        first, *others = spread(models, config.verifier_count)
        return first, prompts, tuple(others), config.verifier_agreement

    if config.verify_calls == 1:
        sound = then("verify", checked.passed | "Verify" >> VerifyQA(*verifiers("verify"), keep_text))
    else:
        proven = then("verify_answer", checked.passed | "VerifyAnswer" >> VerifyAnswer(*verifiers("verify_answer"), keep_text))
        sound = then("verify_question", proven.passed | "VerifyQuestion" >> VerifyQuestion(*verifiers("verify_question")))
    if config.ask_back:
        sound = then("ask_back", sound.passed | "AskBack" >> AskBackQA(model("ask_back"), prompts))
    if config.round_trip:
        sound = then("round_trip", sound.passed | "RoundTrip" >> RoundTripQA(model("round_trip"), prompts, keep_text=own))
    if own:
        sound = sound._replace(passed=sound.passed | "DropText" >> beam.Map(_without_text).with_output_types(VerifiedQA))
    return sound


def _without_text(qa: VerifiedQA) -> VerifiedQA:
    return qa.without_text()


def filling(kept: Outcome, plan: RunPlan) -> dict[str, Outcome]:
    """Questions with nine options of the documents that have no short answer; what passes the last stage is sound."""
    config, prompts, model = plan.config, plan.prompts, plan.models.__getitem__
    unanswerable = kept.passed | "WithoutShortAnswer" >> ShortAnswer(False)
    written = unanswerable | "FillIn" >> FillInTheMiddle(model("fill_in"), prompts)
    samples = config.options_only_samples
    unseen = written.passed | "OptionsOnly" >> OptionsOnly(model("options_only"), prompts, samples)
    read = unseen.passed | "FillInRead" >> FillInRead(model("fill_in_read"), prompts)
    return {"fill_in": written, "options_only": unseen, "fill_in_read": read}


def without_not_started(left: Outcome) -> Outcome:
    """What is written of a run that may stop early: work that it did not begin is counted only."""
    begun = left.dead_letters | "DropNotStarted" >> beam.Filter(lambda letter: letter.error != NOT_STARTED)
    return left._replace(dead_letters=begun)


def _write(left: Outcome, counts: Any, diversity: Any, plan: RunPlan, order: tuple[str, ...]) -> None:
    """Write what leaves the pipeline, and the summary: as a whole, or each window by itself."""
    config, run, windows = plan.config, plan.name, stream_windows(plan.config)

    def sink(kind: Kind) -> beam.PTransform:
        rows = (kind.to_row, config.output_format, config.output_shards)
        if config.streaming:
            return WriteWindows(config.output, kind.name, windows, run, *rows)
        return WriteRecords(config.output, kind.name, *rows)

    write_folder(left, sink)
    if config.output_topic:
        left.passed | "PublishQA" >> PublishPairs(config.output_topic, KINDS["qa"].to_row)
    if config.streaming:
        counts | "WriteSummary" >> WriteWindowSummaries(config.output, windows, run, diversity, order)
    else:
        counts | "WriteSummary" >> WriteSummary(FileSystems.join(config.output, SUMMARY_FILE), diversity, order)

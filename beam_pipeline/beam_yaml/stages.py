"""What `providers.yaml` names: for each stage a function from options to a transform with one output, what passes the stage.

The options are those of `webscale-qa run`, by name; `options: FILE` is a file of them, as `--config` takes it. So a chain of
names is a pipeline. What a stage rejects and what fails is not lost: `WriteRun` finds the stages in front of it in the graph, and
writes theirs. A stage with `error_handling: {output: NAME}` gives them as rows besides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import apache_beam as beam

from beam_pipeline.options.checks import check_somebody_answers
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.model_settings import verifier_name
from beam_pipeline.output.folder import check_output
from beam_pipeline.output.write_run import write_run as write_stages
from beam_pipeline.pipeline import decontamination, document_source
from beam_pipeline.plan import RunPlan, make_plan
from beam_pipeline.reading.input_list import check_files
from transforms.ask_back import AskBackQA
from transforms.check import CheckQA
from transforms.classify import ClassifyDocuments
from transforms.deduplicate import DeduplicateQA
from transforms.filter import FilterDocuments
from transforms.flow.outcome import Outcome
from transforms.inference.call_several import spread
from transforms.inference.config import ModelConfig
from transforms.mix import MixQA
from transforms.own_stage import record_after
from transforms.pair_rules.copied import Told, instructions_of
from transforms.pass_rate import Band, MeasurePassRate
from transforms.records import DeadLetter, Rejection, VerifiedQA
from transforms.repair import MENDABLE, RepairQA
from transforms.round_trip import RoundTripQA
from transforms.screen import ScreenDocuments
from transforms.stages import STAGES
from transforms.synthesize import SynthesizeQA
from transforms.verify import VerifyQA

# What stands for options that a stage does not need, and no run is without.
_NOWHERE = "-"
_ALWAYS = {"input": _NOWHERE, "output": _NOWHERE}
Given = dict[str, Any]


class YamlStage(beam.PTransform):
    """One stage: what passes it is its output; its whole outcome stays here for `WriteRun`."""

    def __init__(self, name: str, make: Callable[[Any], Outcome], errors: str = "", mendable: bool = False) -> None:
        super().__init__()
        self.name = name
        self.mendable = mendable
        self.outcome: Outcome | None = None
        self._make = make
        self._errors = errors

    def expand(self, elements: Any) -> Any:
        self.outcome = outcome = self._make(elements)
        if not self._errors:
            return outcome.passed
        rows = (
            outcome.rejected | "RejectedToRows" >> beam.Map(_rejected_row).with_output_types(Lost),
            outcome.dead_letters | "DeadToRows" >> beam.Map(_dead_row).with_output_types(Lost),
        ) | "FlattenLost" >> beam.Flatten()
        return {"passed": outcome.passed, self._errors: rows}


Lost = beam.typehints.row_type.RowTypeConstraint.from_fields(
    [(name, str) for name in ("kind", "stage", "reason", "detail", "document_id", "where")]
)
_PAIR = ("id", "document_id", "source", "domain", "persona", "question", "answer", "answer_type", "quote")
Pair = beam.typehints.row_type.RowTypeConstraint.from_fields([(name, str) for name in _PAIR])


def _rejected_row(item: Rejection) -> beam.Row:
    return beam.Row(
        kind="rejected", stage=item.stage, reason=item.reason, detail=item.detail, document_id=item.document_id, where=item.where
    )


def _dead_row(item: DeadLetter) -> beam.Row:
    return beam.Row(
        kind="dead", stage=item.stage, reason=item.error, detail=item.message, document_id=item.document_id, where=item.where
    )


def _pair_row(qa: VerifiedQA) -> beam.Row:
    pair, task = qa.pair, qa.pair.task
    values = (qa.id, task.document.id, task.document.source, task.domain, task.persona.name)
    said = (pair.question, pair.answer, pair.answer_type, qa.quote)
    return beam.Row(**dict(zip(_PAIR, (*values, *said), strict=True)))


def _errors_of(given: Given) -> str:
    """The output that takes what does not pass, and `given` without what names it."""
    return str((given.pop("error_handling", None) or {}).get("output", ""))


def _plan(given: Given) -> RunPlan:
    """What options of a run stand for. ValueError, one line, if they cannot be used."""
    return _planned(tuple(_flags({**_ALWAYS, **given})))


def _flags(given: Given) -> Iterator[str]:
    if path := given.pop("options", ""):
        yield f"--config={path}"
    for name, value in given.items():
        for each in value if isinstance(value, list) else [value]:
            yield f"--{name}={str(each).lower() if isinstance(each, bool) else each}"


@lru_cache(maxsize=32)
def _planned(flags: tuple[str, ...]) -> RunPlan:
    return make_plan(parse(flags)[0])


def _model(plan: RunPlan, stage: str) -> ModelConfig:
    """How a stage asks its model; without an output or a journal replies are kept nowhere."""
    config = plan.config
    if config.demo:
        raise ValueError("demo: start `webscale-qa demo-endpoint`, and name it as endpoint, with the model demo-rules")
    check_somebody_answers(config)
    model = plan.models[stage]
    if not model.model:
        raise ValueError(f"model is missing: name the one that {stage} asks, as its endpoint calls it")
    return model if config.journal or config.output != _NOWHERE else replace(model, journal="")


def read_documents(**options: Any) -> YamlStage:
    """Reads documents: the options of a run that say what to read, such as input, text_field and limit."""
    errors = _errors_of(options)
    if not any(options.get(name) for name in ("input", "inputs", "options")):
        raise ValueError("input is missing: files to read, paths or globs")
    given = {"output": _NOWHERE, **options}
    plan = _planned(tuple(_flags(given)))
    check_files(plan.config, plan.inputs)
    return YamlStage("read", lambda root: root | "Read" >> document_source(plan), errors)


read_documents._yaml_requires_inputs = False  # type: ignore[attr-defined]


def screen_documents(**options: Any) -> YamlStage:
    """Rules on the text, and copies: the options of screening."""
    errors, plan = _errors_of(options), _plan(options)
    return YamlStage("screen", lambda documents: documents | "Screen" >> ScreenDocuments(plan.screen), errors)


def filter_documents(**options: Any) -> YamlStage:
    """Asks whether a document is worth asking about: endpoint, model and what else a run has of them.

    Documents are spread over the workers in front of it, so that one that was read in one piece is asked about by all.
    """
    errors, plan = _errors_of(options), _plan(options)
    stage = FilterDocuments(_model(plan, "filter"), plan.prompts)
    return YamlStage("filter", lambda documents: documents | "Ready" >> beam.Reshuffle() | "Filter" >> stage, errors)


def classify_documents(**options: Any) -> YamlStage:
    """Names domain and personas; one task for each question."""
    errors, plan = _errors_of(options), _plan(options)
    each = plan.config.max_personas, plan.config.questions_per_persona
    stage = ClassifyDocuments(_model(plan, "classify"), plan.prompts, *each)
    return YamlStage("classify", lambda documents: documents | "Classify" >> stage, errors)


def synthesize_qa(**options: Any) -> YamlStage:
    """Writes one question for each task."""
    errors, plan = _errors_of(options), _plan(options)
    how = plan.config.exemplars_per_prompt, plan.config.question_language
    stage = SynthesizeQA(_model(plan, "synthesize"), plan.prompts, plan.bank, *how)
    return YamlStage("synthesize", lambda tasks: tasks | "Synthesize" >> stage, errors)


def check_qa(**options: Any) -> YamlStage:
    """Rules on question and answer. With `repairs: 1` drafts that can be mended pass, to a RepairQA behind it."""
    errors, plan = _errors_of(options), _plan(options)
    mended = "repairs" in plan.config.model_fields_set and plan.config.repairs > 0
    stage = CheckQA(_told(plan), MENDABLE if mended else ())
    return YamlStage("check", lambda pairs: pairs | "Check" >> stage, errors, mended)


def repair_qa(**options: Any) -> YamlStage:
    """A draft that broke a rule, written once more."""
    errors, plan = _errors_of(options), _plan(options)
    stage = RepairQA(_model(plan, "repair"), plan.prompts, _told(plan))
    return YamlStage("repair", lambda pairs: pairs | "Repair" >> stage, errors)


def _told(plan: RunPlan) -> Told:
    return Told(instructions_of(plan.prompts), plan.bank, plan.config.exemplars_per_prompt)


def verify_qa(**options: Any) -> YamlStage:
    """A model, or several, judge the pair by the document. Behind it a pair has no text any more, unless round_trip is true."""
    errors, plan = _errors_of(options), _plan(options)
    config = plan.config
    models = [_model(plan, verifier_name("verify", number)) for number in range(max(1, len(config.verifier_models)))]
    first, *others = spread(models, config.verifier_count)
    stage = VerifyQA(first, plan.prompts, tuple(others), config.verifier_agreement, bool(config.round_trip))
    return YamlStage("verify", lambda pairs: pairs | "Verify" >> stage, errors)


def ask_back_qa(**options: Any) -> YamlStage:
    """A model says what it would have to ask back."""
    errors, plan = _errors_of(options), _plan({**options, "ask_back": True})
    stage = AskBackQA(_model(plan, "ask_back"), plan.prompts)
    return YamlStage("ask_back", lambda pairs: pairs | "AskBack" >> stage, errors)


def round_trip_qa(**options: Any) -> YamlStage:
    """A model answers from the document, not seeing the stored answer; VerifyQA in front needs `round_trip: true` as well."""
    errors, plan = _errors_of(options), _plan({**options, "round_trip": True})
    stage = RoundTripQA(_model(plan, "round_trip"), plan.prompts, keep_text=False)
    return YamlStage("round_trip", lambda pairs: pairs | "RoundTrip" >> stage, errors)


def deduplicate_qa(**options: Any) -> YamlStage:
    """The same question twice."""
    errors, plan = _errors_of(options), _plan(options)
    stage = DeduplicateQA(plan.config.near_duplicate_questions)
    return YamlStage("deduplicate", lambda pairs: pairs | "Deduplicate" >> stage, errors)


def decontaminate_qa(**options: Any) -> YamlStage:
    """What benchmarks ask: benchmarks, decontamination and the options of an embedding endpoint."""
    errors, plan = _errors_of(options), _plan(options)
    if not plan.config.benchmarks:
        raise ValueError("benchmarks is missing: the evaluation sets that the output must not repeat")

    def make(pairs: Any) -> Outcome:
        return decontamination(pairs.pipeline, Outcome(pairs, None, None), plan, None)

    return YamlStage("decontaminate", make, errors)


def mix_qa(**options: Any) -> YamlStage:
    """Caps and shares: max_pairs_per_document, max_pairs_per_source, max_pairs_per_domain, domain_shares."""
    errors, plan = _errors_of(options), _plan(options)
    if plan.mix is None:
        raise ValueError("no cap and no share is given: max_pairs_per_document, ..._source, ..._domain or domain_shares")
    mix = plan.mix
    return YamlStage("mix", lambda pairs: pairs | "Mix" >> MixQA(mix), errors)


def measure_pass_rate(**options: Any) -> YamlStage:
    """How often a solver is right without the document: pass_rate_samples, min_pass_rate, max_pass_rate."""
    errors, plan = _errors_of(options), _plan({"pass_rate_samples": 1, **options})
    config = plan.config
    band = Band(config.min_pass_rate, config.max_pass_rate)
    stage = MeasurePassRate(_model(plan, "pass_rate"), plan.prompts, config.pass_rate_samples, band, None)
    return YamlStage("pass_rate", lambda pairs: pairs | "PassRate" >> stage, errors)


def own_stage(stage: str, **options: Any) -> YamlStage:
    """A stage of your own, as the option --stage has it: `stage: package.module:Name after check`."""
    errors, plan = _errors_of(options), _plan({"stage": stage})
    [(own,)] = plan.own_stages.values()
    return YamlStage(own.name, lambda records: records | own.title >> own, errors)


def pairs_to_rows() -> beam.PTransform:
    """Verified pairs as rows with a schema, for a sink of Beam YAML's own."""
    return beam.Map(_pair_row).with_output_types(Pair)


def write_run(output: str, output_format: str = "jsonl") -> "WriteRun":
    """Writes a folder that `webscale-qa report` and `export` open: pairs, and what the stages in front rejected or lost."""
    if output_format not in ("jsonl", "parquet"):
        raise ValueError(f"output_format: {output_format!r} is not jsonl or parquet")
    if check_output(output, resume=True):
        raise ValueError(f"{output}: already holds files; name another folder")
    return WriteRun(output, output_format)


@dataclass
class WriteRun(beam.PTransform):
    """Writes the outcomes of all stages in front of it."""

    output: str
    file_format: str = "jsonl"

    def expand(self, pairs: Any) -> beam.PCollection:
        found = stages_behind(pairs)
        names = list(found)
        if missing := [name for name in ("read", "screen", "classify") if name not in names]:
            raise ValueError(
                f"a run has the stages ReadDocuments, ScreenDocuments and ClassifyDocuments; {missing[0]} is not there"
            )
        if pairs is not found[names[-1]].outcome.passed:
            raise ValueError("what is written is not what a stage passes: put it right behind one")
        if names[-1] in STAGES and record_after(names[-1]) is not VerifiedQA:
            raise ValueError(f"{names[-1]} passes no verified pairs: put a VerifyQA in front of it")
        if any(stage.mendable for stage in found.values()) and "repair" not in names:
            raise ValueError(
                "CheckQA with repairs lets bad drafts pass, to be mended: put a RepairQA behind it, or leave repairs out"
            )
        outcomes = {name: stage.outcome for name, stage in found.items()}
        left = write_stages(pairs.pipeline, self.output, outcomes, outcomes["classify"].passed, self.file_format)
        return left.passed


def stages_behind(elements: Any) -> dict[str, Any]:
    """The stages of which a PCollection came, by name, the first one first."""
    found: dict[str, Any] = {}
    waiting, seen = [elements], set()
    while waiting:
        at = waiting.pop()
        node, outermost = at.producer, at.producer
        stage = None
        while node is not None:
            if isinstance(node.transform, YamlStage):
                stage, outermost = node.transform, node
            node = node.parent
        if stage is not None and stage.name not in found:
            found = {stage.name: stage, **found}
        inputs = [each for each in outermost.main_inputs.values() if isinstance(each, beam.PCollection)]
        new = [each for each in inputs if each not in seen]
        seen.update(new)
        waiting.extend(new)
    return found

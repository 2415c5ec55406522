"""`--dry_run`: what a run would do, as text: its stages, its options, its prompts with one real document filled in.

Nothing is asked and nothing is written. What only a model can say (persona, draft) stands in the prompts as a name in
square brackets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel

from beam_pipeline.engines.runners import runner_name
from beam_pipeline.options.checks import check_somebody_answers
from beam_pipeline.options.command_line import OPTIONS
from beam_pipeline.options.config import LOCAL_RUNNER, PipelineConfig
from beam_pipeline.options.model_settings import Models
from beam_pipeline.options.values import shown
from beam_pipeline.output.folder import check_output
from beam_pipeline.pipeline import build
from beam_pipeline.plan import RunPlan
from beam_pipeline.reading.input_list import file_inputs
from beam_pipeline.reading.shown_documents import shown_documents
from beam_pipeline.storage.matching import match_pattern
from transforms.ask_back import AskBackReply, ask_back_variables
from transforms.classify import ClassifyReply
from transforms.fill_in.solve import ChoiceReply, fill_in_read_variables, options_only_variables
from transforms.fill_in.write import FillInReply, fill_in_variables
from transforms.filter import FilterReply
from transforms.inference.scheduling.router import rendezvous_order
from transforms.own_stage import OwnStage
from transforms.pass_rate import SolverReply, pass_rate_variables
from transforms.records import Document, Fault, Persona, PersonaTask, QAPair, VerifiedQA
from transforms.repair import repair_variables
from transforms.round_trip import RoundTripReply, round_trip_variables
from transforms.said import printable, said, said_name
from transforms.screen import screen_document
from transforms.synthesize import SynthesizeReply, synthesize_variables
from transforms.text import count_tokens, neutralise
from transforms.verify import VerifyAnswerReply, VerifyQuestionReply, VerifyReply, verify_question_variables, verify_variables

# Documents looked at for one that passes the screen.
LOOKED_AT = 200
SERVED = "the one model that it serves"


def describe_run(plan: RunPlan, options: PipelineOptions) -> str:
    """The whole text; ValueError, one line, if the input cannot be read."""
    sections = (
        _first_words(plan.config),
        _graph(plan, options),
        _options(plan.config, options),
        *([_own_prompts(plan)] if plan.config.prompts else []),
        *([_read(plan)] if plan.config.input or plan.config.inputs else []),
        _prompts(plan),
    )
    return "\n\n".join("\n".join(section) for section in sections)


def _first_words(config: PipelineConfig) -> Iterator[str]:
    yield "dry run: nothing is asked, nothing is written"
    try:
        check_somebody_answers(config)
        check_output(config.output, config.overwrite, config.resume, keep=config.streaming)
    except ValueError as error:
        yield f"the run would not begin: {error}"


def _graph(plan: RunPlan, options: PipelineOptions) -> Iterator[str]:
    """The top-level transforms of the graph that would run, in order."""
    # Of the local runner, because others look for credentials when a graph is built for them.
    pipeline = beam.Pipeline(LOCAL_RUNNER, options=options)
    build(pipeline, plan)
    parts = [(part.full_label, part.transform) for part in pipeline.transforms_stack[0].parts]
    yield f"graph for {runner_name(options)}"
    for label, transform in parts:
        yield f"  {label:24}{_what(transform)}"


def _what(transform: Any) -> str:
    """What a transform is: of ours by the first line of its description, of Beam's by its name."""
    if isinstance(transform, OwnStage):
        return transform.says
    if type(transform).__module__.startswith("apache_beam."):
        return f"{type(transform).__name__} of Beam"
    lines = (type(transform).__doc__ or "").strip().splitlines()
    # A dataclass without words has its signature there.
    said = lines[0].strip() if lines and not lines[0].startswith(f"{type(transform).__name__}(") else ""
    return f"{type(transform).__name__}: {said}" if said else type(transform).__name__


def _options(config: PipelineConfig, options: PipelineOptions) -> Iterator[str]:
    """Every option of ours as it came to be, and those of Beam that are not its defaults."""
    yield "options (* is not the default)"
    values = config.flat()
    for name, option in OPTIONS.items():
        value = values.get(name, option.default)
        if option.stage and value is None:
            continue  # the general one
        star = "*" if value != option.default else " "
        text = ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
        yield f"{star} {name:26}{text}".rstrip()
    for name, value in sorted(options.get_all_options(drop_default=True).items()):
        yield f"* {name:26}{shown(value)[1:-1]} (of Beam)"


def _own_prompts(plan: RunPlan) -> Iterator[str]:
    """What the files of `--prompts` stand for."""
    yield f"files of --prompts {said_name(plan.config.prompts)}; the others are the shipped ones"
    for name, says in plan.own_prompts.replaced(plan.config.model_stages):
        yield f"  {name:24}{says}"


def _read(plan: RunPlan) -> Iterator[str]:
    """The first documents of the input."""
    try:
        yield from shown_documents(file_inputs(plan.config, plan.inputs))
    except ValueError:
        if not plan.config.streaming:  # a folder that is watched may still be empty
            raise
        yield "no document is there yet"


def _prompts(plan: RunPlan) -> Iterator[str]:
    """The prompt of every stage, filled in."""
    document, source = find_document(plan)
    yield f"prompts, filled in with {source}"
    config, prompts, models, stages = plan.config, plan.prompts, plan.models, _stages(plan, document)
    above = ""
    for name in config.model_stages:
        (filled_in, reply), prompt = stages[name], prompts.prompt(name)
        variables = {key: neutralise(value) for key, value in filled_in.items()}
        messages = prompts.messages(name, neutralise(document.text), variables)
        system, user = (message["content"] for message in messages)
        sizes = [count_tokens(text, config.tokenizer) for text in (system, user)]
        yield ""
        yield f"== {name}: {_asked(models, name, config, document.id)}"
        yield f"   prompt version {prompt.version}, {sum(sizes):,} tokens ({sizes[0]:,} system, {sizes[1]:,} user)"
        yield f"   reply {', '.join(reply.model_fields)}; at most {models[name].max_tokens:,} tokens"
        yield "-- system" + (": as above" if system == above else "")
        if system != above:
            yield printable(system, "\n\t")
        above = above or system
        yield "-- user"
        yield printable(user, "\n\t")


def _asked(models: Models, stage: str, config: PipelineConfig, document_id: str) -> str:
    """Who would be asked: model, temperature, replica."""
    model = models[stage]
    names = [said_name(other.model or SERVED) for key, other in models.items() if key.partition("/")[0] == stage]
    text = f"{', '.join(names)} at temperature {model.temperature:g}"
    if stage == "pass_rate" and config.pass_rate_samples > 1:
        text += f", {config.pass_rate_samples} times"
    if not model.endpoints:
        return f"{text}, {'the embedded endpoint' if config.demo else 'an endpoint that is not named yet'}"
    if stage == "pass_rate":
        return f"{text}, {' or '.join(model.endpoints)}, by the pair's id"
    replica = rendezvous_order(document_id, model.endpoints)[0]
    many = f" (of {len(model.endpoints)} replicas, by the document's id)" if len(model.endpoints) > 1 else ""
    return f"{text}, {replica}{many}"


def _stages(plan: RunPlan, document: Document) -> Mapping[str, tuple[dict[str, str], type[BaseModel]]]:
    """Of each stage the variables of its prompt for a document, and its reply; what a model would say stands in brackets."""
    bank, config = plan.bank, plan.config
    domain = next((name for name, exemplars in bank.items() if exemplars), plan.prompts.domains[0].name)
    task = PersonaTask(document, domain, Persona("[a persona, named by classify]", "[why the document matters to it]"))
    pair = QAPair(task, "[the question that synthesize wrote]", "[its answer]", "term")
    faulty = replace(pair, fault=Fault("answer_not_in_document", pair.answer))
    qa = VerifiedQA(pair, "[the quote that verify gave]")
    written = synthesize_variables(task, bank, config.exemplars_per_prompt, config.question_language)
    named = {"domain": f"[the domain named by classify; exemplars of {domain} are shown]"}
    return {
        "filter": ({}, FilterReply),
        "classify": ({}, ClassifyReply),
        "synthesize": (written | named, SynthesizeReply),
        "repair": (repair_variables(faulty), SynthesizeReply),
        "verify": (verify_variables(pair), VerifyReply),
        "verify_answer": (verify_variables(pair), VerifyAnswerReply),
        "verify_question": (verify_question_variables(qa), VerifyQuestionReply),
        "ask_back": (ask_back_variables(qa), AskBackReply),
        "round_trip": (round_trip_variables(qa), RoundTripReply),
        "fill_in": (fill_in_variables(document), FillInReply),
        "options_only": (options_only_variables(pair), ChoiceReply),
        "fill_in_read": (fill_in_read_variables(qa), ChoiceReply),
        "pass_rate": (pass_rate_variables(qa), SolverReply),
    }


def find_document(plan: RunPlan) -> tuple[Document, str]:
    """A document of the input as the model block would get it, and words that name it.

    The first that passes the screen, or the first of all if none of the first two hundred does.
    """
    config = plan.config
    first: Document | None = None
    for document in islice(_documents(plan), LOOKED_AT):
        first = first or document
        for result in screen_document(document, plan.screen):
            if isinstance(result, Document):
                return result, f"document {shown(result.id)} ({said(result.where)})"
    if first is not None:
        return first, f"document {shown(first.id)} ({said(first.where)}), which the screen would reject"
    source = "a queue" if config.streaming else "a table"
    why = "none could be read" if config.input or config.inputs else f"{source} is not read"
    return Document("example", "[the text of a document]"), f"no document, because {why}"


def _documents(plan: RunPlan) -> Iterator[Document]:
    for patterns, reader, _ in file_inputs(plan.config, plan.inputs):
        for pattern in patterns:
            try:
                paths = match_pattern(pattern)
            except ValueError:
                if not plan.config.streaming:  # a folder that is watched may still be empty
                    raise
                continue
            for path in paths:
                yield from (result for result in reader.read(path) if isinstance(result, Document))

"""A pipeline of one's own: the shipped screen, filter and verifier around a stage with a prompt of its own.

    python own_stage.py --input documents.jsonl --output out --endpoint http://127.0.0.1:8000/v1 --model MODEL
    webscale-qa report out
    webscale-qa export out --format trl --to dataset

The stage asks for one question a document, for one kind of reader, and skips `classify`. It needs a language model: the
embedded endpoint knows the shipped stages only.
"""

import argparse
from collections.abc import Iterator

import apache_beam as beam
from pydantic import BaseModel

from beam_pipeline.output.folder import check_output
from beam_pipeline.output.write_run import write_run
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.reading.input_list import check_inputs
from beam_pipeline.reading.read_files import ReadDocuments
from prompts import load_prompts
from transforms import CallModel, CheckQA, FilterDocuments, ModelConfig, ScreenDocuments, VerifyQA
from transforms.records import Document, Persona, PersonaTask, QAPair, Stamp

PROMPT = """\
---
version: 1
changes: "1: first"
variables: [reader]
---
## Task: quiz

Write one question that the document answers with a number, and that can be understood without it.

- `question`: the question.
- `answer`: the number, with its unit.
<!-- after the document -->
Task: quiz
<reader>$reader</reader>
"""
READER = Persona("quiz master", "wants questions with one right answer")


class QuizReply(BaseModel):
    """What the model must answer."""

    question: str
    answer: str


def task_of(document: Document) -> PersonaTask:
    """The one task of a document."""
    return PersonaTask(document, "Other", READER)


def quiz_variables(task: PersonaTask) -> dict[str, str]:
    """The prompt's variables."""
    return {"reader": task.persona.name}


def apply_quiz(task: PersonaTask, reply: QuizReply, stamp: Stamp) -> Iterator[QAPair]:
    """The reply as a pair. To turn one down: `yield transforms.records.reject("quiz", "a_reason", task)`."""
    yield QAPair(task, reply.question, reply.answer, "number", stamps=(*task.stamps, stamp))


def run(patterns: list[str], output: str, model: ModelConfig) -> None:
    """Run the pipeline in this process, and write its output folder."""
    prompts = load_prompts(stages=("filter", "verify")).with_prompt("quiz", PROMPT)
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        read = pipeline | "Read" >> ReadDocuments(tuple(patterns))
        clean = read.passed | "Screen" >> ScreenDocuments()
        kept = clean.passed | "Filter" >> FilterDocuments(model, prompts)
        tasks = kept.passed | "Tasks" >> beam.Map(task_of).with_output_types(PersonaTask)
        drafts = tasks | "Quiz" >> CallModel("quiz", quiz_variables, QuizReply, apply_quiz, QAPair, model, prompts)
        checked = drafts.passed | "Check" >> CheckQA()
        sound = checked.passed | "Verify" >> VerifyQA(model, prompts)
        stages = {"read": read, "screen": clean, "filter": kept, "quiz": drafts, "check": checked, "verify": sound}
        write_run(pipeline, output, stages, tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--input", action="append", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--endpoint", action="append", required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()
    try:
        check_inputs(given.input, FileReader())
        there = check_output(given.output, resume=True)
    except ValueError as error:
        parser.error(str(error))
    if there:
        parser.error(f"{given.output}: already holds files; name another folder")
    run(given.input, given.output, ModelConfig(tuple(given.endpoint), given.model))

"""The plain Beam way, for comparison: RunInference with a handler that gathers each batch.

    python -m tests.benchmarks.run_inference --endpoint URL --input FILE

The same prompts and stages as the pipeline's, one RunInference for each. RunInference works through
batches: the next batch waits for the slowest request of the one before, and stages take turns.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import httpx2
import openai
import orjson
from apache_beam.ml.inference.base import ModelHandler, PredictionResult, RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from prompts.exemplar_bank import load_bank
from prompts.load import load_prompts
from transforms.check import check_pair
from transforms.classify import ClassifyReply, apply_classify
from transforms.filter import FilterReply, apply_filter
from transforms.inference.call import Opinion
from transforms.inference.client.http_pool import make_client
from transforms.inference.client.reply_schema import parse_reply, reply_schema
from transforms.records import DEMO_MODEL, Document, PersonaTask, QAPair, Stamp, VerifiedQA, document_of
from transforms.synthesize import SynthesizeReply, apply_synthesize, synthesize_variables
from transforms.verify import VerifyReply, apply_opinions, verify_variables

BATCH = 64
STAMP = Stamp("run_inference", DEMO_MODEL, 1, "")
PROMPTS = load_prompts()
BANK = load_bank(PROMPTS.domains)
REPLIES: dict[str, Any] = {
    "filter": FilterReply,
    "classify": ClassifyReply,
    "synthesize": SynthesizeReply,
    "verify": VerifyReply,
}


class Client:
    """A client and the loop it lives on; an object of its own, because Beam keeps models by weak reference."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.openai = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=make_client(600))


class GatheringHandler(ModelHandler[Any, PredictionResult, Client]):
    """Asks for a whole batch at once and waits for all of it."""

    def __init__(self, url: str, stage: str) -> None:
        self._url = url
        self._stage = stage

    def load_model(self) -> Client:
        return Client(self._url)

    def run_inference(self, batch: Sequence[Any], model: Client, inference_args: Any = None) -> Iterable[PredictionResult]:
        async def gather() -> list[str]:
            return list(await asyncio.gather(*(self._ask(model.openai, element) for element in batch)))

        texts = model.loop.run_until_complete(gather())
        return [PredictionResult(element, text) for element, text in zip(batch, texts, strict=True)]

    async def _ask(self, client: Any, element: Any) -> str:
        schema = {"name": self._stage, "strict": True, "schema": reply_schema(REPLIES[self._stage])}
        body = {
            "model": DEMO_MODEL,
            "messages": PROMPTS.messages(self._stage, document_of(element).text, variables(self._stage, element)),
            "max_tokens": 512,
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
        response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        return str(orjson.loads(response.content)["choices"][0]["message"]["content"])

    def batch_elements_kwargs(self) -> dict[str, int]:
        return {"min_batch_size": BATCH, "max_batch_size": BATCH}


def variables(stage: str, element: Any) -> dict[str, str]:
    """What the prompt of a stage needs of an element."""
    if stage == "synthesize":
        return synthesize_variables(element, BANK, 3)
    return verify_variables(element) if stage == "verify" else {}


def apply(result: PredictionResult, stage: str) -> Iterator[Any]:
    """The stage's own function on one reply; rejections are left out."""
    functions: dict[str, Any] = {
        "filter": apply_filter,
        "classify": apply_classify,
        "synthesize": apply_synthesize,
        "verify": lambda pair, reply, stamp: apply_opinions(pair, [Opinion(reply, stamp)]),
    }
    reply = parse_reply(result.inference, REPLIES[stage])
    for passed in functions[stage](result.example, reply, STAMP):
        if isinstance(passed, (Document, PersonaTask, VerifiedQA)) or (isinstance(passed, QAPair) and not check_pair(passed)):
            yield passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--input", type=Path, required=True)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.input.read_text("utf-8").splitlines()]
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        flow: Any = pipeline | beam.Create([Document(row["id"], row["text"]) for row in rows])
        for stage in REPLIES:
            flow = flow | f"Ask {stage}" >> RunInference(GatheringHandler(options.endpoint, stage))
            flow = flow | f"Apply {stage}" >> beam.FlatMap(apply, stage)
        counted = flow | beam.combiners.Count.Globally()
        counted | beam.Map(lambda accepted: json.dump({"accepted": accepted}, sys.stdout))


if __name__ == "__main__":
    main()

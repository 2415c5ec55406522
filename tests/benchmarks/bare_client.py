"""The ceiling: the same calls, made by a bare asyncio program without Beam.

    python -m tests.benchmarks.bare_client --endpoint URL --input FILE [--documents_in_flight N]

One coroutine a document does what the pipeline's stages do, in the order in which each call needs the
one before. It has no gate, retries nothing and keeps nothing: the least that a client can do.
Prints one JSON object: questions accepted, calls made, CPU seconds used.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import openai
import orjson

from prompts.exemplar_bank import load_bank
from prompts.load import PromptSet, load_prompts
from transforms.check import check_pair
from transforms.classify import ClassifyReply, apply_classify
from transforms.filter import FilterReply, apply_filter
from transforms.inference.call import Opinion
from transforms.inference.client.http_pool import make_client
from transforms.inference.client.reply_schema import parse_reply, reply_schema
from transforms.records import Document, PersonaTask, QAPair, Stamp, VerifiedQA
from transforms.synthesize import SynthesizeReply, apply_synthesize, synthesize_variables
from transforms.text import neutralise
from transforms.verify import VerifyReply, apply_opinions, verify_variables


class BareClient:
    """Makes the calls of whole documents."""

    def __init__(self, url: str, prompts: PromptSet, exemplars: int) -> None:
        self.calls = 0
        self._prompts = prompts
        self._bank = load_bank(prompts.domains)
        self._exemplars = exemplars
        # The client that the pipeline has.
        self._client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600, http_client=make_client(600))
        self._schemas = {reply: reply_schema(reply) for reply in (FilterReply, ClassifyReply, SynthesizeReply, VerifyReply)}

    async def close(self) -> None:
        await self._client.close()

    async def document(self, document: Document) -> int:
        """All calls of one document; returns how many questions were accepted."""
        stamp = Stamp("bare", "demo-rules", 1, "")
        kept = apply_filter(document, await self._ask("filter", document, {}, FilterReply), stamp)
        accepted = 0
        for passed in _of_type(kept, Document):
            classified = apply_classify(passed, await self._ask("classify", passed, {}, ClassifyReply), stamp)
            tasks = [self._task(task, stamp) for task in _of_type(classified, PersonaTask)]
            accepted += sum(await asyncio.gather(*tasks))
        return accepted

    async def _task(self, task: PersonaTask, stamp: Stamp) -> int:
        variables = synthesize_variables(task, self._bank, self._exemplars)
        drafted = apply_synthesize(task, await self._ask("synthesize", task.document, variables, SynthesizeReply), stamp)
        accepted = 0
        for pair in _of_type(drafted, QAPair):
            if check_pair(pair) is None:
                reply = await self._ask("verify", task.document, verify_variables(pair), VerifyReply)
                accepted += sum(1 for _ in _of_type(apply_opinions(pair, [Opinion(reply, stamp)]), VerifiedQA))
        return accepted

    async def _ask(self, stage: str, document: Document, variables: dict[str, str], reply_type: Any) -> Any:
        self.calls += 1
        safe = {name: neutralise(value) for name, value in variables.items()}
        body = {
            "model": "demo-rules",
            "messages": self._prompts.messages(stage, neutralise(document.text), safe),
            "temperature": 0.0,
            "max_tokens": 512,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": stage, "strict": True, "schema": self._schemas[reply_type]},
            },
        }
        response = await self._client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        return parse_reply(orjson.loads(response.content)["choices"][0]["message"]["content"], reply_type)


def _of_type(results: Iterator[Any], wanted: type) -> list[Any]:
    return [result for result in results if isinstance(result, wanted)]


async def run(url: str, path: Path, documents_in_flight: int, exemplars: int) -> dict[str, float]:
    """Run every document; 0 in flight at once means all of them."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    client = BareClient(url, load_prompts(), exemplars)
    gate: Any = asyncio.Semaphore(documents_in_flight) if documents_in_flight else nullcontext()

    async def one(row: dict[str, str]) -> int:
        async with gate:
            return await client.document(Document(row["id"], row["text"]))

    before = time.process_time()
    accepted = await asyncio.gather(*(one(row) for row in rows))
    cpu = time.process_time() - before
    await client.close()
    return {"accepted": sum(accepted), "calls": client.calls, "cpu_s": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--documents_in_flight", type=int, default=0)
    parser.add_argument("--exemplars", type=int, default=3)
    options = parser.parse_args()
    result = asyncio.run(run(options.endpoint, options.input, options.documents_in_flight, options.exemplars))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()

"""Whether a run has its questions answered a second time, where nobody said so: yes with a small model.

A small model finds reasons for nearly every answer that it is shown. Of 47 pairs that one of 1.5 billion parameters accepted, 19
were wrong, a part of the answer, or asked of something that is not so. When it was asked without the stored answer it gave
another for 12 of these, and for 12 of the other 28.
"""

import asyncio

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.output.saved_options import read_options
from transforms.errors import FatalError
from transforms.inference.client.endpoint import ALIVE_TIMEOUT_S, Endpoint
from transforms.inference.client.self_report import told_parameters
from transforms.inference.config import ModelConfig

SMALL = 10e9


def settle_round_trip(config: PipelineConfig, verifier: ModelConfig) -> tuple[PipelineConfig, str]:
    """The options with `round_trip` decided, and a line that says why if it is on. A run that goes on does as it began.

    The name of the model is read, and the endpoint asked for its size; where neither tells, it is off.
    """
    if config.round_trip is not None:
        return config, ""
    began = read_options(config.output).get("round_trip") if config.resume else None
    if isinstance(began, bool):
        return config.model_copy(update={"round_trip": began}), ""
    parameters = told_parameters(verifier.model) or asyncio.run(_asked_for(verifier))
    if parameters is None or parameters >= SMALL:
        return config.model_copy(update={"round_trip": False}), ""
    return config.model_copy(update={"round_trip": True}), (
        f"{verifier.model} has {parameters / 1e9:.2g} billion parameters: each question is answered once more without its stored "
        "answer, and both must agree (--round_trip=false leaves that out)"
    )


async def _asked_for(verifier: ModelConfig) -> float | None:
    """What any endpoint says within moments; those that workers are yet to start say nothing."""
    urls = () if verifier.serve else verifier.endpoints
    told = await asyncio.gather(*(_asked(url, verifier) for url in urls))
    return next(filter(None, told), None)


async def _asked(url: str, verifier: ModelConfig) -> float | None:
    try:
        endpoint = Endpoint(url)
    except FatalError:  # what the environment says cannot be used: the preflight says why
        return None
    try:
        # A launcher may not reach what the workers do: it must not wait for each of them.
        return await endpoint.parameters(verifier.model, verifier.api_key, ALIVE_TIMEOUT_S)
    finally:
        await endpoint.close()

"""How many GPUs a corpus needs by a deadline, and what a million pairs cost: arithmetic on a pilot's `summary.json`.

    python -m beam_pipeline.sizing --summary out/summary.json --documents 1000000 --deadline_h 24 --pilot_gpus 2

Run a few hundred documents first, with the model, prompts and options of the real run, on the GPUs that are going to serve.
What a document costs is then taken from the pilot: its tokens, and the time in which its GPUs did it. Without such a
pilot, `--prefill_tokens_s` and `--decode_tokens_s` say what one GPU does, and the time is computed from them.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beam_pipeline.summary.write_summary import read_summary

# Share of the time that a GPU works: what the pipeline reaches (README, "How busy"), and a twentieth for starts and faults.
BUSY = 0.9


@dataclass(frozen=True, slots=True)
class Demand:
    """What a pilot says of one document: tokens of all its calls, pairs, and seconds of the run's wall."""

    documents: int
    pairs: int
    stages: Mapping[str, Mapping[str, int]]
    seconds: float

    @property
    def pairs_a_document(self) -> float:
        return self.pairs / self.documents

    @property
    def fresh(self) -> float:
        """Prompt tokens a document that no prefix cache held: what is prefilled."""
        return sum(stage["prompt_tokens"] - stage["cached_tokens"] for stage in self.stages.values()) / self.documents

    @property
    def written(self) -> float:
        """Completion tokens a document: what is decoded."""
        return sum(stage["completion_tokens"] for stage in self.stages.values()) / self.documents


@dataclass(frozen=True, slots=True)
class Plan:
    """How long `documents` take, in GPU hours, and the GPUs that are enough for `deadline_h`."""

    gpu_s: float
    documents: int
    deadline_h: float

    @property
    def gpu_hours(self) -> float:
        return self.documents * self.gpu_s / 3600

    @property
    def gpus(self) -> int:
        return max(1, math.ceil(round(self.gpu_hours / self.deadline_h, 9)))


def demand_of(summary: Mapping[str, Any]) -> Demand:
    """What the summary of a run says of a document.

    Raises:
        ValueError: it is of no run that asked a model for anything, or of one that did not ask everything.
    """
    if not all(isinstance(summary.get(name, {}), dict) for name in ("tokens", "documents")):
        raise ValueError("is no summary of a run")
    tokens = {
        stage: figures for stage, figures in summary.get("tokens", {}).items() if stage not in ("total", "earlier", "embed")
    }
    documents = summary.get("documents", {}).get("read", 0)
    if not documents or not any(figures.get("prompt_tokens") for figures in tokens.values()):
        raise ValueError("holds no document that a model was asked about; a resumed run counts only what it asked itself")
    if any(figures.get("replayed") for figures in tokens.values()) or "earlier" in summary.get("tokens", {}):
        raise ValueError("is of a resumed run, which did not ask everything; take a whole run for the pilot")
    if summary["documents"].get("not_started"):
        raise ValueError("is of a run that ended before all of its documents were asked about; take a whole one for the pilot")
    return Demand(documents, summary.get("pairs", 0), tokens, float(summary.get("seconds", 0)))


def measured(demand: Demand, gpus: int) -> tuple[float, str]:
    """Seconds of one GPU that a document took in the pilot, which `gpus` served, and how that was worked out."""
    return demand.seconds * gpus / demand.documents, f"{demand.seconds:,.1f} s x {gpus} GPUs / {demand.documents:,} documents"


def computed(demand: Demand, prefill_tokens_s: float, decode_tokens_s: float, busy: float) -> tuple[float, str]:
    """The same from what one GPU reads and writes in a second, as if it never did both at once."""
    seconds = (demand.fresh / prefill_tokens_s + demand.written / decode_tokens_s) / busy
    how = f"({demand.fresh:,.0f} / {prefill_tokens_s:,.0f} + {demand.written:,.0f} / {decode_tokens_s:,.0f}) / {busy:g} busy"
    return seconds, how


def report(demand: Demand, plan: Plan, how: str, gpu_hour: float) -> Iterator[str]:
    """The arithmetic, line by line."""
    yield f"{demand.documents:,} documents gave {demand.pairs:,} pairs, {demand.pairs_a_document:.2f} a document"
    yield ""
    yield f"{'tokens a document':<20}{'calls':>8}{'prompt':>10}{'cached':>10}{'uncached':>10}{'output':>8}"
    figures = ("calls", "prompt_tokens", "cached_tokens", "completion_tokens")
    total = {figure: sum(stage[figure] for stage in demand.stages.values()) for figure in figures}
    for name, stage in [*demand.stages.items(), ("all", total)]:
        calls, prompt, cached, written = (stage[figure] / demand.documents for figure in figures)
        yield f"{name:<20}{calls:>8.2f}{prompt:>10,.0f}{cached:>10,.0f}{prompt - cached:>10,.0f}{written:>8,.0f}"
    if not total["cached_tokens"]:
        yield "note: no token was cached: the server has no prefix cache, or lacks --enable-prompt-tokens-details"
    yield ""
    yield f"GPU time a document   {how} = {plan.gpu_s:.3f} s"
    yield f"the corpus            {plan.documents:,} x {plan.gpu_s:.3f} s = {plan.gpu_hours:,.1f} GPU hours"
    yield f"in {plan.deadline_h:g} hours           {plan.gpu_hours:,.1f} / {plan.deadline_h:g} = {plan.gpus:,} GPUs"
    pairs = plan.documents * demand.pairs_a_document
    yield f"pairs                 {plan.documents:,} x {demand.pairs_a_document:.2f} = {pairs:,.0f}"
    if not demand.pairs:
        yield "a million pairs       never: the pilot accepted none"
        return
    hours = 1e6 / demand.pairs_a_document * plan.gpu_s / 3600
    yield f"a million pairs       1,000,000 / {demand.pairs_a_document:.2f} x {plan.gpu_s:.3f} s = {hours:,.1f} GPU hours"
    if gpu_hour:
        yield f"  at {gpu_hour:g} a GPU hour   {hours * gpu_hour:,.2f}; the corpus {plan.gpu_hours * gpu_hour:,.2f}"


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 < value < math.inf):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number, more than 0")
    return value


def _whole(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 1 or more")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m beam_pipeline.sizing", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--summary", required=True, help="summary.json of the pilot, local or gs://")
    parser.add_argument("--documents", required=True, type=_whole, help="documents of the corpus, as they are read")
    parser.add_argument("--deadline_h", required=True, type=_positive, help="hours in which it must be done")
    parser.add_argument("--pilot_gpus", type=_whole, default=0, help="GPUs that served the pilot: its own time is the measure")
    parser.add_argument("--prefill_tokens_s", type=_positive, help="uncached prompt tokens that one GPU reads in a second")
    parser.add_argument("--decode_tokens_s", type=_positive, help="tokens that one GPU writes in a second, all slots together")
    parser.add_argument("--busy", type=_positive, default=BUSY, help=f"share of the time that a GPU works [{BUSY}]")
    parser.add_argument("--gpu_hour", type=_positive, default=0.0, help="price of a GPU for an hour")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = _parser()
    given = parser.parse_args(argv)
    rates = (given.prefill_tokens_s, given.decode_tokens_s)
    if given.pilot_gpus if any(rates) else not given.pilot_gpus:
        parser.error("give --pilot_gpus, or --prefill_tokens_s and --decode_tokens_s")
    if any(rates) and not all(rates):
        parser.error("--prefill_tokens_s and --decode_tokens_s go together")
    if given.busy > 1:
        parser.error("argument --busy: must be 1 at most")
    try:
        demand = demand_of(read_summary(given.summary))
        if given.pilot_gpus and not demand.seconds:
            raise ValueError("does not say how long the run took")
    except (ValueError, OSError) as error:
        print(f"error: --summary {given.summary}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    seconds, how = measured(demand, given.pilot_gpus) if given.pilot_gpus else computed(demand, *rates, given.busy)
    print("\n".join(report(demand, Plan(seconds, given.documents, given.deadline_h), how, given.gpu_hour)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Measures prompts on a real endpoint: runs the pipeline over labelled documents and prints what came of them.

    make llm-quality LLM_ARGS="--endpoint http://localhost:8080/v1 --documents 60"
    make llm-quality LLM_ARGS="--endpoint http://localhost:8080/v1 --prompts prompts --prompts my_prompts"

With two folders of prompts both are run over the same documents, and the differences are printed with their intervals. A
folder holds the prompt files that differ. Replies are kept in --output: the same command again asks only what is new.
Options behind "--" go to `webscale-qa run`.
"""

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beam_pipeline.exit_codes import FAILED, OK
from beam_pipeline.main import main as run_pipeline
from beam_pipeline.output.read_back import OutputFolder
from prompts.load import load_prompts
from tests.llm_quality.documents import Labelled, choose, labelled_documents
from tests.llm_quality.figures import Figure, difference, figures, outcomes, told_by

MOST_REASONS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    options, more = _parser().parse_known_args(arguments)
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    documents = choose(labelled_documents(options.labels), options.documents, options.longest, options.seed)
    written = folder / "documents.jsonl"
    written.write_text("".join(json.dumps({"id": each.id, "text": each.text}) + "\n" for each in documents), "utf-8")
    kept = sum(document.keep for document in documents)
    print(f"{len(documents)} documents, {kept} to keep and {len(documents) - kept} to drop")
    measured = []
    for number, prompts in enumerate(options.prompts or [""], 1):
        output = folder / f"run-{number}"
        code = _run(options, more, written, output, folder / "journal", prompts)
        if code not in (OK, FAILED):
            return code
        name = prompts or "shipped prompts"
        measured.append((name, _report(name, documents, output)))
    for name, other in measured[1:]:
        _print_differences(measured[0][0], measured[0][1], name, other)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", action="append", required=True, help="base URL; repeatable")
    parser.add_argument("--model", default="", help="without it, the one that the endpoint serves")
    parser.add_argument("--prompts", action="append", help="folder of prompts, compared with the first if given again")
    parser.add_argument("--documents", type=int, default=60, help="how many (60)")
    parser.add_argument("--longest", type=int, default=1500, help="longest document, in tokens (1500)")
    parser.add_argument("--labels", type=Path, help="JSONL with id, text, expect (keep, drop) and domain_label")
    parser.add_argument("--seed", default="", help="another seed draws other documents")
    parser.add_argument("--output", default="llm_quality_output", help="folder of runs and replies (llm_quality_output)")
    return parser


def _run(options: Any, more: list[str], documents: Path, output: Path, journal: Path, prompts: str) -> int:
    flags = [f"--input={documents}", f"--output={output}", f"--journal={journal}", "--report=false", "--overwrite"]
    flags += [f"--endpoint={url}" for url in options.endpoint]
    flags += [f"--model={options.model}"] if options.model else []
    flags += [f"--prompts={prompts}"] if prompts else []
    return run_pipeline([*flags, *(flag for flag in more if flag != "--")])


def _report(name: str, documents: list[Labelled], output: Path) -> list[Figure]:
    """Print the table of one run; gives its figures."""
    found, reasons = outcomes(str(output))
    summary = OutputFolder(str(output)).summary(())
    measured = figures(documents, found, told_by(load_prompts()))
    print(f"\n{name}\n{'':36}{'value':>8}{'95% interval':>18}{'of':>14}")
    for figure in measured:
        over, under = figure.total
        low, high = figure.interval()
        print(f"{figure.name:36}{figure.value:8.2f}{f'{low:.2f} to {high:.2f}':>18}{f'{over:g} / {under:g}':>14}")
    tokens: dict[str, dict[str, Any]] = summary.get("tokens", {})
    calls = sum(stage["calls"] + stage["replayed"] for stage in tokens.values())
    uncached = sum(stage["prompt_tokens"] - stage["cached_tokens"] for stage in tokens.values())
    completion = sum(stage["completion_tokens"] for stage in tokens.values())
    pairs = summary["pairs"]
    a_pair = f"; a pair {uncached / pairs:,.0f} and {completion / pairs:,.0f}" if pairs else ""
    print(f"{calls} calls, {uncached:,} prompt tokens not from the cache, {completion:,} written; {pairs} pairs{a_pair}")
    faults = sum((Counter(stage.get("faults") or {}) for stage in tokens.values()), Counter())
    print("replies that failed: " + (", ".join(f"{fault} {count}" for fault, count in faults.most_common()) or "none"))
    print("rejected: " + (", ".join(f"{reason} {count}" for reason, count in reasons.most_common(MOST_REASONS)) or "none"))
    return measured


def _print_differences(first: str, a: list[Figure], second: str, b: list[Figure]) -> None:
    print(f"\n{second} less {first}, on the same documents\n{'':36}{'difference':>12}{'95% interval':>20}")
    for one, other in zip(a, b, strict=True):
        by, low, high = difference(one, other)
        sure = "" if math.isnan(by) or low <= 0 <= high else "  *"
        print(f"{one.name:36}{by:+12.2f}{f'{low:+.2f} to {high:+.2f}':>20}{sure}")


if __name__ == "__main__":
    sys.exit(main())

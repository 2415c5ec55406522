"""Bytes shuffled: what enters each grouping of the graph, by accepted pair.

Elements are encoded once more by the coder that the shuffle has, beside the graph, and their bytes counted. What a
`CombinePerKey` groups is left out: it travels as one accumulator for each key and worker, whatever it is made of.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics, MetricsFilter
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.options.command_line import parse
from beam_pipeline.pipeline import build
from beam_pipeline.plan import make_plan
from transforms.records import DEMO_MODEL

SHUFFLE, PAIRS = "shuffle", "pairs"
GRAPHS: dict[str, tuple[str, ...]] = {
    "as by default": (),
    "every gate": ("--verify_calls=2", "--round_trip", "--pass_rate_samples=4", "--max_pairs_per_document=2"),
}


def shuffle(documents: Path, folder: Path) -> None:
    """Print the bytes that enter each shuffle, by accepted pair, for the graph with and without further gates."""
    for name, arguments in GRAPHS.items():
        with DemoEndpoint.start() as endpoint:
            sizes, pairs = count_bytes(documents, folder / f"shuffle-{len(arguments)}", endpoint.url, arguments)
        print(f"\nshuffle, {name}: bytes for each of {pairs:,} accepted pairs, and elements")
        for label, (size, elements) in sorted(sizes.items(), key=lambda row: -row[1][0]):
            print(f"{label:64}{size / pairs:10,.0f}{elements:10,}")
        print(f"{'in all':64}{sum(size for size, _ in sizes.values()) / pairs:10,.0f}", flush=True)


def count_bytes(documents: Path, output: Path, url: str, arguments: tuple[str, ...]) -> tuple[dict[str, tuple[int, int]], int]:
    """Run the graph; returns bytes and elements by the shuffle's label, and the number of accepted pairs."""
    config, options = parse(
        [f"--input={documents}", f"--output={output}", f"--endpoint={url}", f"--model={DEMO_MODEL}", *arguments]
    )
    pipeline = beam.Pipeline(options=options)
    left = build(pipeline, make_plan(config))
    found = _Shuffles()
    pipeline.visit(found)
    for label, elements in found.inputs.items():
        coder = beam.coders.registry.get_coder(elements.element_type)
        elements | f"Measure {label}" >> beam.ParDo(_MeasureFn(label, coder))
    left.passed | "Count pairs" >> beam.ParDo(_MeasureFn(PAIRS, beam.coders.registry.get_coder(left.passed.element_type)))
    result = pipeline.run()
    result.wait_until_finish()
    counted = result.metrics().query(MetricsFilter().with_namespace(SHUFFLE))["counters"]
    sizes: dict[str, list[int]] = {}
    for counter in counted:
        label, _, figure = counter.key.metric.name.rpartition(":")
        sizes.setdefault(label, [0, 0])[figure == "elements"] = counter.result
    _, pairs = sizes.pop(PAIRS)
    return {label: (size, elements) for label, (size, elements) in sizes.items()}, pairs


class _Shuffles(PipelineVisitor):
    """Finds what is grouped; `inputs` by label."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self._combining: list[AppliedPTransform] = []

    def enter_composite_transform(self, node: AppliedPTransform) -> None:
        if isinstance(node.transform, beam.CombinePerKey):
            self._combining.append(node)

    def leave_composite_transform(self, node: AppliedPTransform) -> None:
        if self._combining and self._combining[-1] is node:
            self._combining.pop()

    def visit_transform(self, node: AppliedPTransform) -> None:
        if isinstance(node.transform, beam.GroupByKey) and not self._combining:
            [self.inputs[node.full_label]] = node.inputs


class _MeasureFn(beam.DoFn):
    """Adds up the elements of one PCollection and their encoded bytes."""

    def __init__(self, label: str, coder: beam.coders.Coder) -> None:
        self._coder = coder
        self._bytes = Metrics.counter(SHUFFLE, f"{label}:bytes")
        self._elements = Metrics.counter(SHUFFLE, f"{label}:elements")

    def process(self, element: Any) -> Iterator[Any]:
        self._bytes.inc(len(self._coder.encode(element)))
        self._elements.inc()
        yield from ()

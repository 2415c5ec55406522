"""How busy the pipeline keeps an endpoint: against bare asyncio clients, and against Beam's own RunInference."""

import statistics
from pathlib import Path

from tests.benchmarks.measure import Measured, client, measure, median, pipeline, server

COLUMNS = (
    ("busy", "busy", "8.3f"),
    ("active_s", "active s", "10.1f"),
    ("wall_s", "wall s", "8.1f"),
    ("requests", "requests", "10.0f"),
    ("repeats", "repeats", "8.0f"),
    ("pairs", "pairs", "8.0f"),
    ("peak", "peak", "6.0f"),
    ("cached_share", "hit rate", "9.3f"),
    ("uncached_per_document", "uncached/doc", "13,.0f"),
    ("cpu_per_1000", "CPU s/1000", "12.2f"),
)


def saturation(documents: Path, folder: Path, slots: int, repeat: int, run_inference: bool) -> None:
    """Print each client's medians, and the pipeline's ratio to the better bare client."""
    clients = {
        "pipeline": pipeline(documents, folder / "output"),
        "bare, all documents at once": client("bare_client", documents),
        "bare, 1.5 documents a slot": client("bare_client", documents, "--documents_in_flight", str(slots * 3 // 2)),
    }
    simulated = server(slots)
    rounds = [{name: measure(name, command, simulated) for name, command in clients.items()} for _ in range(repeat)]
    rows = [[measured[name] for measured in rounds] for name in clients]
    seconds, documents_asked = simulated["latency_median_s"], rows[0][0].documents
    print(f"\n{slots} slots, replies of {seconds} s, {documents_asked} documents, medians of {repeat}")
    print_table(rows)
    ratios, walls = [], []
    for measured in rounds:
        own, bare = measured["pipeline"], [run for name, run in measured.items() if name.startswith("bare")]
        ratios.append(own.busy / max(run.busy for run in bare))
        walls.append(min(run.wall_s for run in bare) / own.wall_s)
    print(
        f"ratio to the better bare client: slots busy from first request to last {statistics.median(ratios):.3f}, "
        f"speed of the whole command, start-up included {statistics.median(walls):.3f}",
        flush=True,
    )
    if run_inference:  # several times slower, so once
        print_table([[measure("RunInference, once", client("run_inference", documents), server(slots))]])


def print_table(rows: list[list[Measured]]) -> None:
    """One line a client: the medians of its runs."""
    widths = [form.split(".")[0].rstrip(",") for _, _, form in COLUMNS]
    print(f"{'':30}" + "".join(f"{title:>{width}}" for (_, title, _), width in zip(COLUMNS, widths, strict=True)))
    for runs in rows:
        print(f"{runs[0].name:30}" + "".join(f"{median(runs, figure):{form}}" for figure, _, form in COLUMNS), flush=True)

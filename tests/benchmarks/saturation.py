"""How busy the pipeline keeps an endpoint: against bare asyncio clients, and against Beam's own RunInference."""

import statistics
from pathlib import Path

from tests.benchmarks.measure import Measured, client, measure, median, pipeline, server

COLUMNS = (
    ("busy", "busy", "8.3f"),
    ("active_s", "active s", "10.1f"),
    ("wall_s", "wall s", "8.1f"),
    ("requests", "requests", "10.0f"),
    ("pairs", "pairs", "8.0f"),
    ("peak", "peak", "6.0f"),
    ("cached_share", "cached", "8.1%"),
    ("cpu_per_1000", "CPU s/1000", "12.2f"),
)


def saturation(documents: Path, folder: Path, slots: int, repeat: int, run_inference: bool) -> None:
    """Print each client's medians, and the pipeline's ratio to the better bare client."""
    clients = {
        "pipeline": pipeline(documents, folder / "output"),
        "bare, all documents at once": client("bare_client", documents),
        "bare, 1.5 documents a slot": client("bare_client", documents, "--documents_in_flight", str(slots * 3 // 2)),
    }
    if run_inference:
        clients["RunInference"] = client("run_inference", documents)
    rounds = [{name: measure(name, command, server(slots)) for name, command in clients.items()} for _ in range(repeat)]
    print(f"\n{slots} slots, medians of {repeat}")
    print_table([[measured[name] for measured in rounds] for name in clients])
    ratios, walls = [], []
    for measured in rounds:
        own, bare = measured["pipeline"], [run for name, run in measured.items() if name.startswith("bare")]
        ratios.append(own.busy / max(run.busy for run in bare))
        walls.append(own.busy * own.active_s / own.wall_s / max(run.busy for run in bare))
    print(
        f"ratio to the better bare client: {statistics.median(ratios):.3f} from first request to last, "
        f"{statistics.median(walls):.3f} of the wall, start-up included",
        flush=True,
    )


def print_table(rows: list[list[Measured]]) -> None:
    """One line a client: the medians of its runs."""
    widths = [form.split(".")[0] for _, _, form in COLUMNS]
    print(f"{'':30}" + "".join(f"{title:>{width}}" for (_, title, _), width in zip(COLUMNS, widths, strict=True)))
    for runs in rows:
        print(f"{runs[0].name:30}" + "".join(f"{median(runs, figure):{form}}" for figure, _, form in COLUMNS), flush=True)

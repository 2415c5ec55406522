"""The slowest of many made-up responses: `python -m tests.quality.slowest --responses 1000000`.

Responses are put together from what rules look for (marks, hedges, numbers, LaTeX, tags, long words, runs of one
character), up to 8 kB, and graded against answers of every type. Time is that of the thread, so that other
work on the machine counts little. The slowest are printed with it.
"""

import argparse
import heapq
import random
import time
from collections.abc import Iterator, Sequence

from transforms.reward import grade

MOST_CHARS = 8192
TRUTHS: Sequence[tuple[str, str | None, str]] = (
    ("Paris", "place", "What is the capital of France?"),
    ("Albert Einstein", "name", "Who wrote it?"),
    ("osmosis", "term", ""),
    ("42", "number", "How many are there?"),
    ("18.5 km", "number", ""),
    ("4 May 1923", "date", "When was it built?"),
    ("$5 million", "money", ""),
    ("45%", "percentage", ""),
    ("90 minutes", "duration", ""),
    ("yes", "yes_no", ""),
    ("B) malloc", "option", ""),
    ("red, green, blue", "list", "What are the colours?"),
    ("npm_config", "code", ""),
    (r"\frac{x^2-1}{x+1}", "expression", ""),
    (r"(-\infty, 3] \cup \{5\}", None, ""),
    ("Wilhelm Conrad R\u00f6ntgen", None, "who got the first nobel prize in physics"),
)
_WORDS = (
    "Paris Lyon not never maybe or and the is was answer Answer: However, but Einstein Albert 42 1923 5 km $5 "
    "million % yes no A) B. \\boxed{ } { } ( ) [ ] \\frac{1}{2} \\sqrt{ ^ _ $ $$ \\( \\) <think> </think> <answer> "
    "</answer> ``` ` ** * # - \u2022 1. 2. ? ! . , ; : between from to until since of in on at by for with than "
    "more less about May January \u5e74 \u662f \u7b54\u6848 \u3067\u3059 est ist es \u00e8 nicht pas "
    'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch {"answer": " " } wait, actually twice squared '
    "\u00b1 \u2248 \u2260 << >> | || == = and/or e.g. U.S. Dr. J. K. \\text{ \\left( \\right) \\cup \\infty \\in x y n f(x) "
    "<|im_end|> \u00bd \u00b2 \ufdfa 0.333... 1,000 1.234,5"
).split()
_UNITS = (
    *(
        " ",
        "\n",
        "a",
        "1",
        ".",
        ",",
        "(",
        ")",
        "[",
        "{",
        "}",
        "\\",
        "$",
        "*",
        "_",
        "-",
        "'",
        '"',
        "A",
        "<",
        "|",
        "^",
        "=",
        "\u6c49",
        "\u00e9",
    ),
    *("a ", "1 ", "A ", "a, ", "1,", "or ", "not ", "A. ", "1. ", "a-", "- "),
)


def responses(seed: int) -> Iterator[str]:
    """Responses without end, the same for a seed."""
    draw = random.Random(seed)
    while True:
        kind = draw.random()
        if kind < 0.4:
            text = " ".join(draw.choices(_WORDS, k=draw.randrange(1, 60)))
        elif kind < 0.6:
            text = "".join(draw.choices(_WORDS, k=draw.randrange(1, 80)))
        elif kind < 0.8:
            piece = draw.choice((" ", "")).join(draw.choices(_WORDS, k=draw.randrange(1, 6)))
            text = piece * draw.randrange(1, 200)
        else:
            unit = draw.choice(_UNITS)
            text = draw.choice(_WORDS) + " " + unit * draw.randrange(1, MOST_CHARS) + draw.choice(_WORDS)
        yield text[:MOST_CHARS]


def main() -> None:
    """Grade them, and print the median and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    slowest: list[tuple[float, int, str, str]] = []
    times: list[float] = []
    for index, response in zip(range(args.responses), responses(args.seed), strict=False):
        answer, answer_type, question = TRUTHS[index % len(TRUTHS)]
        started = time.thread_time()
        grade(response, answer, answer_type, (), question)
        spent = time.thread_time() - started
        if index % 10 == 0:
            times.append(spent)
        heapq.heappush(slowest, (spent, index, answer, response))
        if len(slowest) > 5:
            heapq.heappop(slowest)
    if not times:
        parser.error("--responses must be at least 1")
    times.sort()
    print(f"{args.responses:,} responses: median {1e3 * times[len(times) // 2]:.2f} ms")
    for spent, _, answer, response in sorted(slowest, reverse=True):
        print(f"{1e3 * spent:.1f} ms, {len(response):,} characters, for {answer}: {response[:100]!r}")


if __name__ == "__main__":
    main()

"""A curriculum: each measured training pair once, from easy to hard."""

import json

import pytest

from beam_pipeline.export.curriculum import Curriculum, bucket_of


def lines(curriculum: Curriculum) -> list[dict[str, object]]:
    return [json.loads(line) for line in curriculum.lines()]


def made(rates: list[float | None]) -> Curriculum:
    curriculum = Curriculum()
    for number, rate in enumerate(rates):
        curriculum.add(f'id "{number}"', rate)
    return curriculum


def test_easy_comes_first_and_the_unmeasured_are_counted() -> None:
    curriculum = made([0.5, None, 1.0, 0.0, 0.25, 0.75, 0.9, None])
    assert [line["pass_rate"] for line in lines(curriculum)] == [1.0, 0.9, 0.75, 0.5, 0.25, 0.0]
    assert [line["bucket"] for line in lines(curriculum)] == ["always", "easy", "medium", "medium", "hard", "never"]
    assert [line["order"] for line in lines(curriculum)] == list(range(6))
    assert len(curriculum) == 6 and curriculum.unmeasured == 2


def test_pairs_of_one_rate_do_not_stand_as_they_came() -> None:
    curriculum = made([0.5] * 50)
    order = [line["id"] for line in lines(curriculum)]
    assert sorted(map(str, order)) == sorted(f'id "{number}"' for number in range(50))
    assert order != [f'id "{number}"' for number in range(50)]
    assert order == [line["id"] for line in lines(made([0.5] * 50))]


def test_starting_rates_are_one_object() -> None:
    assert json.loads(b"".join(made([0.5, 1 / 3, None]).starting_rates())) == {'id "0"': 0.5, 'id "1"': 1 / 3}


@pytest.mark.parametrize(("rate", "bucket"), [(0.0, "never"), (0.01, "hard"), (0.26, "medium"), (0.99, "easy"), (1.0, "always")])
def test_buckets(rate: float, bucket: str) -> None:
    assert bucket_of(rate) == bucket

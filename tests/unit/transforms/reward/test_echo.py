import pytest

from transforms.reward.echo import MASK, without_echoes
from transforms.reward.truth import Truth

SEASONS = Truth("20", "number", (), "how many episodes are in season 7 of it")


@pytest.mark.parametrize(
    ("prose", "truth", "shown"),
    [
        ("Season 7 has 20 episodes.", SEASONS, f"Season {MASK} has 20 episodes."),
        ("It has 7 episodes.", Truth("7", "number", (), "how many episodes are in season 7"), "It has 7 episodes."),
        ('The song "Love Me Do" was sung there.', Truth("Paris", "place"), f"The song {MASK} was sung there."),
        ('The song "Love Me Do" was a hit.', Truth("Love Me Do", "term"), 'The song "Love Me Do" was a hit.'),
        ('"Paris", "Lyon"', Truth("Paris", "place"), '"Paris", "Lyon"'),
        ("It was played by Frank Langella1.", Truth("Frank Langella", "name"), "It was played by Frank Langella."),
        ("It was built in 18131.", Truth("1813", "date"), "It was built in 1813."),
        ("It has 18131.", Truth("18131", "number"), "It has 18131."),
        ("Where is it: Paris.", Truth("Paris", "place", (), "where is it"), "Paris."),
        ("Paris, where is it: Lyon.", Truth("Paris", "place", (), "where is it"), f"Paris, {MASK}: Lyon."),
        ("Capital of France: Paris.", Truth("Paris", "place", (), "what is the capital of france"), "Paris."),
    ],
)
def test_what_repeats_the_question_is_put_aside(prose: str, truth: Truth, shown: str) -> None:
    assert without_echoes(prose, truth) == shown

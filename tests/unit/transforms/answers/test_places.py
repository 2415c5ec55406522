import pytest

from transforms.answers.places import is_elsewhere, is_region


@pytest.mark.parametrize("name", ["France", "the Netherlands", "U.S.", "usa", "New South Wales", "MA"])
def test_regions(name: str) -> None:
    assert is_region(name)


@pytest.mark.parametrize("name", ["Paris", "", "Springfield, Illinois", "in"])
def test_others(name: str) -> None:
    assert not is_region(name)


@pytest.mark.parametrize(
    ("place", "region"),
    [("Paris", "Texas"), ("Paris", "TX"), ("London", "Ontario"), ("Cambridge", "Massachusetts"), ("St. Petersburg", "Florida")],
)
def test_a_namesake_lies_elsewhere(place: str, region: str) -> None:
    assert is_elsewhere(place, region)


@pytest.mark.parametrize(
    ("place", "region"),
    [("Paris", "France"), ("London", "UK"), ("Austin", "Texas"), ("Boston", "MA"), ("St. Petersburg", "Russia")],
)
def test_a_place_lies_where_it_lies(place: str, region: str) -> None:
    assert not is_elsewhere(place, region)

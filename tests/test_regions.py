import pytest

from transforms.regions import is_region


@pytest.mark.parametrize("name", ["France", "the Netherlands", "U.S.", "usa", "New South Wales"])
def test_regions(name: str) -> None:
    assert is_region(name)


@pytest.mark.parametrize("name", ["Paris", "", "Springfield, Illinois"])
def test_others(name: str) -> None:
    assert not is_region(name)

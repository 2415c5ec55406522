import pytest

from transforms.languages.values import english_values


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("am 4. Mai 1923", "de", "am 4 May 1923"),
        ("le 1er août 1789", "fr", "le 1 August 1789"),
        ("el 12 de octubre de 1492", "es", "el 12 October 1492"),
        ("8.848 metros", "es", "8848 metres"),
        ("8.848 metros", "", "8.848 metres"),
        ("3,2 Milliarden Euro", "de", "3,2 billion Euro"),
        ("1949年10月1日", "zh", "1949-10-01"),
        ("500万円", "ja", "5000000 yen"),
        (
            "It was 4 May 1923, in March, with 5 mars bars and 3.5 km.",
            "",
            "It was 4 May 1923, in March, with 5 mars bars and 3.5 km.",
        ),
    ],
)
def test_dates_scales_and_units_in_english(text: str, language: str, expected: str) -> None:
    assert english_values(text, language).strip() == expected

import pytest

from transforms.document_rules.mojibake import count_control, count_wrong_letters, count_wrong_punctuation

GERMAN = "Die Universität verfügt über große Gärten, in denen Bäume aus ganz Südeuropa blühen."


@pytest.mark.parametrize("table", ["cp1252", "latin-1"])
def test_every_letter_is_found(table: str) -> None:
    wrong = GERMAN.encode().decode(table, errors="replace")
    assert count_wrong_letters(wrong) >= sum(not letter.isascii() for letter in GERMAN)


def test_other_scripts() -> None:
    russian = "Тепло, необходимое для закипания воды, получают из разных источников."
    assert count_wrong_letters(russian.encode().decode("cp1252", errors="replace")) > 30
    assert count_wrong_letters(russian.encode("cp1251").decode("latin-1")) > 5
    assert count_wrong_letters(russian) == 0


def test_right_text_has_none() -> None:
    for text in (GERMAN, "naïve café, Ångström, São Tomé, “quoted” – and ‘single’… 5 °C, ±2 µm, 20 £", "plain", ""):
        assert count_wrong_letters(text) == 0 and count_wrong_punctuation(text) == 0


def test_quotes_and_dashes_are_counted_apart() -> None:
    text = "“It’s late” – he said…"
    for table in ("cp1252", "latin-1"):
        wrong = text.encode().decode(table, errors="replace")
        assert count_wrong_punctuation(wrong) == 5


def test_control_characters() -> None:
    assert count_control("a\x00b\x07c\x1fd") == 3
    assert count_control("tab\t line\n return\r feed\x0c escape\x1b[0m") == 0

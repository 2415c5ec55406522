import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear, repeated
from transforms.languages.endings import any_form, stem, without_article
from transforms.languages.names import language_code, language_name
from transforms.languages.question_words import REFERENCES, is_asked
from transforms.languages.short_texts import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Who wrote Faust?", "en"),
        ("Simplify 3x + 5y - x.", "en"),
        ("", "en"),
        ("Was Tesla born in 1856?", "en"),
        ("Which river did the Romans call 'Rhenus', and who wrote “Die Wacht am Rhein”?", "en"),
        ("What does the word 北京 mean?", "en"),
        ("What is the sum of α and β?", "en"),
        ("Wer schrieb Faust?", "de"),
        ("In welchem Jahr wurde Goethe geboren?", "de"),
        ("Où est née Marie Curie?", "fr"),
        ("Combien de tonnes pèse la tour?", "fr"),
        ("¿Quién?", "es"),
        ("In quale anno è nato Dante?", "it"),
        ("Em que ano nasceu o poeta?", "pt"),
        ("Wie schilderde De Nachtwacht?", "nl"),
        ("『The Lord of the Rings』の作者は誰ですか", "ja"),
        ("Pythonのリスト内包表記とは何ですか", "ja"),
        ("谁写了《狂人日记》？", "zh"),
        ("누가 한글을 만들었습니까?", "ko"),
        ("Кто написал «Войну и мир»?", "ru"),
        ("ใครเป็นผู้ประดิษฐ์โทรศัพท์", "th"),
        ("من كتب هذا الكتاب؟", "ar"),
        ("टेस्ला का जन्म कहाँ हुआ?", "hi"),
        ("Πού γεννήθηκε ο Τέσλα;", "el"),
        ("სად დაიბადა ტესლა?", ""),
    ],
)
def test_the_language_of_a_question(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(max_size=200))
def test_any_text_has_a_verdict(text: str) -> None:
    code = language_of(text)
    assert code == language_of(text) and code == code.lower() and isinstance(is_asked(text, code), bool)
    assert text.startswith(stem(text, code)) and text.endswith(without_article(text, code)) and re.compile(any_form(text, code))


def _read(text: str) -> object:
    return language_of(text), [pattern.search(text) for pattern in REFERENCES.values()], is_asked(text, "ru")


@pytest.mark.parametrize("piece", ["\u00ab", "diesem Text ", "соглаb данна ", "の", '"a '])
def test_time_grows_with_the_length(piece: str) -> None:
    assert_linear(_read, repeated(piece), 2_000, 32_000)


def test_a_language_is_named_by_code_or_by_name() -> None:
    assert language_code("de") == language_code("German") == language_code(" german ") == "de"
    assert language_code("zh_TW") == "zh-tw" and language_code("Simplified chinese") == "zh-cn" and language_code("elvish") == ""
    assert language_name("th") == "Thai" and language_name("xx") == "xx"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.reward.final_answer import MAX_CHARS, labelled, last_word, marked, without_thinking


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>\n\nb", "b"),
        ("<think>a</think>b<think>c</think>d", "d"),
        ("<think>a", ""),
        ("<think>a</think><think>b", ""),
        ("b <thinking>a", "b"),
        ("[THINK]a[/THINK]b", "b"),
        ("<|channel|>analysis<|message|>a<|channel|>final<|message|>b", "b"),
        ("b<|im_end|>", "b"),
        ("b</s>\n", "b"),
        ("a   b\r\n\n\n\nc", "a b\n\nc"),
    ],
)
def test_thinking_is_left_out(response: str, said: str) -> None:
    assert without_thinking(response) == said


def test_only_the_end_of_a_long_response_is_read() -> None:
    assert without_thinking("a " * 10**6 + "b").endswith("a b")
    assert len(without_thinking("a" * 10**7)) == MAX_CHARS
    assert without_thinking("<think>" + "a " * 10**6) == ""


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (r"\boxed{5}", ["5"]),
        (r"\boxed{\frac{1}{2}} or \boxed{3}", [r"\frac{1}{2}", "3"]),
        (r"\boxed 5", ["5"]),
        (r"\fbox{5}", ["5"]),
        (r"\boxed{5", [""]),
        (r"\boxed{}", [""]),
        (r"\boxedfoo{5}", []),
        ("<answer>a</answer> <answer>b</answer>", ["a", "b"]),
        ("<answer>a", ["a"]),
        ('{"answer": "a"}', ["a"]),
        ('```json\n{"answer": 5.0}\n```', ["5.0"]),
        ('{"answer": true}', ["yes"]),
        ('{"answer": ["a", "b"]}', ["a; b"]),
        ('{"answer": "a", "answer": "b"}', ["a", "b"]),
        ('It is {"final_answer": "a"} and {"answer": "b"}', ["a", "b"]),
        ('{"answer": {"a": 1}}', [""]),
        ('{"reasoning": "a"}', [""]),
        ('{"x": 1}', []),
        ('{"answer": ', []),
        ("no mark", []),
    ],
)
def test_marked_answers(text: str, answers: list[str]) -> None:
    assert [mark.answer for mark in marked(text)] == answers


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("The answer is a.", ["a."]),
        ("the final answer is: a", ["a"]),
        ("**Answer:** a", ["a"]),
        ("**Answer**: a", ["a"]),
        ("### Final Answer\n\na", ["a"]),
        ("The answer is **a**.", ["**a**."]),
        ("Answer: a\nAnswer: b", ["a", "b"]),
        ("The answer to the question is a", ["a"]),
        ("#### 5", ["5"]),
        ("#### Heading\ntext", []),
        ("The answer isn't a", []),
        ("The answer is found by adding. So 5.", []),
        ("The answer could be a", []),
    ],
)
def test_labelled_answers(text: str, answers: list[str]) -> None:
    assert [claim.text for claim in labelled(text)] == answers


def test_a_claim_knows_what_its_sentence_said_before() -> None:
    assert labelled("It is late. I doubt that the answer is a")[0].before == "I doubt that "


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("a. Wait, actually b.", "b."),
        ("a. No, b", "b"),
        ("a, I mean b", "b"),
        ("a \u2014 no, b", "b"),
        ("a. Scratch that. b", "b"),
        ("Actually, a", "Actually, a"),
        ("It is actually a", "It is actually a"),
        ("a rather than b", "a rather than b"),
        ("a. No other city is b", "a. No other city is b"),
    ],
)
def test_second_thoughts_count(text: str, last: str) -> None:
    assert last_word(text) == last


def test_no_is_no_second_thought_where_it_is_an_answer() -> None:
    assert last_word("It was never built. No, never.", "yes_no") == "It was never built. No, never."


@given(st.text(max_size=200))
def test_nothing_raises(text: str) -> None:
    assert all(0 <= mark.start <= mark.end <= len(text) for mark in marked(text))
    assert all(isinstance(claim.text, str) for claim in labelled(text))
    assert last_word(text) in text

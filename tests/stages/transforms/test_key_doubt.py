"""KeyDoubt: doubtful keys are left out with who said what; rejections are learnt from; what nobody answered passes."""

import json
from dataclasses import replace
from typing import Any

import apache_beam as beam

from transforms.key_doubt import DoubtKeys, judge_key
from transforms.records import Document, Persona, PersonaTask, QAPair, Stamp, Verdict, VerifiedQA, reject

STAMP = Stamp("round_trip", "m", 1, "abc")


def pair(number: int, read: str = "1907", samples: str = "4 of 4 right", solved: int = 4) -> VerifiedQA:
    """A pair with the key 1907, what the reader answered, and the samples of a solver."""
    document = Document(f"bridge-{number}", "", "encyclopedia", f"f:{number}")
    draft = QAPair(PersonaTask(document, "Other", Persona("sailor")), f"When did bridge {number} open?", "1907", "date")
    verdicts = (Verdict("round_trip", read == "1907", STAMP, read), Verdict("pass_rate", True, STAMP, samples))
    return VerifiedQA(draft, "", verdicts, samples=4, solved=solved)


SOUND = [pair(number) for number in range(40)]
HARD = [pair(number, samples="0 of 4 right; wrong: '1' (1), '2' (1)", solved=0) for number in range(40, 60)]
DOUBTFUL = pair(60, "1912", "0 of 4 right; wrong: '1912' (4)", 0)


def test_a_key_that_two_contradict_with_one_voice_is_doubtful(run_transform: Any) -> None:
    outcome = run_transform(DoubtKeys(0.5), [*SOUND, *HARD, DOUBTFUL])
    [rejected] = outcome.rejected
    assert (rejected.stage, rejected.reason, rejected.where) == ("key_doubt", "key_doubtful", "f:60")
    assert "round trip says '1912', as another; solver right 0 of 4, '1912' 4 of 4 as another" in rejected.detail
    assert len(outcome.passed) == 60
    for passed in outcome.passed:
        assert passed.verdicts[-1].check == "key_doubt" and passed.verdicts[-1].passed
        assert float(passed.verdicts[-1].detail.partition(":")[0]) > 0.9


def test_a_pair_of_which_nobody_said_anything_passes_as_it_is(run_transform: Any) -> None:
    silent = replace(pair(70), verdicts=(), samples=0)
    outcome = run_transform(DoubtKeys(0.99), [*SOUND, silent])
    assert silent in outcome.passed


def test_what_other_stages_rejected_is_learnt_from(run_transform: Any) -> None:
    """A reader that often says another answer, when the solver has the key, is no reason to doubt."""
    contradicted = [reject("round_trip", "round_trip_disagrees", pair(number, f"19{number}"), "") for number in range(100, 140)]
    document = reject("filter", "not_informative", Document("x", "text", where="f:x"))

    class With(beam.PTransform):
        def expand(self, pairs: Any) -> Any:
            others = pairs.pipeline | beam.Create([*contradicted, document])
            return pairs | DoubtKeys(0.0, [others])

    lone = pair(99, "1931", "0 of 4 right; wrong: '1' (1), '2' (1)", 0)
    alone = run_transform(DoubtKeys(0.0), [*SOUND, lone]).passed
    among = run_transform(With(), [*SOUND, lone]).passed

    def confidence(passed: Any) -> float:
        return float(next(qa for qa in passed if qa.id == lone.id).verdicts[-1].detail.partition(":")[0])

    assert confidence(among) != confidence(alone)


def test_the_bound_is_kept() -> None:
    key = json.dumps([["round trip", "key"], ["solver", "key"]])
    [kept] = judge_key(pair(1), {key: 0.6}, 0.6)
    [left_out] = judge_key(pair(1), {key: 0.59}, 0.6)
    assert isinstance(kept, VerifiedQA) and not isinstance(left_out, VerifiedQA)

"""A key in Secret Manager, read by its real client over gRPC, and rotated while calls are in flight."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import grpc
import pytest

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked
from tests.fakes.secret_fake import NAME, SecretFake
from tests.stages.transforms.inference.test_runtime import GOOD, Serve, ask, call
from transforms.errors import FatalError
from transforms.inference.client import api_keys as keys
from transforms.inference.client.api_keys import KeyOutOfReach, KeyUnreadable, resolve_key
from transforms.inference.client.error_classes import KeyRefused
from transforms.inference.runtime import Runtime
from transforms.inference.scheduling.retries import Answer

OLD, NEW = "sk-sentinel-old", "sk-sentinel-new"
SOURCE = f"secret:{NAME}"
Until = Callable[[Callable[[], bool]], None]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretFake]:
    monkeypatch.setattr(keys, "LOOK_AGAIN_S", 0.1)
    with SecretFake(OLD) as fake:
        monkeypatch.setattr(keys, "secret_manager", fake.client)
        yield fake


def test_the_real_client_reads_a_secret_by_its_name(secrets: SecretFake) -> None:
    assert resolve_key(SOURCE) == OLD
    secrets.value = f"{NEW}\n"  # as `echo ... | gcloud secrets versions add` leaves it
    assert resolve_key(SOURCE) == NEW
    assert secrets.asked == [NAME, NAME]


@pytest.mark.parametrize(
    ("status", "elsewhere"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, True),
        (grpc.StatusCode.UNAUTHENTICATED, True),
        (grpc.StatusCode.FAILED_PRECONDITION, False),
        (grpc.StatusCode.NOT_FOUND, False),
    ],
    ids=lambda value: value.name if isinstance(value, grpc.StatusCode) else "",
)
def test_what_another_account_may_read_is_told_from_what_nobody_can(
    secrets: SecretFake, status: grpc.StatusCode, elsewhere: bool
) -> None:
    secrets.status = status
    with pytest.raises(KeyUnreadable, match=NAME) as caught:
        resolve_key(SOURCE)
    assert isinstance(caught.value, KeyOutOfReach) == elsewhere
    assert OLD not in str(caught.value)


def test_a_key_that_the_server_changes_first_is_waited_for(
    runtime: Runtime, serve: Serve, secrets: SecretFake, until: Until
) -> None:
    accepted = OLD

    def script(asked: Asked) -> Any:
        return GOOD if asked.headers["Authorization"] == f"Bearer {accepted}" else Reply(status=401)

    endpoint = serve(script)
    assert ask(runtime, call(endpoint, api_key=SOURCE)).error is None
    accepted = NEW
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(8):
        one = call(endpoint, document_id=f"d{number}", text=f"{number}", api_key=SOURCE)
        runtime.submit(replace(one, deliver=answers.put))
    until(lambda: len(secrets.asked) >= 4)  # the first reading, and three looks that find nothing new
    looks, secrets.value = len(secrets.asked), NEW
    assert [answers.get(timeout=100).error for _ in range(8)] == [None] * 8
    assert len(secrets.asked) <= looks + 2  # however many calls were refused


def test_a_key_in_whose_place_none_comes_stops_the_run_and_the_store_is_left_alone(
    runtime: Runtime, serve: Serve, secrets: SecretFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "ROTATION_PATIENCE_S", 0.75)
    good = True
    endpoint = serve(lambda _: GOOD if good else Reply(status=401))
    assert ask(runtime, call(endpoint, api_key=SOURCE)).error is None
    good = False
    answer = ask(runtime, call(endpoint, text="another", api_key=SOURCE))
    assert isinstance(answer.error, KeyRefused)
    looks = len(secrets.asked)
    assert 3 <= looks <= 10  # one each tenth of a second, fewer on a busy machine
    monkeypatch.setattr(keys, "LOOK_AGAIN_S", 60.0)
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in range(8):  # a bundle that is tried again
        one = call(endpoint, document_id=f"d{number}", text=f"{number}", api_key=SOURCE)
        runtime.submit(replace(one, deliver=answers.put))
    assert all(isinstance(answers.get(timeout=100).error, FatalError) for _ in range(8))
    assert len(secrets.asked) == looks


def test_a_key_that_never_worked_is_not_waited_for(runtime: Runtime, serve: Serve, secrets: SecretFake) -> None:
    endpoint = serve(lambda _: Reply(status=401))
    assert isinstance(ask(runtime, call(endpoint, api_key=SOURCE)).error, KeyRefused)
    assert len(secrets.asked) == 2


def test_a_store_that_is_away_while_a_key_is_rotated_is_asked_again(
    runtime: Runtime, serve: Serve, secrets: SecretFake, until: Until
) -> None:
    accepted = OLD

    def script(asked: Asked) -> Any:
        return GOOD if asked.headers["Authorization"] == f"Bearer {accepted}" else Reply(status=401)

    endpoint = serve(script)
    assert ask(runtime, call(endpoint, api_key=SOURCE)).error is None
    accepted, secrets.status = NEW, grpc.StatusCode.PERMISSION_DENIED
    answers: SimpleQueue[Answer] = SimpleQueue()
    runtime.submit(replace(call(endpoint, text="another", api_key=SOURCE), deliver=answers.put))
    until(lambda: len(secrets.asked) >= 3)
    secrets.value, secrets.status = NEW, grpc.StatusCode.OK
    assert answers.get(timeout=100).error is None

"""The fake of Pub/Sub, and Google's emulator where it is installed, asked by the real client library: both answer alike."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1

from tests.fakes.pubsub_fake import PubSubFake
from tests.fakes.pubsub_service import Channel, service_hosts

PROJECT = "projects/test-project"
_NUMBERS = itertools.count()


@pytest.fixture(scope="module", params=["fake", "emulator"])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    with service_hosts(request.param) as host:
        yield host


@pytest.fixture
def channel(host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A topic of the test's own, with a subscription."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
    with Channel(PROJECT, f"test-{next(_NUMBERS)}") as channel:
        yield channel


def pulled(channel: Channel, most: int = 10, timeout_s: float = 50) -> list[Any]:
    return list(
        channel.subscriber.pull(subscription=channel.subscription, max_messages=most, timeout=timeout_s).received_messages
    )


def test_published_pulled_acknowledged(channel: Channel) -> None:
    before = time.time()
    ids = [channel.publish(b"text", number=str(number)) for number in range(3)]
    assert len(set(ids)) == 3
    got = pulled(channel)
    assert [received.message.message_id for received in got] == ids
    assert [dict(received.message.attributes) for received in got] == [{"number": str(number)} for number in range(3)]
    assert {received.message.data for received in got} == {b"text"}
    for received in got:
        assert before - 1 < received.message.publish_time.timestamp() < time.time() + 1
    channel.acknowledge(got)
    channel.modify_deadline(got, 0)  # too late to give back what is acknowledged
    assert pulled(channel, timeout_s=2) == []


def test_a_pull_takes_no_more_than_it_asked_for(channel: Channel) -> None:
    for number in range(5):
        channel.publish(str(number).encode())
    first, rest = pulled(channel, 2), pulled(channel, 10)
    assert len(first) == 2
    assert sorted(received.message.data for received in first + rest) == [b"0", b"1", b"2", b"3", b"4"]


def test_given_back_comes_again_at_once(channel: Channel) -> None:
    channel.publish(b"text")
    [first] = pulled(channel)
    channel.modify_deadline([first], 0)
    [second] = pulled(channel)
    assert second.message == first.message
    assert second.ack_id != first.ack_id


def test_what_is_not_acknowledged_in_time_comes_again(channel: Channel) -> None:
    channel.publish(b"text")
    [first] = pulled(channel)
    channel.modify_deadline([first], 1)
    [second] = pulled(channel)
    assert second.message.message_id == first.message.message_id
    channel.acknowledge([second])
    assert pulled(channel, timeout_s=2) == []


def test_a_deadline_put_off_is_kept(channel: Channel) -> None:
    channel.publish(b"text")
    [first] = pulled(channel)
    channel.modify_deadline([first], 1)
    channel.modify_deadline([first], 60)
    assert pulled(channel, timeout_s=3) == []


def test_an_empty_pull_answers_before_its_client_gives_up(channel: Channel) -> None:
    assert pulled(channel, timeout_s=2) == []  # it raises where nothing is answered in time


def test_a_pull_that_waits_is_woken(channel: Channel) -> None:
    future = channel.executor.submit(pulled, channel)
    time.sleep(0.3)
    assert not future.done()
    channel.publish(b"text")
    assert [received.message.data for received in future.result(50)] == [b"text"]


def test_each_subscription_gets_everything_from_its_creation_on(channel: Channel) -> None:
    channel.publish(b"before")
    late = f"{channel.subscription}-late"
    channel.subscriber.create_subscription(name=late, topic=channel.topic)
    channel.publish(b"after")
    assert [received.message.data for received in pulled(channel)] == [b"before", b"after"]
    got = channel.subscriber.pull(subscription=late, max_messages=10, timeout=50).received_messages
    assert [received.message.data for received in got] == [b"after"]


Refused = Callable[[Channel], Any]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        pytest.param(lambda c: c.publisher.create_topic(name=c.topic), exceptions.AlreadyExists, id="topic twice"),
        pytest.param(lambda c: c.publisher.create_topic(name=f"{PROJECT}/topics/x"), exceptions.InvalidArgument, id="short name"),
        pytest.param(lambda c: c.publisher.create_topic(name=c.subscription), exceptions.InvalidArgument, id="no topic's name"),
        pytest.param(lambda c: c.publisher.get_topic(topic=f"{c.topic}-no"), exceptions.NotFound, id="no topic"),
        pytest.param(lambda c: c.publisher.publish(f"{c.topic}-no", b"x").result(5), exceptions.NotFound, id="publish to none"),
        pytest.param(lambda c: c.publish(b""), exceptions.InvalidArgument, id="empty message"),
        pytest.param(
            lambda c: c.subscriber.create_subscription(name=c.subscription, topic=c.topic),
            exceptions.AlreadyExists,
            id="subscription twice",
        ),
        pytest.param(
            lambda c: c.subscriber.create_subscription(name=f"{c.subscription}-2", topic=f"{c.topic}-no"),
            exceptions.NotFound,
            id="subscription to no topic",
        ),
        pytest.param(
            lambda c: c.subscriber.get_subscription(subscription=f"{c.subscription}-no"),
            exceptions.NotFound,
            id="no subscription",
        ),
        pytest.param(
            lambda c: c.subscriber.pull(subscription=f"{c.subscription}-no", max_messages=1, timeout=50),
            exceptions.NotFound,
            id="pull from none",
        ),
        pytest.param(
            lambda c: c.subscriber.pull(subscription=c.subscription, max_messages=0, timeout=50),
            exceptions.InvalidArgument,
            id="pull nothing",
        ),
        pytest.param(
            lambda c: c.subscriber.acknowledge(subscription=c.subscription, ack_ids=["no"]),
            exceptions.InvalidArgument,
            id="not an ack id",
        ),
    ],
)
def test_refused(channel: Channel, ask: Refused, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(channel)


def test_listed_and_deleted(channel: Channel) -> None:
    assert channel.subscriber.get_subscription(subscription=channel.subscription).ack_deadline_seconds == 10
    assert channel.topic in [topic.name for topic in channel.publisher.list_topics(project=PROJECT)]
    assert channel.subscription in [found.name for found in channel.subscriber.list_subscriptions(project=PROJECT)]
    assert list(channel.publisher.list_topic_subscriptions(topic=channel.topic)) == [channel.subscription]
    channel.publisher.delete_topic(topic=channel.topic)
    assert channel.subscriber.get_subscription(subscription=channel.subscription).topic == "_deleted-topic_"
    channel.subscriber.delete_subscription(subscription=channel.subscription)
    with pytest.raises(exceptions.NotFound):
        channel.subscriber.get_subscription(subscription=channel.subscription)


def test_a_message_may_be_delivered_although_it_was_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    with PubSubFake(repeats=lambda message: message.data == b"again") as fake:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", fake.host)
        with Channel(PROJECT, "repeated") as channel:
            ids = [channel.publish(data) for data in (b"again", b"once")]
            got = []
            for _ in range(3):
                [received] = pulled(channel, 1)
                channel.acknowledge([received])
                got.append(received.message.message_id)
            assert got == [*ids, ids[0]]
            assert fake.unacknowledged(channel.subscription) == 0
            assert [message.data for message in fake.published(channel.topic)] == [b"again", b"once"]


def test_what_it_cannot_do_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with PubSubFake() as fake:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", fake.host)
        with pubsub_v1.SubscriberClient() as client, pytest.raises(exceptions.MethodNotImplemented):
            client.create_snapshot(name=f"{PROJECT}/snapshots/one", subscription=f"{PROJECT}/subscriptions/one")

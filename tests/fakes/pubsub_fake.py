"""Google Pub/Sub on loopback, for tests: a gRPC server that speaks the protos of the installed client library.

It does what was seen of Google's emulator, which passes the same tests: a subscription gets what is published
after it was created; a message that was pulled and not acknowledged before its deadline is delivered again,
under another ack id and with the same message id; a pull without messages waits until shortly before its own
deadline and then answers with none. Ordering keys are carried and order nothing. Schemas, filters, snapshots, push and
StreamingPull are not there: a client that asks for one is told UNIMPLEMENTED. Nothing is kept when it ends.

    with PubSubFake() as fake:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", fake.host)      # read by the real clients when they are made
"""

import argparse
import itertools
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import duration_pb2, empty_pb2
from google.pubsub_v1 import types

# Messages as protobuf knows them; the library's own classes are wrappers, and slower.
Topic, Subscription, PubsubMessage = types.Topic.pb(), types.Subscription.pb(), types.PubsubMessage.pb()

NAME = re.compile(r"projects/(?P<project>[a-z][-a-z0-9.:]{4,61}[a-z0-9])/(topics|subscriptions)/[A-Za-z][-A-Za-z0-9_.~+%]{2,254}")
DELETED_TOPIC = "_deleted-topic_"
ACK_DEADLINE_S, MOST_ACK_DEADLINE_S = 10, 600
RETENTION_S = 7 * 24 * 3600
# An empty pull is answered this long before its client gives up, as the emulator does it, or after the other.
ANSWER_BEFORE_S, LONGEST_PULL_S = 0.9, 60.0


class _RefusedError(Exception):
    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class _Queue:
    """What a subscription has to deliver: messages that wait, and by ack id those that were handed out, with their deadline."""

    config: Any
    waiting: deque[Any] = field(default_factory=deque)
    handed_out: dict[str, tuple[Any, float]] = field(default_factory=dict)

    def put_back(self, now: float) -> None:
        """Deliver again what nobody acknowledged in time."""
        for ack_id in [ack_id for ack_id, (_, deadline) in self.handed_out.items() if deadline <= now]:
            self.waiting.append(self.handed_out.pop(ack_id)[0])

    def next_deadline(self) -> float:
        return min((deadline for _, deadline in self.handed_out.values()), default=float("inf"))


class PubSubFake:
    """Serves Pub/Sub under `.host` until closed.

    Args:
        port: 0 for any that is free.
        repeats: which messages are delivered a second time although the first delivery was acknowledged, with the
            same message id: at-least-once delivery allows it at any time, and here it comes at once.
        patience_s: how long a pull waits for messages at most; the service promises no number.
    """

    def __init__(
        self, port: int = 0, repeats: Callable[[Any], bool] = lambda message: False, patience_s: float = LONGEST_PULL_S
    ) -> None:
        self._topics: dict[str, Any] = {}
        self._published: dict[str, list[Any]] = {}
        self._queues: dict[str, _Queue] = {}
        self._repeats = repeats
        self._patience_s = patience_s
        self._repeated: set[tuple[str, str]] = set()
        self._message_ids = itertools.count(1)
        self._ack_ids = itertools.count(1)
        self._changed = threading.Condition()
        self._closed = False
        # A pull that waits holds a thread; those that publish and acknowledge must find one all the same.
        self._server = grpc.server(ThreadPoolExecutor(64, "pubsub"), options=[("grpc.max_receive_message_length", 32 << 20)])
        self._server.add_generic_rpc_handlers(self._handlers())
        self.host = f"localhost:{self._server.add_insecure_port(f'localhost:{port}')}"
        self._server.start()

    def __enter__(self) -> "PubSubFake":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.stop(grace=1).wait(5)

    def published(self, topic: str) -> list[Any]:
        """Every message that a topic was given, in order."""
        with self._changed:
            return list(self._published[topic])

    def unacknowledged(self, subscription: str) -> int:
        """How many messages of a subscription wait, or were handed out and not acknowledged."""
        with self._changed:
            queue = self._queues[subscription]
            return len(queue.waiting) + len(queue.handed_out)

    def _handlers(self) -> tuple[Any, ...]:
        publisher = {
            "CreateTopic": (self._create_topic, types.Topic),
            "GetTopic": (self._get_topic, types.GetTopicRequest),
            "ListTopics": (self._list_topics, types.ListTopicsRequest),
            "ListTopicSubscriptions": (self._list_topic_subscriptions, types.ListTopicSubscriptionsRequest),
            "DeleteTopic": (self._delete_topic, types.DeleteTopicRequest),
            "Publish": (self._publish, types.PublishRequest),
        }
        subscriber = {
            "CreateSubscription": (self._create_subscription, types.Subscription),
            "GetSubscription": (self._get_subscription, types.GetSubscriptionRequest),
            "ListSubscriptions": (self._list_subscriptions, types.ListSubscriptionsRequest),
            "DeleteSubscription": (self._delete_subscription, types.DeleteSubscriptionRequest),
            "Pull": (self._pull, types.PullRequest),
            "Acknowledge": (self._acknowledge, types.AcknowledgeRequest),
            "ModifyAckDeadline": (self._modify_ack_deadline, types.ModifyAckDeadlineRequest),
        }
        return tuple(
            grpc.method_handlers_generic_handler(
                f"google.pubsub.v1.{service}",
                {
                    name: grpc.unary_unary_rpc_method_handler(
                        _answering(method), request.pb().FromString, lambda reply: reply.SerializeToString()
                    )
                    for name, (method, request) in methods.items()
                },
            )
            for service, methods in (("Publisher", publisher), ("Subscriber", subscriber))
        )

    # Topics

    def _create_topic(self, topic: Any, _: Any) -> Any:
        _check_name(topic.name, "topics")
        with self._changed:
            if topic.name in self._topics:
                raise _RefusedError(grpc.StatusCode.ALREADY_EXISTS, "Topic already exists")
            self._topics[topic.name] = topic
            self._published.setdefault(topic.name, [])
        return topic

    def _get_topic(self, request: Any, _: Any) -> Any:
        with self._changed:
            return self._topic(request.topic)

    def _list_topics(self, request: Any, _: Any) -> Any:
        with self._changed:
            found = [topic for name, topic in sorted(self._topics.items()) if name.startswith(f"{request.project}/")]
        return types.ListTopicsResponse.pb()(topics=found)

    def _list_topic_subscriptions(self, request: Any, _: Any) -> Any:
        with self._changed:
            self._topic(request.topic)
            found = sorted(name for name, queue in self._queues.items() if queue.config.topic == request.topic)
        return types.ListTopicSubscriptionsResponse.pb()(subscriptions=found)

    def _delete_topic(self, request: Any, _: Any) -> Any:
        with self._changed:
            self._topic(request.topic)
            del self._topics[request.topic]
            for queue in self._queues.values():
                if queue.config.topic == request.topic:
                    queue.config.topic = DELETED_TOPIC
        return empty_pb2.Empty()

    def _publish(self, request: Any, _: Any) -> Any:
        with self._changed:
            self._topic(request.topic)
            if not request.messages or any(not (message.data or message.attributes) for message in request.messages):
                raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "Some messages are empty")
            for message in request.messages:
                message.message_id = str(next(self._message_ids))
                message.publish_time.GetCurrentTime()
                self._published[request.topic].append(message)
                for queue in self._queues.values():
                    if queue.config.topic == request.topic:
                        queue.waiting.append(message)
            self._changed.notify_all()
            return types.PublishResponse.pb()(message_ids=[message.message_id for message in request.messages])

    # Subscriptions

    def _create_subscription(self, config: Any, _: Any) -> Any:
        _check_name(config.name, "subscriptions")
        if not 0 <= config.ack_deadline_seconds <= MOST_ACK_DEADLINE_S:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"ack_deadline_seconds: {config.ack_deadline_seconds}")
        with self._changed:
            if config.name in self._queues:
                raise _RefusedError(grpc.StatusCode.ALREADY_EXISTS, "Subscription already exists")
            if config.topic not in self._topics:
                raise _RefusedError(grpc.StatusCode.NOT_FOUND, "Subscription topic does not exist")
            config.ack_deadline_seconds = config.ack_deadline_seconds or ACK_DEADLINE_S
            if not config.HasField("message_retention_duration"):
                config.message_retention_duration.CopyFrom(duration_pb2.Duration(seconds=RETENTION_S))
            self._queues[config.name] = _Queue(config)
        return config

    def _get_subscription(self, request: Any, _: Any) -> Any:
        with self._changed:
            return self._queue(request.subscription).config

    def _list_subscriptions(self, request: Any, _: Any) -> Any:
        with self._changed:
            found = [queue.config for name, queue in sorted(self._queues.items()) if name.startswith(f"{request.project}/")]
        return types.ListSubscriptionsResponse.pb()(subscriptions=found)

    def _delete_subscription(self, request: Any, _: Any) -> Any:
        with self._changed:
            self._queue(request.subscription)
            del self._queues[request.subscription]
            self._changed.notify_all()
        return empty_pb2.Empty()

    def _pull(self, request: Any, context: Any) -> Any:
        if request.max_messages < 1:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "No max_messages specified")
        remaining = context.time_remaining()
        patience_s = self._patience_s if remaining is None else min(self._patience_s, remaining - ANSWER_BEFORE_S)
        give_up = time.monotonic() + (0 if request.return_immediately else patience_s)
        with self._changed:
            while True:
                now = time.monotonic()
                queue = self._queue(request.subscription)
                queue.put_back(now)
                # What nobody waits for any more would be handed out in vain, and come again only after its deadline.
                if queue.waiting or now >= give_up or self._closed or not context.is_active():
                    break
                # Looks up now and then, because a client that goes away does not say so here.
                self._changed.wait(max(0.01, min(give_up - now, queue.next_deadline() - now, 1.0)))
            handed = (
                [self._hand_out(queue) for _ in range(min(request.max_messages, len(queue.waiting)))]
                if context.is_active()
                else []
            )
        return types.PullResponse.pb()(received_messages=handed)

    def _hand_out(self, queue: _Queue) -> Any:
        message = queue.waiting.popleft()
        ack_id = f"{queue.config.name}:{next(self._ack_ids)}"
        queue.handed_out[ack_id] = message, time.monotonic() + queue.config.ack_deadline_seconds
        if (repeat := (queue.config.name, message.message_id)) not in self._repeated and self._repeats(message):
            self._repeated.add(repeat)
            queue.waiting.append(message)
        return types.ReceivedMessage.pb()(ack_id=ack_id, message=message)

    def _acknowledge(self, request: Any, _: Any) -> Any:
        with self._changed:
            queue = self._queue(request.subscription)
            _check_ack_ids(request)
            queue.put_back(time.monotonic())
            for ack_id in request.ack_ids:
                queue.handed_out.pop(ack_id, None)  # too late is no error: the message comes again
            self._changed.notify_all()
        return empty_pb2.Empty()

    def _modify_ack_deadline(self, request: Any, _: Any) -> Any:
        if not 0 <= request.ack_deadline_seconds <= MOST_ACK_DEADLINE_S:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"ack_deadline_seconds: {request.ack_deadline_seconds}")
        with self._changed:
            queue = self._queue(request.subscription)
            _check_ack_ids(request)
            now = time.monotonic()
            queue.put_back(now)
            for ack_id in request.ack_ids:
                if ack_id in queue.handed_out:
                    queue.handed_out[ack_id] = queue.handed_out[ack_id][0], now + request.ack_deadline_seconds
            self._changed.notify_all()
        return empty_pb2.Empty()

    def _topic(self, name: str) -> Any:
        if name not in self._topics:
            raise _RefusedError(grpc.StatusCode.NOT_FOUND, "Topic not found")
        return self._topics[name]

    def _queue(self, name: str) -> _Queue:
        if name not in self._queues:
            raise _RefusedError(grpc.StatusCode.NOT_FOUND, "Subscription does not exist")
        return self._queues[name]


def _answering(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A method whose refusals go to the client as gRPC says them."""

    def answer(request: Any, context: Any) -> Any:
        try:
            return method(request, context)
        except _RefusedError as refused:
            context.abort(refused.code, str(refused))

    return answer


def _check_name(name: str, kind: str) -> None:
    if not (matched := NAME.fullmatch(name)) or matched[2] != kind:
        raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid [{kind}] name: (name={name})")


def _check_ack_ids(request: Any) -> None:
    for ack_id in request.ack_ids:
        if not ack_id.startswith(f"{request.subscription}:"):
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid ack id (ack_id={ack_id})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.pubsub_fake", description="Serve Pub/Sub on loopback until Ctrl-C."
    )
    parser.add_argument("--port", type=int, default=8085)
    with PubSubFake(parser.parse_args().port) as served:
        print(f"export PUBSUB_EMULATOR_HOST={served.host}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()

"""A Pub/Sub to test against: the fake of the tests or Google's emulator, and a topic with a subscription on it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud import pubsub_v1

from tests.fakes.pubsub_fake import PubSubFake

JAR = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
EMULATOR_START_S = 60.0


@contextmanager
def service_hosts(kind: str, **settings: Any) -> Iterator[str]:
    """Run a Pub/Sub, "fake" or "emulator", and give its `host:port`. Skips the test where the emulator is not installed.

    `settings` are those of `PubSubFake`; the emulator has none.
    """
    if kind == "fake":
        with PubSubFake(**settings) as fake:
            yield fake.host
    else:
        with _emulator() as host:
            yield host


@contextmanager
def _emulator() -> Iterator[str]:
    jar, java = find_emulator(), shutil.which("java")
    if not jar or not java:
        missing = "Google's Pub/Sub emulator" if not jar else "Java"
        pytest.skip(f"{missing} is not here: gcloud components install pubsub-emulator, or the jar's path in PUBSUB_EMULATOR_JAR")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        command = [java, "-jar", str(jar), "--host=localhost", f"--port={port}"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            with grpc.insecure_channel(f"localhost:{port}") as channel:
                ready = grpc.channel_ready_future(channel)
                try:
                    ready.result(EMULATOR_START_S)
                except grpc.FutureTimeoutError:
                    log.seek(0)
                    pytest.fail(f"the emulator is not ready after {EMULATOR_START_S} s: {log.read().decode()[-1000:]}")
            yield f"localhost:{port}"
        finally:
            process.terminate()
            process.wait(30)


def find_emulator() -> Path | None:
    """The emulator's jar: where PUBSUB_EMULATOR_JAR says, or in the Cloud SDK whose gcloud is on the PATH."""
    if named := os.environ.get("PUBSUB_EMULATOR_JAR"):
        return Path(named)
    gcloud = shutil.which("gcloud")
    if not gcloud:
        return None
    sdk = Path(gcloud).resolve().parents[1]
    return next(iter(sorted(sdk.glob(JAR))), None)


class Channel:
    """A topic and a subscription to it, with the real clients. Make it when PUBSUB_EMULATOR_HOST is set."""

    def __init__(self, project: str, name: str) -> None:
        self.topic = f"{project}/topics/{name}"
        self.subscription = f"{project}/subscriptions/{name}"
        self.publisher = pubsub_v1.PublisherClient()
        self.subscriber = pubsub_v1.SubscriberClient()
        self.executor = ThreadPoolExecutor(1)

    def __enter__(self) -> "Channel":
        self.publisher.create_topic(name=self.topic)
        self.subscriber.create_subscription(name=self.subscription, topic=self.topic)
        return self

    def __exit__(self, *_: object) -> None:
        self.executor.shutdown()
        self.publisher.stop()
        self.publisher.transport.close()
        self.subscriber.close()

    def publish(self, data: bytes, **attributes: str) -> str:
        """Publish a message and wait until it is; returns its id."""
        return str(self.publisher.publish(self.topic, data, **attributes).result(10))

    def acknowledge(self, received: Iterable[Any]) -> None:
        self.subscriber.acknowledge(subscription=self.subscription, ack_ids=[message.ack_id for message in received])

    def modify_deadline(self, received: Iterable[Any], seconds: int) -> None:
        """Put off when messages come again, by seconds from now; 0 gives them back at once."""
        ack_ids = [message.ack_id for message in received]
        self.subscriber.modify_ack_deadline(subscription=self.subscription, ack_ids=ack_ids, ack_deadline_seconds=seconds)

    def drain(self, patience_s: float = 2.0) -> list[Any]:
        """Pull and acknowledge until nothing came for a while: every message, in the order of its delivery."""
        messages: list[Any] = []
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            got = self.subscriber.pull(
                subscription=self.subscription, max_messages=1000, timeout=patience_s + 1
            ).received_messages
            if got:
                self.acknowledge(got)
                messages += [received.message for received in got]
                deadline = time.monotonic() + patience_s
        return messages

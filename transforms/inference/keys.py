"""API keys by name: resolved where they are used, never part of an option, a graph or a log."""

import os
import re

from transforms.errors import FatalError

_SECRET = re.compile(r"projects/[^/\s]+/secrets/[^/\s]+/versions/[^/\s]+")
# The client insists on a key; servers without one ignore it.
NO_KEY = "none"


def resolve_key(source: str) -> str:
    """The key that a source names: "env:NAME" or "secret:projects/P/secrets/S/versions/V".

    An environment variable that is not set means an endpoint without a key.

    Raises:
        FatalError: the secret cannot be read; the message has its name and never its value.
    """
    kind, _, name = source.partition(":")
    if kind == "env":
        return os.environ.get(name) or NO_KEY
    if kind != "secret" or not _SECRET.fullmatch(name):
        raise FatalError(f"unknown key source {source!r}; use env:NAME or secret:projects/P/secrets/S/versions/V")
    from google.api_core.exceptions import GoogleAPIError  # only users of Secret Manager pay for the import
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import secretmanager

    try:
        client = secretmanager.SecretManagerServiceClient()
        return str(client.access_secret_version(name=name).payload.data.decode().strip())
    except (GoogleAPIError, GoogleAuthError) as error:
        raise FatalError(f"cannot read {name} from Secret Manager: {type(error).__name__}") from error

"""Errors sorted by what happens next, not by where they come from.

`TransientError`  the endpoint retries the call; a dead letter when its budget is spent
`ElementError`    this element cannot succeed; a dead letter now
`FatalError`      no element can succeed; the run stops and the message says what to fix

Anything else is a bug and is left to raise.
"""

from typing import Any, Literal

from transforms.said import said


class TransientError(Exception):
    """Worth another try: timeout, lost connection, HTTP 408, 409, 429 or 5xx.

    `retry_after_s` is what the server asked for, in seconds, or None; `status` its HTTP status, 0 where none came;
    `busy` whether it says in words that it is busy.
    """

    def __init__(self, message: str, retry_after_s: float | None = None, status: int = 0, busy: bool = False) -> None:
        super().__init__(message)
        self.busy = busy
        self.retry_after_s = retry_after_s
        self.status = status


class ElementError(Exception):
    """This element cannot succeed; it becomes a dead letter with this class's name.

    `reply` is what the model answered, as text, where there was an answer; `paid` that answer with its tokens, where
    they are known.
    """

    def __init__(self, message: str, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply
        self.paid: Any = None


# Why a reply is malformed: nothing in it; words of the model that it will not; no object; an object that never ends, or
# is no JSON; backslashes that may be LaTeX; an object without one of its fields, or with a value that the schema does
# not allow.
Malformed = Literal["empty", "refused", "no_json", "cut", "syntax", "latex", "missing_field", "wrong_value"]


class ReplyInvalid(ElementError):
    """The reply does not fit the stage's schema; `cause` says why."""

    def __init__(self, message: str, reply: str = "", cause: Malformed = "wrong_value") -> None:
        super().__init__(message, reply)
        self.cause = cause


class ReplyTruncated(ElementError):
    """The reply was cut at the token limit (`finish_reason` "length")."""


class RequestRefused(ElementError):
    """The endpoint refuses this request (HTTP 400, 413, 422, or a content filter).

    `filtered` says that it was its content filter: the refusal is about this prompt, and not about how all are asked.
    """

    def __init__(self, message: str, reply: str = "", filtered: bool = False) -> None:
        super().__init__(message, reply)
        self.filtered = filtered


class NotStarted(ElementError):
    """The run was told to do so much and no more, and this is more: not asked, and nobody's fault."""


class FatalError(Exception):
    """Wrong key, unknown model, missing prompt variable: nothing can succeed until it is fixed."""


def stops_the_run(error: Exception) -> bool:
    """Whether an error is more than one element's: nothing can succeed, or a bug."""
    return not isinstance(error, (TransientError, ElementError))


def one_line(error: object) -> str:
    """What an error says, on one line that is safe to show and has an end; its class where it says nothing."""
    return said(error) or type(error).__name__

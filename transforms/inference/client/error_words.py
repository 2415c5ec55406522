"""What servers say of an error where its status does not: a prompt too long, an empty account, a limit of a day.

Each pattern names whose words it knows. A new wording is one more here, and a line in tests/data/server_behaviours.jsonl.
"""

import re
from typing import Any

# Characters of an error that are read: some servers send the request back.
MOST_READ = 4_000


def _any(*wordings: str) -> re.Pattern[str]:
    return re.compile("|".join(wordings), re.IGNORECASE)


_OVERFLOW = _any(
    r"context (length|window|size)",  # OpenAI, vLLM, SGLang, llama.cpp "available context size", Ollama, LM Studio
    r"maximum (model|input|prompt) length",  # vLLM, xAI
    r"(prompt|input|request) is too (long|large)",  # Anthropic, Bedrock
    r"(prompt|request|input|message)s? too (long|large)",  # OpenAI and Groq for one minute's tokens, MLC
    r"(model|maximum) token limit",  # Moonshot
    r"token count .{0,60}exceed",  # Gemini
    r"input tokens? .{0,40}exceed|too many (input )?tokens|number of tokens .{0,60}(exceed|greater|larger)",  # OpenAI, Cohere
    r"input length .{0,60}(exceed|longer)",  # SGLang, Ollama
    r"length of (the )?(input|prompt|messages?)|range of input length|reduce the length",  # DashScope, Groq
    r"`?inputs`? (tokens|must have less)",  # TGI, Together
    r"maximum context|max[_ ]?(seq|model|input|message)[_a-z]* ?(len|length|tokens)\b",  # Mistral, Volcengine, TensorRT-LLM
    r"prompt (contains|has) \d+ tokens",  # Mistral
    r"(超长|过长|超过.{0,12}(长度|上下文|token))",  # Zhipu, Qianfan
)
_OVERFLOW_FIELDS = {
    "context_length_exceeded",
    "exceed_context_size_error",
    # What vLLM names as the parameter at fault.
    "input_tokens",
    "input_text",
    "1261",  # Zhipu
    "string_above_max_length",
}

_NO_MONEY = _any(
    r"insufficient[_ ](account[_ ])?(balance|funds|credits?|quota)|balance[^.]{0,30}(insufficient|not enough|too low)",
    r"credit balance|(out of|no|not enough|more|run out of|used up .{0,30}) credits",  # Anthropic, OpenRouter, HF
    r"exceeded[_ ](your[_ ])?current[_ ]quota|billing|payment[_ ]required|recharge|top[- ]?up",
    r"arrear|overdue|spend(ing)?[_ ]limit|budget .{0,30}exceed|exceed.{0,30} budget",  # DashScope, Volcengine, xAI, LiteLLM
    r"余额不足|余额不够|欠费|充值|账户.{0,8}(不足|停用)",  # Zhipu, SiliconFlow, Qianfan
)
# Where a refusal of the request could quote it, only what no document says.
_NO_MONEY_400 = _any(
    r"reached your specified api usage limits",  # Anthropic: a limit that somebody has set for the month
    r"your credit balance is too low",
    r"billing[_ ]hard[_ ]limit",
    r"\barrearage\b",
    r"access denied.{0,40}good standing",
)
_NO_MONEY_FIELDS = {
    *(
        "insufficient_quota",
        "exceeded_current_quota_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "budget_exceeded",
    ),
    *(
        "Arrearage",
        "AccountOverdueError",
        "insufficient_balance",
        "30001",
        "1113",
        "1008",
    ),  # the numbers: SiliconFlow, Zhipu, MiniMax
}

_DAILY = _any(
    r"per[-_ ]?(day|month|week)",
    r"\b(daily|weekly|monthly)\b",
    r"\b(RPD|TPD)\b",
    r"当日|每日|每天|本月|每月|每周",
    r"\blimit: 0\b",
)
_MINUTE = _any(r"per[-_ ]?(minute|second|hour)", r"\b[RT]P[MS]\b", r"每分钟|每秒")
_PASSING = _any(
    r"connection (error|reset|refused|aborted|closed|timed out)|connect(ion)? time-?out|read time-?out|server disconnected",
    r"overloaded|temporarily|try again (later|in)|service unavailable|upstream (error|request|connect)|internal (server )?error",
    r"bad gateway|gateway time-?out|no (healthy|available) (upstream|server|deployment|channel|worker)|cuda|out of memory",
    r"稍后|繁忙|超时|过载",
)
_TOO_MANY = _any(r"rate[-_ ]?limit|too many requests|throttl|限流|频率|速率|并发")
_BUSY = _any(r"overload|temporarily|unavailable|too busy|capacity|try again|繁忙|过载|稍后")

_FILTER = _any(r"content[_ ]?(filter|management|policy|safety)|data[_ ]?inspection|moderation|内容安全|敏感|违规")

# LiteLLM puts the error that it got into a 500 of its own.
_QUOTED_429 = re.compile(r"\berror code: (429)\b", re.IGNORECASE)
_FULL = _any(r"queue (is )?full|queuefull|too busy|at capacity|overloaded")

# "retry in 36.2s", "try again in 7m12s", "retryDelay": "36s"
_WAIT = re.compile(
    r"(?:again|retry) in ((?:\d+(?:\.\d+)?(?:ms|[hms]|\b) ?){1,4})|retryDelay\W{1,8}(\d+(?:\.\d+)?s)", re.IGNORECASE
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|[hms])?", re.IGNORECASE)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "": 1.0}

_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")


def is_page(text: Any) -> bool:
    """Whether an error is a web page: the word of a gateway in front of the server, or of a guard that wants a browser."""
    return isinstance(text, str) and text.lstrip()[:200].lower().startswith(("<!doctype html", "<html", "<head", "<?xml"))


def plain_words(text: str) -> str:
    """What a page says, in short; another text as it is."""
    if not is_page(text):
        return text
    head = text[:MOST_READ]
    title = _TITLE.search(head)
    return "a page: " + " ".join((title[1] if title else _TAG.sub(" ", head)[:200]).split())


def server_words(body: Any) -> Any:
    """What an error body says, or the inside of its `error`: `message`, `detail`, `msg`; or all of it."""
    if not isinstance(body, dict):
        return body
    said = next((body[name] for name in ("message", "detail", "msg", "error_msg", "status_msg") if body.get(name)), body)
    return server_words(said) if isinstance(said, dict) and said is not body else said


def all_words(body: Any) -> str:
    """The words of a server, and of one behind it that a gateway passes on. None of a list of what is wrong: that quotes."""
    words = server_words(body)
    said = words if isinstance(words, str) else ""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str):
        said += " " + metadata["raw"]
    return plain_words(said)[:MOST_READ]


def named_fields(body: Any) -> set[str]:
    """The machine-readable part of an error body."""
    return {str(body.get(name)) for name in ("code", "type", "param", "status")} if isinstance(body, dict) else set()


def is_context_overflow(body: Any) -> bool:
    """Whether an error says that the prompt is too long: by its machine-readable fields, else by its words."""
    return bool(named_fields(body) & _OVERFLOW_FIELDS) or _OVERFLOW.search(all_words(body)) is not None


def is_no_money(status: int, body: Any) -> bool:
    """Whether an account is empty. Gemini uses the same words for the requests of a minute, and then says how long to wait."""
    words = all_words(body)
    if status == 429 and (_MINUTE.search(_whole(body)) or told_wait_s(body) is not None):
        return False
    if named_fields(body) & _NO_MONEY_FIELDS:
        return True
    if status in (400, 422):
        return _NO_MONEY_400.search(words) is not None
    return status == 402 or (status in (401, 403, 429) and _NO_MONEY.search(words) is not None)


def is_daily_limit(body: Any) -> bool:
    """Whether a refusal speaks of a limit by the day or longer."""
    return _DAILY.search(_whole(body)) is not None


def is_passing(body: Any) -> bool:
    """Whether a gateway calls a fault behind it a bad request."""
    return _PASSING.search(all_words(body)) is not None


def is_busy(body: Any) -> bool:
    """Whether a server says in words that it is busy."""
    return _BUSY.search(all_words(body)) is not None


def is_filtered(body: Any) -> bool:
    """Whether a content filter refuses a prompt."""
    return _FILTER.search(f"{' '.join(named_fields(body))} {all_words(body)}") is not None


def status_within(status: int, body: Any) -> int:
    """The status that is meant by a gateway's 500: of the error behind it that it quotes, or 503 of a server without room."""
    words = all_words(body)
    if status != 500:
        return status
    if quoted := _QUOTED_429.search(words):
        return int(quoted[1])
    return 503 if _FULL.search(words) else status


def told_status(body: Any) -> int:
    """The status that an error inside of a good response would have had: by its code, else by its words."""
    words = all_words(body)
    if isinstance(body, dict):
        for name in ("code", "status", "status_code", "http_code"):
            code = str(body.get(name) or "")
            if code.isdecimal() and 400 <= int(code[:9]) < 600:
                return int(code)
    fields = " ".join(named_fields(body)).lower()
    for kinds, status in _KINDS:
        if any(kind in fields for kind in kinds):
            return status
    if is_context_overflow(body):
        return 400
    if is_no_money(403, body):
        return 402
    return 429 if _TOO_MANY.search(words) else 503 if _BUSY.search(words) else 500


_KINDS = (
    (("rate_limit", "ratelimit", "too_many", "throttl", "resource_exhausted", "limit_requests"), 429),
    (("overloaded", "unavailable"), 503),
    (("authentication", "invalid_api_key", "unauthorized"), 401),
    (("permission",), 403),
    (("not_found", "model_not_found"), 404),
    (("invalid_request", "badrequest", "bad_request", "invalid_argument", "content_filter", "data_inspection"), 400),
)


def told_wait_s(body: Any) -> float | None:
    """Seconds that an error asks to wait in its words, or in Gemini's details."""
    found = _WAIT.search(_whole(body))
    if not found:
        return None
    spans = _SPAN.findall(found[1] or found[2])
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in spans) or None


def _whole(body: Any) -> str:
    """The words, and the fields that a server adds to them."""
    if not isinstance(body, dict) or isinstance(server_words(body), list):
        return all_words(body)
    added = {name: value for name, value in body.items() if name not in ("message", "detail", "msg")}
    return f"{all_words(body)} {str(added)[:MOST_READ]}"

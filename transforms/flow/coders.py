"""Coders of the records: field order and nothing else decides the bytes.

A record is encoded as the JSON array-free object that `orjson` writes straight from the dataclass
and decoded by pydantic's validator for the same class. Chosen over Beam's defaults because:
pickle is neither deterministic nor readable by another version of the code; Beam's schema rows
need every nested type declared in portable form; JSON adds under 5% to records that are mostly
text, can be read in a debugger, and a record that gained a field with a default still decodes,
which a streaming job needs to be updated in place. Deterministic, so records can be keys.
"""

from functools import cache
from typing import Any

import apache_beam as beam
import orjson
from pydantic import TypeAdapter

from transforms.flow.heartbeat import WAKE
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, Rejection, Stamp, Usage, Verdict, VerifiedQA

RECORD_TYPES = (Document, Persona, PersonaTask, QAPair, VerifiedQA, Rejection, DeadLetter, Stamp, Usage, Verdict)


@cache
def _adapter(record_type: type) -> TypeAdapter[Any]:
    return TypeAdapter(record_type)


class RecordCoder(beam.coders.Coder):
    """Encodes one record type as JSON bytes, a wake among the records as none; deterministic."""

    def __init__(self, record_type: type) -> None:
        self.record_type = record_type

    @classmethod
    def from_type_hint(cls, record_type: type, registry: Any) -> "RecordCoder":
        return cls(record_type)

    def encode(self, record: Any) -> bytes:
        return b"" if record is WAKE else orjson.dumps(record)

    def decode(self, data: bytes) -> Any:
        return _adapter(self.record_type).validate_json(data) if data else WAKE

    def is_deterministic(self) -> bool:
        return True

    def to_type_hint(self) -> type:
        return self.record_type


for _record_type in RECORD_TYPES:
    beam.coders.registry.register_coder(_record_type, RecordCoder)

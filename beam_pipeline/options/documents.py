"""Options of what becomes of a document: the screen, what is asked about it, what a pair has to pass, alone and with others."""

from typing import Literal

import tiktoken
from pydantic import field_validator

from beam_pipeline.options.values import (
    ANY_LANGUAGE,
    GATES,
    MIX,
    QUESTIONS,
    SCREENING,
    OptionsModel,
    check_endpoints,
    check_languages,
    check_question_language,
    declare,
)

MOST_VERIFIERS = 9


class DocumentOptions(OptionsModel):
    """The screen; domains, exemplars and personas; verification and the gates behind it; what the output holds as a whole."""

    min_document_tokens: int = declare(50, "Shortest document to keep, in tokens.", SCREENING, ge=0)
    max_document_tokens: int = declare(
        8000, "Longest document to ask about, in tokens; at least twice the shortest.", SCREENING, ge=2
    )
    long_documents: Literal["chunk", "cut", "reject"] = declare(
        "chunk", "A document over the longest: chunk splits it at paragraphs, cut keeps its beginning.", SCREENING
    )
    languages: list[str] = declare(
        ["en"],
        f"Languages to keep, by their codes (en, de; zh is zh-cn and zh-tw); {ANY_LANGUAGE} keeps any. Repeatable.",
        SCREENING,
        split="commas",
        min_length=1,
    )
    tokenizer: str = declare(
        "auto",
        "How tokens are counted: estimate needs no file; auto is o200k_base where the run is on this machine and tiktoken has "
        "that file already, else estimate; or a tiktoken encoding, which is downloaded where it is not there.",
        SCREENING,
    )
    near_duplicates: float = declare(
        0.85, "Similarity from which two documents are near duplicates; 0 keeps them.", SCREENING, ge=0, le=1
    )

    screening: str = declare(
        "",
        "Thresholds of the rules on a text, such as max_pitch_share=0.1,min_words=20, or the path of a YAML file of the same; "
        "transforms/document_rules/quality.py says what each means.",
        SCREENING,
    )

    prompts: str = declare(
        "",
        "Folder of your own prompts: those files of prompts/ that differ, under the same names (filter.md, domains.yaml, "
        "exemplars/math.jsonl and so on); local or gs://. Each takes the place of the shipped one.",
        QUESTIONS,
        param_type="GCS_READ_FOLDER",
    )
    domains: str = declare(
        "", "YAML list of your own domains (slug, name, description), local or gs://.", QUESTIONS, param_type="GCS_READ_FILE"
    )
    domains_mode: Literal["extend", "replace"] = declare(
        "extend", "Whether your domains extend or replace the built-in list.", QUESTIONS
    )
    exemplars: list[str] = declare(
        [],
        "Your own exemplar banks: JSONL files named <slug>.jsonl, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        QUESTIONS,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    exemplars_mode: Literal["extend", "replace"] = declare(
        "extend", "Whether your exemplars extend the built-in bank of their domain, or replace it.", QUESTIONS
    )
    exemplars_per_prompt: int = declare(3, "Exemplars shown when a question is written.", QUESTIONS, ge=0, le=8)
    question_language: str = declare(
        "document",
        "Language to ask in: document is each document's own; or a code or English name (de, German). The answer must stand in "
        "the document, so asked in another language mostly names, numbers and dates remain.",
        QUESTIONS,
    )
    fill_in_the_middle: bool = declare(
        False,
        "Make of each document that has no short answer a question with nine options: which of them stood at a gap in the text.",
        QUESTIONS,
    )
    options_only_samples: int = declare(
        3,
        "Times that a solver of --fill_in_the_middle chooses among the options without the text; a question that most of these "
        "get right is rejected.",
        QUESTIONS,
        ge=1,
        le=16,
    )
    max_personas: int = declare(3, "Most personas for one document.", QUESTIONS, ge=1, le=3)
    questions_per_persona: int = declare(
        1,
        "Questions that are asked for each persona; each after the first is told to look in another part of the document. With "
        "--max_personas 3 a document has up to 3 times so many.",
        QUESTIONS,
        ge=1,
        le=5,
    )

    repairs: int = declare(
        1,
        "Times that a draft with a fault that can be mended is written anew, by the model of synthesize, which is told what is "
        "wrong; 0 rejects it at once.",
        QUESTIONS,
        ge=0,
        le=1,
    )
    verify_calls: int = declare(
        1,
        "Calls that verify a pair: 1 judges everything at once; 2 judges the answer by the document, "
        "then the question by a verifier that cannot see the document.",
        GATES,
        ge=1,
        le=2,
    )
    verifiers: int | None = declare(
        None,
        "Verifiers that judge each pair, each by itself, in every call of verification; without it, as many as --verifier_models "
        "names, or one.",
        GATES,
        ge=1,
        le=MOST_VERIFIERS,
    )
    verifier_models: list[str] = declare(
        [],
        "Models of the verifiers, taken in turn, all at the endpoint of verify; "
        "without it --verify_model judges again and again, sampled. Repeatable.",
        GATES,
        split="commas",
    )
    verifier_agreement: Literal["majority", "all"] = declare("majority", "How many of the verifiers must let a pair pass.", GATES)
    ask_back: bool = declare(
        False,
        "Have a model that sees the question alone say what it would have to ask back; a pair of which it has to ask which one, "
        "when or where is rejected.",
        GATES,
    )
    round_trip: bool | None = declare(
        None,
        "Have a model answer each question from the document without seeing the stored answer; a pair whose answers "
        "disagree is rejected. Without it, where the model that verifies is known to have under 10 billion parameters.",
        GATES,
    )
    pass_rate_samples: int = declare(
        0,
        "Times that a solver answers each question without the document; the share of right answers is kept on the row.",
        GATES,
        ge=0,
        le=64,
    )
    min_pass_rate: float = declare(0.0, "Lowest pass rate of a pair to keep; those below are too hard.", GATES, ge=0, le=1)
    max_pass_rate: float = declare(1.0, "Highest pass rate of a pair to keep; those above are too easy.", GATES, ge=0, le=1)
    min_key_confidence: float = declare(
        0.0,
        "Lowest probability that the stored answer is right, estimated from what all pairs were answered, of a pair to keep; "
        "those below are doubtful.",
        GATES,
        ge=0,
        le=1,
    )

    near_duplicate_questions: bool = declare(
        True, "Take questions in other words with the same answer for one; false keeps all but equal ones.", MIX
    )
    benchmarks: list[str] = declare(
        [],
        "Evaluation sets that the output must not repeat: files of rows, or packs; paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        MIX,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    decontamination: str = declare(
        "",
        "Settings of the comparison with benchmarks, such as ngram=13,similarity=0.65 (also rephrased, fields, cosine, prefix, "
        "dimensions), "
        "or the path of a YAML file of the same; beam_pipeline/options/decontamination.py says what each means.",
        MIX,
    )
    embedding_endpoint: list[str] = declare(
        [],
        "Base URL of an OpenAI-compatible endpoint with /v1/embeddings: benchmark questions in other words are looked for too. "
        "Repeatable.",
        MIX,
        split="urls",
    )
    embedding_model: str = declare(
        "", "Embedding model to ask; without it, the one model that the embedding endpoint serves.", MIX
    )
    max_pairs_per_document: int = declare(
        0, "Most accepted pairs of one input row, its chunks together; 0 is no limit.", MIX, ge=0
    )
    max_pairs_per_source: int = declare(
        0, "Most accepted pairs of one source; rows without one count as one source; 0 is no limit.", MIX, ge=0
    )
    max_pairs_per_domain: int = declare(0, "Most accepted pairs of one domain; 0 is no limit.", MIX, ge=0)
    domain_shares: str = declare(
        "",
        "Share of the output that each domain is to have, such as math=0.3,coding=20%, or the path of a YAML file; "
        "the others get the rest in the proportions they come in. Pairs are only left out, so the scarcest decides.",
        MIX,
    )

    _embedding_endpoint = field_validator("embedding_endpoint")(check_endpoints)
    _languages = field_validator("languages")(check_languages)
    _question_language = field_validator("question_language")(check_question_language)

    @field_validator("verifier_models")
    @classmethod
    def _each_once(cls, models: list[str]) -> list[str]:
        once = list(dict.fromkeys(models))
        if len(once) > MOST_VERIFIERS:
            raise ValueError(f"names {len(once)} models; {MOST_VERIFIERS} verifiers are the most")
        return once

    @field_validator("tokenizer")
    @classmethod
    def _known_tokenizer(cls, name: str) -> str:
        names = ("auto", "estimate", *tiktoken.list_encoding_names())
        if name not in names:
            raise ValueError(f"{name!r} must be one of {', '.join(names)}")
        return name

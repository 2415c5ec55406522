"""Stages that turn documents into verified question-answer pairs, and the rules and the runtime under them.

The names in `__all__` are the ones to build on. Each is loaded when it is asked for, so that the rules work without Beam.
The reward function is not among them, because its package has its name: `from transforms.reward import reward`.
`beam_pipeline/sample/own_stage.py` is a whole pipeline made of them, with a stage and a prompt of its own.
"""

from transforms.lazy_names import lazy_names

__all__, __getattr__ = lazy_names(
    __name__,
    {
        "answers.agreement": "answers_match",
        "ask_back": "AskBackQA",
        "check": "CheckQA find_leak question_problem",
        "classify": "ClassifyDocuments",
        "decontaminate": "DecontaminateQA DecontaminateSemantically EmbedBenchmarks build_index",
        "deduplicate": "DeduplicateQA",
        "fill_in.solve": "FillInRead OptionsOnly",
        "fill_in.write": "FillInTheMiddle",
        "filter": "FilterDocuments",
        "flow.outcome": "Outcome",
        "inference.call": "CallModel",
        "inference.config": "EmbeddingConfig ModelConfig",
        "mix": "MixConfig MixQA",
        "pass_rate": "MeasurePassRate",
        "records": "Document Persona PersonaTask QAPair Rejection VerifiedQA",
        "repair": "RepairQA",
        "round_trip": "RoundTripQA",
        "screen": "ScreenConfig ScreenDocuments screen_text",
        "synthesize": "SynthesizeQA",
        "verify": "VerifyAnswer VerifyQA VerifyQuestion",
    },
)

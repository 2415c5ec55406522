"""An answer as a value: its canonical form, units, dates, formulas, and when two answers agree. Standard library only."""

from transforms.answers.agreement import answers_match

__all__ = ["answers_match"]

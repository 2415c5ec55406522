r"""LaTeX in JSON whose backslashes a model did not double: to a parser `\frac` is a form feed and "rac".

It is made right in the raw text, before it is parsed: afterwards nobody knows what was a line break.
"""

import re

# Commands that JSON would take for white space and a word, or for a character's number. What stands behind the letter
# is no word of any text.
_SURE = frozenset(
    "fbox flat footnotesize forall frac frak frown nabla natural ncong nearrow newcommand newline ngeq nleq noindent "
    "nolimits nonumber normalsize not notin nrightarrow nsubseteq nsupseteq nwarrow rVert rangle rbrace rbrack rceil ref "
    "restriction rfloor rho right rightarrow rightleftharpoons rm root rvert tableofcontents tanh tbinom text textbf "
    "textcolor textdegree textit textnormal textrm textsc textsf textstyle textsubscript textsuperscript texttt textup "
    "textwidth tfrac therefore theta thickapprox thicksim thinspace tilde times triangle triangleleft triangleq "
    "triangleright ulcorner underbrace underline underset unit unlhd unrhd uparrow updownarrow uplus upsilon urcorner".split()
)
# What stands behind the letter can be a word or a variable at the beginning of a line: "to", and a tab before "o".
_DOUBTFUL = frozenset("ne neg neq ni nsim nu tag tan tau tiny to top".split())
_WORDS = frozenset("nexists nless nmid nparallel nsubset".split())  # commands only where the string has others
_VARIABLE = re.compile(r"\s*[=(.]")  # of "\neq = 5": a line of code on an equation

# Whatever stands between two quotes that are not escaped: the strings of the reply, and what is between those.
_SEGMENT = re.compile(r'(?:[^"\\]+|\\.)+', re.DOTALL)
_TOKEN = re.compile(r"\$\$?|(\\+)(?=([A-Za-z]+)|(.)|$)", re.DOTALL)
_ESCAPED_COMMAND = re.compile(r"\\\\[A-Za-z]{2}")


def escape_latex(text: str) -> str | None:
    """The text with a second backslash where the model meant one; None where nobody can know whether it did.

    Linear in the text. What is JSON and no LaTeX stays as it is.
    """
    if "\\" not in text:
        return text
    doubts: list[bool] = []
    escaped = _SEGMENT.sub(lambda segment: _escape_segment(segment[0], doubts), text)
    return None if any(doubts) or (doubts and _ESCAPED_COMMAND.search(escaped)) else escaped


def _escape_segment(segment: str, doubts: list[bool]) -> str:
    """A string of the reply, escaped. Each doubt says whether it looks like LaTeX by itself."""
    if "\\" not in segment:
        return segment
    tokens = [(token, _is_broken(segment, token)) for token in _TOKEN.finditer(segment)]
    broken_ones = {token[2] for token, broken in tokens if broken}
    maths, parts, end = False, [], 0
    for token, broken in tokens:
        said, command, sign = token[0], token[2], token[3]
        before = segment[token.start() - 1 : token.start()]
        parts.append(segment[end : token.start()])
        end = token.end()
        if said[0] == "$":
            maths ^= said == "$" and before != "\\"
        elif broken:
            said += "\\"
        elif len(said) % 2 and command in _WORDS:
            said += "\\" * bool(broken_ones)
        elif len(said) % 2 and command in _DOUBTFUL:
            if maths or broken_ones or not before:
                said += "\\"
            elif "\n" not in segment:  # else it is prose around the JSON
                doubts.append(before == " ")
        elif len(said) % 2 and sign == "'":
            said = said[1:]
        elif said == "\\\\" and not command and "begin" in broken_ones:
            said *= 2  # the end of a matrix's row
        if sign and sign in "()":
            maths = sign == "("
        parts.append(said)
    return "".join((*parts, segment[end:]))


def _is_broken(segment: str, token: re.Match[str]) -> bool:
    """Whether a backslash was certainly meant as one, and is none to a parser."""
    run, command, sign = token.groups()
    if not run or len(run) % 2 == 0:
        return False
    if command is None:
        return bool(sign) and sign not in "\"/'\r\n\t"
    if command == "neq":
        return not _VARIABLE.match(segment, token.end() + len(command))
    # Nobody writes a backspace; and most letters JSON does not know behind a backslash.
    return command in _SURE or command[0] == "b" or command[0] not in "fnrtu"

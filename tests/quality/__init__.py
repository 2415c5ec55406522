"""Quality, run by `make quality`: how often each rule is right, on labelled data.

One module an area, each with a function that gives an `Area` of judged cases. Every set has a part
that rules were tuned on and a part that was held out: only the second says how a rule does on what
it has not seen.
"""

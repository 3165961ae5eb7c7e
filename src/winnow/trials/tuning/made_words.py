"""How a made note tells of a condition, a procedure or a drug: our own templates.

`{x}` is the thing, `{n}` a number, `{She}` and `{Her}` the patient; "unknown" ones tell of somebody or some time else.
"""

from __future__ import annotations

CONDITION, PROCEDURE, DRUG = "condition", "procedure", "drug"
TOLD = {
    CONDITION: {
        "yes": (
            "{She} has a history of {x}.",
            "Past medical history is notable for {x}.",
            "{She} was diagnosed with {x} {n} years ago.",
            "Known {x}, currently treated.",
            "The patient presents with {x}.",
            "{She} suffers from {x}.",
            "Assessment: {x}.",
        ),
        "no": (
            "{She} denies {x}.",
            "No {x}.",
            "There is no evidence of {x}.",
            "{x} was ruled out.",
            "{She} has never had {x}.",
            "The patient does not have {x}.",
            "Negative for {x}.",
        ),
        "unknown": (
            "{Her} mother had {x}.",
            "Family history is positive for {x}.",
            "{Her} brother was treated for {x}.",
            "{She} was told to return if {x} develops.",
            "Screening for {x} is planned.",
        ),
    },
    PROCEDURE: {
        "yes": (
            "{She} underwent {x} {n} years ago.",
            "Status post {x}.",
            "{She} was treated with {x}.",
            "{x} was performed last month.",
        ),
        "no": (
            "{She} has not undergone {x}.",
            "No prior {x}.",
            "{She} has never received {x}.",
            "{x} was not performed.",
        ),
        "unknown": (
            "{x} is planned.",
            "{Her} father underwent {x}.",
            "{x} may be considered later.",
            "{She} asked about {x}.",
        ),
    },
    DRUG: {
        "yes": (
            "{She} currently takes {x}.",
            "Medications: {x}.",
            "{x} was started {n} weeks ago.",
            "{She} is on {x} at home.",
        ),
        "no": (
            "{She} takes no {x}.",
            "{She} is not on {x}.",
            "{She} has never been given {x}.",
            "Denies use of {x}.",
        ),
        "unknown": (
            "{Her} husband takes {x}.",
            "{x} may be started later.",
            "{x} was discussed.",
        ),
    },
}
OPENINGS = (
    "A {age}-year-old {person} is seen in the clinic.",
    "{age} year old {person} presents to the emergency department.",
    "This {age}-year-old {person} comes for evaluation.",
)

"""What is searched for a patient in a pool of trials: their words and their passages."""

from __future__ import annotations

import math
from dataclasses import dataclass

from winnow.trials.patients import Note, Patient, age_on
from winnow.trials.retrieval.chart import Chart
from winnow.trials.retrieval.lexical import Counts, counted
from winnow.trials.retrieval.opening import open_chart
from winnow.trials.retrieval.sections import is_family_history
from winnow.trials.retrieval.words import content_words


@dataclass(frozen=True)
class PatientQuery:
    """A patient as a query. What is said of relatives is left out.

    Attributes:
        words: how much each word counts: 1 + ln of how often it occurs, since a long chart repeats itself.
        passages: the chart's chunks, for the encoder.
        sex: the patient's; None when unknown.
        age: in years on the chart's day; None when unknown.
    """

    words: Counts
    passages: tuple[str, ...]
    sex: str | None = None
    age: float | None = None


def patient_query(source: Chart | str) -> PatientQuery:
    """The query that a chart, or the text of one note, makes."""
    chart = source if isinstance(source, Chart) else open_chart(Patient("", (Note("note", source),)))
    own = [sentence.text for sentence in chart.sentences if not is_family_history(sentence.section)]
    words = counted([word for text in own for word in content_words(text)])
    return PatientQuery(
        words={word: 1 + math.log(count) for word, count in words.items()},
        passages=tuple(c.text for c in chart.chunks if not is_family_history(chart.sentences[c.sentences[0]].section)),
        sex=chart.patient.sex,
        age=None if chart.as_of is None else age_on(chart.patient, chart.as_of),
    )

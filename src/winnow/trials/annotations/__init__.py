"""What experts answered: the rows that engines are tuned on and measured against."""

from winnow.trials.annotations.answers import CLASSES as CLASSES
from winnow.trials.annotations.answers import DISQUALIFYING as DISQUALIFYING
from winnow.trials.annotations.answers import FACT as FACT
from winnow.trials.annotations.answers import AnswerRow as AnswerRow
from winnow.trials.annotations.answers import patient_folds as patient_folds
from winnow.trials.annotations.answers import read_answer_rows as read_answer_rows

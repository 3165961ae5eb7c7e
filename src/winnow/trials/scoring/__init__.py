"""From answers to verdicts, scores and rankings."""

from winnow.trials.scoring.asking import NextQuestion as NextQuestion
from winnow.trials.scoring.asking import next_questions as next_questions
from winnow.trials.scoring.policy import Policy as Policy
from winnow.trials.scoring.probability import probability as probability
from winnow.trials.scoring.ranking import Standing as Standing
from winnow.trials.scoring.ranking import ranked as ranked
from winnow.trials.scoring.ranking import standing as standing
from winnow.trials.scoring.scores import SCORES as SCORES
from winnow.trials.scoring.scores import TierCount as TierCount
from winnow.trials.scoring.scores import counting as counting
from winnow.trials.scoring.scores import iterative as iterative
from winnow.trials.scoring.scores import tier_counts as tier_counts
from winnow.trials.scoring.scores import weighted as weighted
from winnow.trials.scoring.verdict import Verdict as Verdict
from winnow.trials.scoring.verdict import decide as decide
from winnow.trials.scoring.verdict import overridden as overridden

"""Whole runs: patients and trials from files or the store to worklists on disk, with a record in the store."""

from winnow.trials.screening.asking import CriterionAnswer as CriterionAnswer
from winnow.trials.screening.asking import ask_criterion as ask_criterion
from winnow.trials.screening.audits import Audit as Audit
from winnow.trials.screening.audits import audit_store as audit_store
from winnow.trials.screening.engines import EngineChoice as EngineChoice
from winnow.trials.screening.engines import sentence_encoder_named as sentence_encoder_named
from winnow.trials.screening.imports import Imports as Imports
from winnow.trials.screening.imports import import_files as import_files
from winnow.trials.screening.matching import MatchReport as MatchReport
from winnow.trials.screening.matching import MatchRequest as MatchRequest
from winnow.trials.screening.matching import run_match as run_match
from winnow.trials.screening.ranks import rank_patients as rank_patients
from winnow.trials.screening.ranks import rank_trials as rank_trials

"""Studies: many runs of one recipe, dense, tickets and controls, in one run folder."""

from winnow.grokking.recipe import GrokRecipe as GrokRecipe
from winnow.grokking.studies.batches import Batch as Batch
from winnow.grokking.studies.folder import StudyFolder as StudyFolder
from winnow.grokking.studies.folder import opened as opened
from winnow.grokking.studies.result import RunRecord as RunRecord
from winnow.grokking.studies.result import StudyResult as StudyResult
from winnow.grokking.studies.running import STACK as STACK
from winnow.grokking.studies.running import StudyPlan as StudyPlan
from winnow.grokking.studies.running import chance_of as chance_of
from winnow.grokking.studies.running import plan_study as plan_study
from winnow.grokking.studies.running import read_run as read_run
from winnow.grokking.studies.running import read_study as read_study
from winnow.grokking.studies.running import run_study as run_study
from winnow.grokking.studies.training import Work as Work
from winnow.grokking.studies.tuning import TuningPlan as TuningPlan
from winnow.grokking.studies.tuning import plan_tuning as plan_tuning
from winnow.grokking.studies.tuning import run_tuning as run_tuning

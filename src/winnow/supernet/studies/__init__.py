"""Studies of supernets: one network drawn, pipelines compared at equal compute, tickets taken to other tasks."""

from winnow.supernet.studies.ablation import ablate as ablate
from winnow.supernet.studies.ablation import plan_ablation as plan_ablation
from winnow.supernet.studies.cells import Cell as Cell
from winnow.supernet.studies.cells import Study as Study
from winnow.supernet.studies.comparison import Comparison as Comparison
from winnow.supernet.studies.comparison import read_comparison as read_comparison
from winnow.supernet.studies.draw import run_draw as run_draw
from winnow.supernet.studies.measured import Measured as Measured
from winnow.supernet.studies.pipelines import ABLATIONS as ABLATIONS
from winnow.supernet.studies.pipelines import ARMS as ARMS
from winnow.supernet.studies.pipelines import PIPELINES as PIPELINES
from winnow.supernet.studies.pipelines import Pipeline as Pipeline
from winnow.supernet.studies.pipelines import pipeline_named as pipeline_named
from winnow.supernet.studies.plan import DrawPlan as DrawPlan
from winnow.supernet.studies.plan import plan_draw as plan_draw
from winnow.supernet.studies.problem import Problem as Problem
from winnow.supernet.studies.problem import problem_of as problem_of
from winnow.supernet.studies.result import DrawResult as DrawResult
from winnow.supernet.studies.result import read_draw as read_draw
from winnow.supernet.studies.small import dense_small as dense_small
from winnow.supernet.studies.source import Source as Source
from winnow.supernet.studies.source import read_source as read_source
from winnow.supernet.studies.training import Work as Work
from winnow.supernet.studies.transfer import plan_transfer as plan_transfer
from winnow.supernet.studies.transfer import transfer as transfer

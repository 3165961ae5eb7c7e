"""The one training loop: stacks of replicates, checkpoints, resume."""

from winnow.training.checkpoint import CheckpointFile as CheckpointFile
from winnow.training.device import device_named as device_named
from winnow.training.engines import engine_for as engine_for
from winnow.training.execution import EXECUTIONS as EXECUTIONS
from winnow.training.execution import Execution as Execution
from winnow.training.execution import execution_for as execution_for
from winnow.training.loop import train as train
from winnow.training.losses import LOSSES as LOSSES
from winnow.training.losses import loss_named as loss_named
from winnow.training.optimizers import OPTIMIZERS as OPTIMIZERS
from winnow.training.optimizers import StackOptimizer as StackOptimizer
from winnow.training.plan import Member as Member
from winnow.training.plan import TrainingPlan as TrainingPlan
from winnow.training.progress import Progress as Progress
from winnow.training.progress import progress_for as progress_for
from winnow.training.rates import RATE_SCHEDULES as RATE_SCHEDULES
from winnow.training.rates import rate_factor as rate_factor
from winnow.training.results import StackResult as StackResult
from winnow.training.results import Trained as Trained
from winnow.training.stack import Stack as Stack

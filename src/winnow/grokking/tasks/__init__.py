"""Tasks that networks grok, by name."""

from winnow.grokking.tasks.registry import TASKS as TASKS
from winnow.grokking.tasks.registry import sizes_named as sizes_named
from winnow.grokking.tasks.registry import task_named as task_named
from winnow.grokking.tasks.sizes import Sizes as Sizes
from winnow.grokking.tasks.task import Split as Split
from winnow.grokking.tasks.task import Task as Task

"""Runs many jobs: one after another here, in worker processes, or on a Ray cluster. Knows no tickets."""

from winnow.execution.jobs import Job as Job
from winnow.execution.jobs import Outcome as Outcome
from winnow.execution.jobs import Place as Place
from winnow.execution.jobs import run as run
from winnow.execution.local import Local as Local
from winnow.execution.memory import hold_memory as hold_memory
from winnow.execution.ray_cluster import RayCluster as RayCluster

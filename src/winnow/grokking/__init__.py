"""Grokking and its tickets (Minegishi et al. 2023): dense networks, grokked tickets, controls, accelerators.

Names load on first use, so that `winnow --help` reads recipes without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from winnow.grokking.recipe import GrokRecipe as GrokRecipe

if TYPE_CHECKING:
    from winnow.grokking.accelerators import ACCELERATORS as ACCELERATORS
    from winnow.grokking.branches import BASES as BASES
    from winnow.grokking.branches import Branch as Branch
    from winnow.grokking.figures import write_study_page as write_study_page
    from winnow.grokking.networks import network_named as network_named
    from winnow.grokking.stacks import Grokked as Grokked
    from winnow.grokking.stacks import Member as Member
    from winnow.grokking.stacks import Plan as Plan
    from winnow.grokking.stacks import train as train
    from winnow.grokking.studies import StudyResult as StudyResult
    from winnow.grokking.studies import plan_study as plan_study
    from winnow.grokking.studies import run_study as run_study
    from winnow.grokking.tasks import task_named as task_named

_HOMES = {
    "ACCELERATORS": "accelerators",
    "BASES": "branches",
    "Branch": "branches",
    "write_study_page": "figures",
    "network_named": "networks",
    "Grokked": "stacks",
    "Member": "stacks",
    "Plan": "stacks",
    "train": "stacks",
    "StudyResult": "studies",
    "plan_study": "studies",
    "run_study": "studies",
    "task_named": "tasks",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

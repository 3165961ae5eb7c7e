"""Finds tickets: iterative pruning, rewinding and controls.

Names load on first use, so that `winnow --help` reads recipes without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from winnow.tickets.connectivity.settings import ConnectSettings as ConnectSettings
from winnow.tickets.recipe import FindRecipe as FindRecipe

if TYPE_CHECKING:
    from winnow.tickets.analysis import analyse as analyse
    from winnow.tickets.comparison.comparing import compare as compare
    from winnow.tickets.connectivity.measuring import connect as connect
    from winnow.tickets.connectivity.page import write_connect_page as write_connect_page
    from winnow.tickets.preparation import prepare as prepare
    from winnow.tickets.prepared import Prepared as Prepared
    from winnow.tickets.report import write_report as write_report
    from winnow.tickets.search import find as find
    from winnow.tickets.show import load_ticket as load_ticket
    from winnow.tickets.summary import summarise as summarise
    from winnow.tickets.sweeps.running import sweep as sweep
    from winnow.tickets.transferring import prepare_transfer as prepare_transfer
    from winnow.tickets.transferring import transfer as transfer

_HOMES = {
    "analyse": "analysis",
    "compare": "comparison.comparing",
    "Prepared": "prepared",
    "connect": "connectivity.measuring",
    "find": "search",
    "prepare": "preparation",
    "write_connect_page": "connectivity.page",
    "write_report": "report",
    "load_ticket": "show",
    "summarise": "summary",
    "sweep": "sweeps.running",
    "prepare_transfer": "transferring",
    "transfer": "transferring",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

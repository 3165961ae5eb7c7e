"""Run folders, atomic files and metric tables. No torch."""

from winnow.storage.atomic import read_json as read_json
from winnow.storage.atomic import replacing as replacing
from winnow.storage.atomic import replacing_folder as replacing_folder
from winnow.storage.atomic import write_json as write_json
from winnow.storage.atomic import write_text as write_text
from winnow.storage.cache import cache_root as cache_root
from winnow.storage.environment import environment as environment
from winnow.storage.holding import held_folder as held_folder
from winnow.storage.metrics import Metric as Metric
from winnow.storage.metrics import query as query
from winnow.storage.metrics import write_part as write_part
from winnow.storage.runs import RunFolder as RunFolder
from winnow.storage.runs import list_runs as list_runs

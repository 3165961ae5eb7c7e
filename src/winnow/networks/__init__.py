"""Networks as small graphs: traced from modules, compacted, and run without their Python class."""

from winnow.networks.compaction import Compacted as Compacted
from winnow.networks.compaction import compact as compact
from winnow.networks.folding import fold_normalisation as fold_normalisation
from winnow.networks.graph import Graph as Graph
from winnow.networks.graph import Node as Node
from winnow.networks.graph import Unsupported as Unsupported
from winnow.networks.running import GraphNetwork as GraphNetwork
from winnow.networks.tracing import trace as trace

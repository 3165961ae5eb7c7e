"""Networks that grok, by name; S of them at once."""

from winnow.grokking.networks.mlp import PairMlp as PairMlp
from winnow.grokking.networks.modules import GrokModule as GrokModule
from winnow.grokking.networks.network import Network as Network
from winnow.grokking.networks.network import parameters as parameters
from winnow.grokking.networks.registry import NETWORKS as NETWORKS
from winnow.grokking.networks.registry import network_named as network_named

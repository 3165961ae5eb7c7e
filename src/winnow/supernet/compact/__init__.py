"""A searched and pruned network for others: exact compaction, one file, a ticket, ONNX, its costs and its speed."""

from winnow.supernet.compact.accounting import Accounting as Accounting
from winnow.supernet.compact.accounting import LayerCost as LayerCost
from winnow.supernet.compact.accounting import accounting as accounting
from winnow.supernet.compact.bench import VARIANTS as VARIANTS
from winnow.supernet.compact.bench import BenchRow as BenchRow
from winnow.supernet.compact.bench import bench as bench
from winnow.supernet.compact.latency import Percentiles as Percentiles
from winnow.supernet.compact.network import CompactNet as CompactNet
from winnow.supernet.compact.network import compacted as compacted
from winnow.supernet.compact.network import masked as masked
from winnow.supernet.compact.onnx import OnnxFile as OnnxFile
from winnow.supernet.compact.onnx import export_onnx as export_onnx
from winnow.supernet.compact.saved import Saved as Saved
from winnow.supernet.compact.saved import load_network as load_network
from winnow.supernet.compact.saved import save_network as save_network
from winnow.supernet.compact.stored import StoredBlock as StoredBlock
from winnow.supernet.compact.stored import with_stored_weights as with_stored_weights
from winnow.supernet.compact.ticket import to_ticket as to_ticket

"""What a supernet is made of: sizes, blocks in order, widths, and what each of them costs. No torch."""

from winnow.supernet.space.architecture import Architecture as Architecture
from winnow.supernet.space.architecture import dense_architecture as dense_architecture
from winnow.supernet.space.blocks import BlockPlace as BlockPlace
from winnow.supernet.space.blocks import block_places as block_places
from winnow.supernet.space.costs import BlockCost as BlockCost
from winnow.supernet.space.costs import Costs as Costs
from winnow.supernet.space.costs import costs_of as costs_of
from winnow.supernet.space.costs import penalties as penalties
from winnow.supernet.space.spaces import SPACES as SPACES
from winnow.supernet.space.spaces import TASKS as TASKS
from winnow.supernet.space.spaces import Space as Space
from winnow.supernet.space.spaces import Stage as Stage
from winnow.supernet.space.spaces import space_named as space_named

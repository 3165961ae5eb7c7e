"""The supernet as a torch module: search blocks, fusion, three heads, and how it is built."""

from winnow.supernet.network.block import SearchBlock as SearchBlock
from winnow.supernet.network.building import assembled as assembled
from winnow.supernet.network.building import build as build
from winnow.supernet.network.building import supernet as supernet
from winnow.supernet.network.model import Supernet as Supernet
from winnow.supernet.network.norms import Norm as Norm
from winnow.supernet.network.parts import importances as importances
from winnow.supernet.network.parts import maskable as maskable
from winnow.supernet.network.parts import search_blocks as search_blocks
from winnow.supernet.network.parts import token_importances as token_importances

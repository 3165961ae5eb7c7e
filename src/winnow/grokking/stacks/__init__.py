"""Trains many runs of one network on one task as a stack."""

from winnow.grokking.stacks.losses import LOSSES as LOSSES
from winnow.grokking.stacks.member import Grokked as Grokked
from winnow.grokking.stacks.member import Member as Member
from winnow.grokking.stacks.member import Plan as Plan
from winnow.grokking.stacks.member import Supermask as Supermask
from winnow.grokking.stacks.rules import RULES as RULES
from winnow.grokking.stacks.trainer import train as train

"""Data sets: digits, a folder or a Hub id, as scaled tensors with a fingerprint; batch order and augmentation."""

from winnow.data.augment import augment as augment
from winnow.data.dataset import DataSet as DataSet
from winnow.data.dataset import Split as Split
from winnow.data.dataset import describe as describe
from winnow.data.order import BatchOrder as BatchOrder
from winnow.data.source import load as load

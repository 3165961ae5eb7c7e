"""Vision sets for three tasks (classification, segmentation, keypoints) from the formats that they come in."""

from winnow.data.vision.sets import TASKS as TASKS
from winnow.data.vision.sets import VOID as VOID
from winnow.data.vision.sets import VisionSet as VisionSet
from winnow.data.vision.sets import VisionSplit as VisionSplit
from winnow.data.vision.sets import describe_vision as describe_vision
from winnow.data.vision.source import load_vision as load_vision

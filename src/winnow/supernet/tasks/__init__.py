"""The three tasks of a supernet: preparation of batches, losses, measures, predictions and what is trivial to reach."""

from winnow.supernet.tasks.classification import Classification as Classification
from winnow.supernet.tasks.keypoints import Keypoints as Keypoints
from winnow.supernet.tasks.palette import colour_of as colour_of
from winnow.supernet.tasks.palette import legend as legend
from winnow.supernet.tasks.palette import overlay as overlay
from winnow.supernet.tasks.protocol import Task as Task
from winnow.supernet.tasks.registry import task_for as task_for
from winnow.supernet.tasks.segmentation import Segmentation as Segmentation
from winnow.supernet.tasks.skeleton import SkeletonEdge as SkeletonEdge
from winnow.supernet.tasks.skeleton import skeleton as skeleton
from winnow.supernet.tasks.trivial import trivial as trivial

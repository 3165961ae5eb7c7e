"""Networks, by a registry that any `nn.Module` can stand beside."""

from winnow.models.lenet import lenet_300_100 as lenet_300_100
from winnow.models.registry import MODELS as MODELS
from winnow.models.registry import Model as Model
from winnow.models.registry import check_fit as check_fit
from winnow.models.registry import model_named as model_named
from winnow.models.resnet import resnet_20 as resnet_20

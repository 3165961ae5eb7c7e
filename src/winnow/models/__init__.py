"""Networks, by a registry that any `nn.Module` can stand beside."""

from winnow.models.conv import conv_2 as conv_2
from winnow.models.conv import conv_2_dropout as conv_2_dropout
from winnow.models.conv import conv_4 as conv_4
from winnow.models.conv import conv_4_dropout as conv_4_dropout
from winnow.models.conv import conv_6 as conv_6
from winnow.models.conv import conv_6_dropout as conv_6_dropout
from winnow.models.lenet import lenet_300_100 as lenet_300_100
from winnow.models.registry import MODELS as MODELS
from winnow.models.registry import Model as Model
from winnow.models.registry import check_fit as check_fit
from winnow.models.registry import model_named as model_named
from winnow.models.registry import model_of as model_of
from winnow.models.resnet import resnet_20 as resnet_20
from winnow.models.resnet50 import resnet_50 as resnet_50
from winnow.models.vgg import vgg_19 as vgg_19

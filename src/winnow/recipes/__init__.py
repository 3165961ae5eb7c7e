"""Complete recipes as Python functions; the command line reads the same ones. No torch."""

from winnow.recipes.catalogue import RECIPES as RECIPES
from winnow.recipes.catalogue import recipe_named as recipe_named
from winnow.recipes.conv import conv2_cifar10 as conv2_cifar10
from winnow.recipes.conv import conv2_cifar10_dropout as conv2_cifar10_dropout
from winnow.recipes.conv import conv2_digits as conv2_digits
from winnow.recipes.conv import conv4_cifar10 as conv4_cifar10
from winnow.recipes.conv import conv4_cifar10_dropout as conv4_cifar10_dropout
from winnow.recipes.conv import conv6_cifar10 as conv6_cifar10
from winnow.recipes.conv import conv6_cifar10_dropout as conv6_cifar10_dropout
from winnow.recipes.encoder import encoder_text as encoder_text
from winnow.recipes.lenet import lenet_digits as lenet_digits
from winnow.recipes.lenet import lenet_mnist as lenet_mnist
from winnow.recipes.methods import METHODS as METHODS
from winnow.recipes.methods import Method as Method
from winnow.recipes.methods import with_method as with_method
from winnow.recipes.resnet import resnet18_cifar10 as resnet18_cifar10
from winnow.recipes.resnet import resnet18_cifar10_high as resnet18_cifar10_high
from winnow.recipes.resnet import resnet18_cifar10_warmup as resnet18_cifar10_warmup
from winnow.recipes.resnet import resnet20_cifar10 as resnet20_cifar10
from winnow.recipes.resnet import resnet20_digits as resnet20_digits
from winnow.recipes.resnet import resnet50_imagenet as resnet50_imagenet
from winnow.recipes.vgg import vgg19_cifar10 as vgg19_cifar10
from winnow.recipes.vgg import vgg19_cifar10_high as vgg19_cifar10_high
from winnow.recipes.vgg import vgg19_cifar10_warmup as vgg19_cifar10_warmup

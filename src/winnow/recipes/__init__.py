"""Complete recipes as Python functions; the command line reads the same ones. No torch."""

from winnow.recipes.catalogue import RECIPES as RECIPES
from winnow.recipes.catalogue import recipe_named as recipe_named
from winnow.recipes.lenet import lenet_digits as lenet_digits
from winnow.recipes.lenet import lenet_mnist as lenet_mnist

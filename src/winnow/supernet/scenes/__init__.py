"""Scenes composed of scikit-learn's digits, written as published data sets are: for tests and the tour."""

from winnow.supernet.scenes.composing import Scenes as Scenes
from winnow.supernet.scenes.composing import compose as compose
from winnow.supernet.scenes.objects import LANDMARKS as LANDMARKS
from winnow.supernet.scenes.writing import write_scenes as write_scenes

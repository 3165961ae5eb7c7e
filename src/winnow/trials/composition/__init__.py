"""Each criterion as simple yes/no questions and a Boolean form over them."""

from winnow.trials.composition.chat import compose_with as compose_with
from winnow.trials.composition.compose import compose as compose
from winnow.trials.composition.composed import Composed as Composed
from winnow.trials.composition.conversion import convert as convert
from winnow.trials.composition.describe import describe as describe
from winnow.trials.composition.form import All as All
from winnow.trials.composition.form import Any as Any
from winnow.trials.composition.form import Ask as Ask
from winnow.trials.composition.form import AtLeast as AtLeast
from winnow.trials.composition.form import Form as Form
from winnow.trials.composition.form import Negated as Negated
from winnow.trials.composition.normal import Literal as Literal
from winnow.trials.composition.normal import to_dnf as to_dnf
from winnow.trials.composition.quantity import Quantity as Quantity
from winnow.trials.composition.question import Comparison as Comparison
from winnow.trials.composition.question import Question as Question
from winnow.trials.composition.question import Window as Window
from winnow.trials.composition.reading import read_quantities as read_quantities
from winnow.trials.composition.tiers import TierRules as TierRules
from winnow.trials.composition.tiers import tier_of as tier_of
from winnow.trials.composition.truth import truth as truth

"""Questions answered from a chart, by three engines behind one protocol."""

from winnow.trials.answering.answer import Answer as Answer
from winnow.trials.answering.answer import Asked as Asked
from winnow.trials.answering.answer import Engine as Engine
from winnow.trials.answering.answer import Quote as Quote
from winnow.trials.answering.answer import TellsEvidence as TellsEvidence
from winnow.trials.answering.answer import Tokens as Tokens

"""A ticket's network as one file for other programs, and how fast each way of running it is."""

from winnow.exports.bench import Row as Row
from winnow.exports.bench import bench as bench
from winnow.exports.files import load_exported as load_exported
from winnow.exports.files import read_exported as read_exported
from winnow.exports.formats import FORMATS as FORMATS
from winnow.exports.formats import Exported as Exported
from winnow.exports.formats import export as export

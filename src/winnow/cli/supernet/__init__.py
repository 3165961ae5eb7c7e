"""`winnow supernet ...`: architecture and sparse weights from one training, for images, pixels and joints."""

from cyclopts import App

from winnow.cli.supernet.comparing import ablate
from winnow.cli.supernet.drawing import draw
from winnow.cli.supernet.exporting import export
from winnow.cli.supernet.measuring import bench
from winnow.cli.supernet.moving import transfer

app = App(name="supernet", help="Search and prune a supernet in one training; compare, transfer, export, time it.")
for command in (draw, transfer, ablate, export, bench):
    app.command(command)

"""`winnow ownership ...`: sign a ticket, judge a suspect, and attack one's own mark."""

from cyclopts import App

from winnow.cli.ownership.attacking import attack
from winnow.cli.ownership.auditing import audit
from winnow.cli.ownership.inspecting import inspect
from winnow.cli.ownership.judging import verify
from winnow.cli.ownership.keygen import keygen
from winnow.cli.ownership.sign import sign

app = App(name="ownership", help="Sign a ticket before its release, and find out whether a suspect comes from it.")
for command in (keygen, sign, inspect, verify, attack, audit):
    app.command(command)

"""Signs that eligibility texts use for a colon, a dash or a bullet, as members of a character class."""

COLON = ":\uff1a"
SEMICOLON = ";\uff1b"
DASH = "\\-\u2013\u2014"
APOSTROPHE = "'\u2019"
TIMES = "x\u00d7"
# Asterisk, dashes, plus, and the dots, squares, diamonds, arrows and ticks that word processors put before an item;
# the last three are Symbol's and Wingdings' bullets as they survive in exported text.
BULLET = (
    f"*{DASH}+\u2022\u00b7\u2023\u2043\u25aa\u25ab\u25cf\u25cb\u25e6\u25a0\u25a1\u25c6\u25c7\u27a2\u27a4\u2713\u2714"
    "\u25ba\u00a7\uf0b7\uf0a7\uf0d8"
)
EDGES = " :\uff1a-\u2013\u2014*_#\t\r\n"

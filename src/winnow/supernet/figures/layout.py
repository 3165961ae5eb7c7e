"""Where everything stands in the picture of an architecture: lanes for branches, columns from entrance to head.

One lane is 1 high, the highest resolution in lane 0; a block in a lane is 1 wide. No matplotlib here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from winnow.supernet.space import Architecture, BlockPlace, dense_architecture

Point = tuple[float, float]  # column, lane

_CROSSING, _GROWING = 2.0, 0.8  # columns that a block takes from lane to lane


@dataclass(frozen=True)
class Part:
    """A search block.

    Attributes:
        place: where it is in the network.
        start: where its input comes from.
        end: where its output goes to.
        widths: its units per kernel.
        dense: all units that it had in the supernet.
        tokens: that its token path has.
    """

    place: BlockPlace
    start: Point
    end: Point
    widths: tuple[int, ...]
    dense: int
    tokens: int

    @property
    def crosses(self) -> bool:
        """Whether it leads from one lane into another."""
        return self.start[1] != self.end[1]

    @property
    def shares(self) -> tuple[float, ...]:
        """Per kernel, its units over all that the block had."""
        return tuple(units / max(self.dense, 1) for units in self.widths)

    @property
    def empty(self) -> bool:
        """Whether only its shortcut is left."""
        return not any(self.widths)


@dataclass(frozen=True)
class Layout:
    """The whole picture.

    Attributes:
        parts: the search blocks, in the network's order.
        wires: lines without a block.
        sums: where several lines are added up.
        fixed: what search does not touch: word, and middle.
        bands: stages and head: word, first column, last column.
        exit: where the outputs are written.
        lanes: how many.
    """

    parts: tuple[Part, ...]
    wires: tuple[tuple[Point, Point], ...]
    sums: tuple[Point, ...]
    fixed: tuple[tuple[str, Point], ...]
    bands: tuple[tuple[str, float, float], ...]
    exit: Point
    lanes: int


def layout_of(architecture: Architecture) -> Layout:
    """Place the blocks of an architecture; the dense supernet of its space says how wide each once was."""
    draft = _Draft(architecture)
    draft.stem()
    for number in range(1, len(architecture.space.stages) + 1):
        draft.stage(number)
    draft.head()
    order = [place.name for place in architecture.places]
    return Layout(
        tuple(sorted(draft.parts, key=lambda part: order.index(part.place.name))),
        tuple(draft.wires),
        tuple(draft.sums),
        tuple(draft.fixed),
        tuple(draft.bands),
        draft.exit,
        len(architecture.space.stages[-1].channels),
    )


@dataclass
class _Draft:
    """What is placed so far, and in `tips` the column where each lane ends."""

    architecture: Architecture
    parts: list[Part] = field(default_factory=list)
    wires: list[tuple[Point, Point]] = field(default_factory=list)
    sums: list[Point] = field(default_factory=list)
    fixed: list[tuple[str, Point]] = field(default_factory=list)
    bands: list[tuple[str, float, float]] = field(default_factory=list)
    tips: dict[int, float] = field(default_factory=dict)
    exit: Point = (0.0, 0.0)

    def __post_init__(self) -> None:
        one = self.architecture
        dense = dense_architecture(one.space, one.task, one.outputs, one.input_size)
        rows = zip(one.places, one.widths, dense.widths, one.tokens, strict=True)
        self.known = {place.name: (place, widths, sum(most), tokens) for place, widths, most, tokens in rows}

    def stem(self) -> None:
        self.fixed_box("stem", 0, 0.0)

    def stage(self, number: int) -> None:
        first = self.front()
        self.fusion([place for place in self.of(number) if place.kind == "fuse"])
        for place in (place for place in self.of(number) if place.kind == "grow"):
            start = self.tips[place.source]
            self.cross(place, start, start + _GROWING)
            self.tips[place.target] = start + _GROWING
        rows = [place for place in self.of(number) if place.kind == "branch"]
        front = self.front()
        for lane in {place.target for place in rows}:
            self.extend(lane, front)
            for place in (place for place in rows if place.target == lane):
                self.box(place, self.tips[lane])
        self.bands.append((str(number), first, self.front()))

    def fusion(self, places: list[BlockPlace]) -> None:
        front = self.front()
        width = _CROSSING if any(place.source != place.target for place in places) else 1.0
        for lane in {place.source for place in places}:
            self.extend(lane, front)
        for place in places:
            if place.source == place.target:
                self.extend(place.target, front + (width - 1) / 2)
                self.box(place, self.tips[place.target])
                self.extend(place.target, front + width)
            else:
                self.cross(place, front, front + width)
        targets = [place.target for place in places]
        self.sums += [(front + width, float(lane)) for lane in sorted(set(targets)) if targets.count(lane) > 1]

    def head(self) -> None:
        first = self.front()
        for lane in self.tips:
            self.extend(lane, first)
        places = self.of(len(self.architecture.space.stages) + 1)
        merges = places[0].kind == "merge"
        self.merge(places[0], first) if merges else self.widen(places, first)
        lane = 0 if merges else max(self.tips)
        self.fixed_box("classifier", lane, self.tips[lane])
        self.exit = (self.tips[lane], float(lane))
        self.bands.append(("head", first, self.front()))

    def merge(self, place: BlockPlace, first: float) -> None:
        """All lanes are brought up to the first and put side by side."""
        for lane in sorted(self.tips)[1:]:
            self.wires.append(((first, float(lane)), (first, float(lane - 1))))
        self.box(place, first)

    def widen(self, places: list[BlockPlace], first: float) -> None:
        for place in (place for place in places if place.kind == "widen"):
            self.box(place, first)
        for place in (place for place in places if place.kind == "descend"):
            start = self.tips[place.source]
            self.cross(place, start, start + _GROWING)
            self.extend(place.target, start + _GROWING)
            self.sums.append((start + _GROWING, float(place.target)))
        lane = max(self.tips)
        self.fixed_box("final", lane, self.tips[lane])

    def of(self, stage: int) -> list[BlockPlace]:
        return [place for place, *_ in self.known.values() if place.stage == stage]

    def front(self) -> float:
        return max(self.tips.values())

    def extend(self, lane: int, to: float) -> None:
        if to > self.tips[lane]:
            self.wires.append(((self.tips[lane], float(lane)), (to, float(lane))))
            self.tips[lane] = to

    def box(self, place: BlockPlace, start: float) -> None:
        self.cross(place, start, start + 1)
        self.tips[place.target] = start + 1

    def cross(self, place: BlockPlace, start: float, end: float) -> None:
        _, widths, dense, tokens = self.known[place.name]
        ends = (start, float(place.source)), (end, float(place.target))
        self.parts.append(Part(place, *ends, widths, dense, tokens))

    def fixed_box(self, word: str, lane: int, start: float) -> None:
        middle = (start + 0.5, float(lane))
        self.fixed.append((word, middle))
        self.wires.append(((start, float(lane)) if lane in self.tips else middle, (start + 1, float(lane))))
        self.tips[lane] = start + 1

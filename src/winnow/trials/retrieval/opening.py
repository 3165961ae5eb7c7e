"""`open_chart`: notes chosen, cut into sentences and chunks, and what addresses a machine set aside."""

from __future__ import annotations

from datetime import date

from winnow.trials.patients import Note, NoteRules, Patient, select_notes
from winnow.trials.retrieval.chart import Chart
from winnow.trials.retrieval.chunks import chunks_of
from winnow.trials.retrieval.encoders import Encoder
from winnow.trials.retrieval.instructions import looks_like_instruction
from winnow.trials.retrieval.spans import Chunk, Sentence
from winnow.trials.retrieval.splitting import HEADER, MARKUP, Piece, split_text


def open_chart(
    patient: Patient, as_of: date | None = None, rules: NoteRules | None = None, encoder: Encoder | None = None
) -> Chart:
    """A patient's chart on a day, ready to be searched; nothing is encoded before the first search.

    Args:
        patient: whose chart.
        as_of: notes of later days are left out; None takes the last note's day.
        rules: which notes to keep; None takes `NoteRules()`.
        encoder: for the dense half of a search; None searches words alone.
    """
    selected = select_notes(patient, as_of, rules)
    notes = selected.notes
    sentences: list[Sentence] = []
    chunks: list[Chunk] = []
    flagged: list[Sentence] = []
    for note in notes:
        runs, suspect = _sentences(note)
        chunks += chunks_of(note, runs, len(sentences))
        sentences += [sentence for run in runs for sentence in run]
        flagged += suspect
    last = max((note.day for note in notes if note.day is not None), default=None)
    return Chart(
        patient, as_of or last, notes, tuple(sentences), tuple(chunks), tuple(flagged), encoder, selected.left_out
    )


def _sentences(note: Note) -> tuple[list[list[Sentence]], list[Sentence]]:
    """The note's sentences, parted at those that look like instructions, and these."""
    runs: list[list[Sentence]] = [[]]
    flagged: list[Sentence] = []
    for piece in split_text(note.text):
        if piece.role == MARKUP:
            continue
        sentence = _sentence(note, piece)
        if looks_like_instruction(sentence.text):
            flagged.append(sentence)
            runs.append([])
        elif piece.role != HEADER:
            runs[-1].append(sentence)
    return [run for run in runs if run], flagged


def _sentence(note: Note, piece: Piece) -> Sentence:
    # A header that gives orders names no section either: it would be searched with its chunk.
    section = "" if looks_like_instruction(piece.section) else piece.section
    return Sentence(
        note.note_id, piece.start, piece.end, note.text[piece.start : piece.end], section, note.day, note.kind
    )

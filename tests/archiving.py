"""Whole deliveries for tests: what a fetch would have archived, in one call.

Belongs here: how a delivery gets into the archive. Not here: what it holds.
"""

from k2025_pipeline.lake.archive import Archive, Delivery, Piece
from k2025_pipeline.pxweb.transport import Answer


def archived(
    archive: Archive, dataset: str, updated: str, question: str, answers: list[tuple[str, str, Answer]]
) -> Delivery:
    """Archive role, label and answer each, through the journal, and seal them."""
    journal = archive.begin(dataset, updated)
    pieces = []
    for number, (role, label, answer) in enumerate(answers):
        piece = Piece(role, label, f"{number}-{answer.request_key}")
        journal.keep(piece.key, answer)
        pieces.append(piece)
    return archive.seal(dataset, journal, updated, question, pieces)

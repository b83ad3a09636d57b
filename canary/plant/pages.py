"""The records of a page become the same records with the access's decoys in place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO, cast

from canary.model import Access, Placement
from canary.plant.faces import arranged
from canary.plant.live import LivePlanter
from canary.plant.placing import Draw, placement_salts, shared_salts
from canary.plant.planted import Planted, Shown
from canary.seed import Survey, survey

NAME = "records"
EMPTY = re.compile(rb"\s*\[\s*\]\s*")


@dataclass(frozen=True, slots=True)
class Page:
    """Seeded records: a JSON array, and which of them are decoys, by index, in the order of the array.

    `warnings` say what to know about the records, in words for whoever wires them in.
    """

    planted: Planted
    records: bytes
    placed: tuple[tuple[int, Shown], ...]
    warnings: tuple[str, ...] = ()


def seeded(
    planter: LivePlanter,
    draw: Draw,
    access: Access,
    records: bytes,
    *,
    fields: Mapping[str, str],
    texts: Sequence[str] = (),
) -> Page:
    """Plant an access and put its decoys among its records, a JSON array of objects in UTF-8.

    Every byte of the records stays as it was, and the same view gets the same page: that of `canary seed`.
    `fields` maps email, name, given and family to fields (dotted paths) where they are not found by name and
    content; `texts` are for the decoys' free text. An array without records shows nobody: the access is kept
    as bare. Raises DataError where the records are something else, nothing being planted, and what planting
    raises.
    """
    access = replace(access, employee=access.employee.strip(), record=access.record.strip())
    if access.bare or EMPTY.fullmatch(records):
        return Page(planter.plant(replace(access, bare=True)), records, ())
    surveyed = survey(
        cast("BinaryIO", BytesIO(records)),
        fmt="json",
        name=NAME,
        columns=fields,
        texts=texts,
        salts=placement_salts(draw, access),
        shared=shared_salts(draw, access.record, planter.shared_slots(access.record)),
    )
    return _written(planter, surveyed, planter.plant(access))


def _written(planter: LivePlanter, surveyed: Survey, planted: Planted) -> Page:
    """Return the page with the decoys in place, and note where they stand: nowhere, if it fails."""
    out = BytesIO()
    placements: Sequence[Placement] = ()
    try:
        kept = arranged(planter.store, surveyed, [each.decoy for each in planted.shown])
        seeding = surveyed.pour(out, kept)
        placements = seeding.placements
    finally:
        planter.place(planted.access.id, placements, all_of_them=not planted.duplicate)
    marked = {each.decoy.id: each for each in planted.shown}
    placed = sorted((each.position, marked[each.decoy.id]) for each in seeding.placements)
    warnings = dict.fromkeys((*surveyed.warnings, *seeding.warnings))
    return Page(planted, out.getvalue(), tuple(placed), tuple(warnings))

"""Decoys become an arrangement whose faces are kept: they look the same wherever they are seeded."""

from collections.abc import Sequence

from canary.errors import TemporaryError
from canary.model import Decoy
from canary.ports import FaceChange, Store
from canary.seed import Arrangement, Survey

TRIES = 5


def arranged(store: Store, surveyed: Survey, decoys: Sequence[Decoy]) -> Arrangement:
    """Return decoys in their places, once the store has how they look.

    What somebody else keeps of a decoy at the same instant goes before ours. Raises DataError as the survey
    does, StoreError, and TemporaryError where others change a face again and again.
    """
    faces = dict(store.faces([decoy.id for decoy in decoys]))
    for _ in range(TRIES):
        arrangement = surveyed.arrange(decoys, faces)
        if not arrangement.faces:
            return arrangement
        changes = {key: FaceChange(faces.get(key), face) for key, face in arrangement.faces.items()}
        kept = store.keep_faces(changes)
        if kept == arrangement.faces:
            return arrangement
        faces |= kept
    raise TemporaryError("the decoys are being seeded by others", hint="try again")

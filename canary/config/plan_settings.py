"""The settings of a plan, one row each: what `[plan.NAME]` may hold."""

from typing import Final

from canary.config import kinds
from canary.config.kinds import Kind, items_of
from canary.config.setting import Setting


def _patterns() -> Kind:
    def parse(value: object) -> tuple[str, ...]:
        found = tuple(items_of(value))
        if not found or not all(found):
            raise ValueError
        return found

    return Kind('a list of patterns of record names such as ["product:*"]', parse, items_of)


PLAN_SETTINGS: Final = (
    Setting(
        "plan.NAME.records",
        _patterns(),
        (),
        "Which records: patterns in which * stands for anything, ? for one character. A record's plan is the "
        "first that has one; a record without any gets what [mint] says, view-unique decoys alone.",
        example=("product:*", "reviews/*"),
    ),
    Setting(
        "plan.NAME.view_rate",
        kinds.number(0, 1),
        1.0,
        "The share of views that get view-unique decoys, so that a page without one is nothing unusual. "
        "Views of what is no person always get them.",
    ),
    Setting("plan.NAME.per_view", kinds.whole(1, 20), 1, "How many view-unique decoys such a view gets."),
    Setting(
        "plan.NAME.cap",
        kinds.whole(1, 50),
        5,
        "The most view-unique decoys that one employee is ever shown of one record.",
    ),
    Setting(
        "plan.NAME.stable",
        kinds.whole(0, 20),
        0,
        "How many record-stable decoys a record ends up with, the same for everybody who views it.",
    ),
    Setting(
        "plan.NAME.cohort",
        kinds.whole(0, 20),
        0,
        "How many cohort decoys it ends up with, each shown to a keyed half of the employees.",
    ),
    Setting(
        "plan.NAME.join_every",
        kinds.duration("1h", "3650d"),
        "30d",
        "The first of each are there from the first view on; one more joins every so often.",
    ),
    Setting(
        "plan.NAME.controls",
        kinds.whole(0, 1000),
        10,
        "How many controls are minted for every 1,000 decoys.",
    ),
)
BY_NAME: Final = {setting.name: setting for setting in PLAN_SETTINGS}

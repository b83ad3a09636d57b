"""What a team was told of an incident, what it is told now, and where that leads."""

from dataclasses import dataclass

from canary.model.incident import Incident


@dataclass(frozen=True, slots=True)
class Lead:
    """Whom the hits of an incident point to, and how probably.

    `employees` are those of the most probable explanation, none where that is chance or a bulk breach.
    """

    employees: tuple[str, ...] = ()
    probability: float = 0.0

    def beyond(self, threshold: float) -> bool:
        """Say whether it points to somebody, at least this probably."""
        return bool(self.employees) and self.probability >= threshold


NOBODY = Lead()


@dataclass(frozen=True, slots=True)
class Case:
    """The incidents that an alert is about, and what its channel was told of them before.

    `updates` counts the alerts that the channel was sent about them, `before` is whom the newest of those
    pointed to, and `thread` what the channel calls the first. An alert about several incidents, each of which
    was new when very many arose at once, is a `flood`.
    """

    incidents: tuple[Incident, ...]
    updates: int = 0
    before: Lead | None = None
    thread: str = ""
    flood: bool = False


@dataclass(frozen=True, slots=True)
class Briefing:
    """What is known of the incidents of an alert as it is told. All but names is our own words.

    `news` says how whom it points to has changed since the channel was told last, `said` whom it points to
    now; `rows` are the explanations with their probabilities, `checks` what would decide between them,
    `links` the incidents that have something in common, `interests` who wins by it or wrote.
    """

    lead: Lead = NOBODY
    news: str = ""
    said: str = ""
    rows: tuple[tuple[float, str], ...] = ()
    checks: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()

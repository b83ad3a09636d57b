"""How much is taken becomes what is taken of each page."""

from dataclasses import dataclass

from canary.errors import UsageError

MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Leak:
    """What an insider takes and somebody mails.

    A page is one record as one employee sees it: `page` addresses, decoys among them, of which the
    employee has had `looks` views (windows, not accesses). `size` addresses are taken: page after page,
    each whole and of the last what is missing; or, if `pages` is given, evenly from that many pages.
    Each is then mailed with chance `mailed` (0 to 1). Raises UsageError for what cannot be.
    """

    size: int
    page: int = 20
    mailed: float = 0.1
    looks: int = 1
    pages: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.page <= MOST:
            raise UsageError(f"a page of {self.page:,} addresses is none", hint=f"--page takes 1 to {MOST:,}")
        if not 0 <= self.mailed <= 1:
            raise UsageError(
                f"mailing {self.mailed:g} of a leak is no share of it",
                hint="--mailed takes 0 to 1, e.g. 0.1 for a tenth",
            )
        if not 1 <= self.looks <= 1000:  # noqa: PLR2004 - said in the hint
            raise UsageError(
                f"an employee cannot have had {self.looks} views", hint="--looks takes 1 to 1000"
            )
        if self.pages is not None and self.pages < 1:
            raise UsageError(f"a leak out of {self.pages} pages is none", hint="--pages takes 1 or more")
        if not 1 <= self.size <= MOST:
            raise UsageError(
                f"a leak of {self.size:,} addresses is none to plan for", hint=f"--leak takes 1 to {MOST:,}"
            )
        if self.pages is not None and self.size > self.pages * self.page:
            raise UsageError(
                f"a leak of {self.size:,} addresses is larger than the {self.pages * self.page:,} "
                f"that {self.pages:,} pages of {self.page:,} show",
                hint="raise --pages or --page, or leave --pages out: then as many pages as are needed",
            )

    def takes(self) -> tuple[tuple[int, int], ...]:
        """Return (pages, addresses taken of each of them)."""
        if self.pages is None:
            whole, rest = divmod(self.size, self.page)
            parts = ((whole, self.page), (1, rest))
        else:
            each, more = divmod(self.size, self.pages)
            parts = ((more, each + 1), (self.pages - more, each))
        return tuple((pages, taken) for pages, taken in parts if pages and taken)

    def page_count(self) -> int:
        """Return how many pages something is taken of."""
        return sum(pages for pages, _ in self.takes())

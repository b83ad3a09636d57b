"""The closed forms, against worlds that are played through and against what cannot be otherwise."""

import random
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary.errors import UsageError
from canary.odds.chance import chances, least_leak
from canary.odds.colleagues import Colleagues, _viewing
from canary.odds.layers import Layers
from canary.odds.leak import Leak
from canary.odds.outlook import spread

GAMES = 1000


def played(
    layers: Layers, leak: Leak, colleagues: Colleagues, insiders: int, luck: random.Random
) -> tuple[bool, bool]:
    """Play one leak, decoy by decoy and employee by employee; return whether it is seen, and attributed."""
    viewing = _viewing(colleagues.employees, colleagues.viewers, colleagues.skew)
    others = set(range(insiders, colleagues.employees))
    seen = named = False
    for pages, taken in leak.takes():
        for _ in range(pages):
            (view,) = luck.choices(viewing, [each**insiders for each in viewing])
            viewers = {each for each in others if luck.random() < view}
            page = page_of(layers, leak, insiders, luck)
            for kind in luck.sample(page, min(taken, len(page))):
                if kind == "real" or luck.random() >= leak.mailed:
                    continue
                seen = True
                named |= kind == "unique"
                others &= viewers
                if kind == "cohort":
                    others = {each for each in others if luck.random() < 0.5}
    return seen, named or (seen and not others)


def page_of(layers: Layers, leak: Leak, insiders: int, luck: random.Random) -> list[str]:
    """Return what the insiders can take of a page: what is left after they compared their screens."""
    unique = 0
    for _ in range(leak.looks):
        unique = min(layers.cap, unique + layers.per_view * (luck.random() < layers.view_rate))
    cohorts = [[luck.random() < 0.5 for _ in range(insiders)] for _ in range(layers.cohort)]
    shown = [members for members in cohorts if members[0]]
    page = ["stable"] * layers.stable + ["cohort"] * sum(map(all, shown))
    if insiders == 1:
        page += ["unique"] * unique
    return page + ["real"] * (leak.page - layers.stable - unique - len(shown))


@pytest.mark.parametrize("insiders", [1, 2, 3])
@pytest.mark.parametrize(
    ("layers", "leak", "colleagues"),
    [
        (Layers("views", 0.4, 2, 3), Leak(35, 10, 0.3, looks=2), Colleagues(6, 3.0, 0)),
        (Layers("stable", 0.2, 1, 5, 2), Leak(60, 12, 0.25), Colleagues(8, 4.0, 1.0)),
        (Layers("cohort", 0, 1, 5, 0, 4), Leak(40, 8, 0.5), Colleagues(5, 5.0, 0)),
        (Layers("all", 0.3, 1, 5, 1, 2), Leak(50, 9, 0.6, pages=8), Colleagues(12, 4.0, 1.5)),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_the_closed_form_is_what_playing_the_world_gives(
    layers: Layers, leak: Leak, colleagues: Colleagues, insiders: int
) -> None:
    luck = random.Random(f"{layers.name} {insiders}")  # noqa: S311 - a game
    games = [played(layers, leak, colleagues, insiders, luck) for _ in range(GAMES)]
    found = chances(layers, leak, colleagues, insiders)
    for place, chance in enumerate((found.seen, found.attributed)):
        rate = sum(game[place] for game in games) / GAMES
        assert abs(rate - chance) <= 4 * sqrt(chance * (1 - chance) / GAMES) + 1e-9


def test_a_page_by_hand() -> None:
    """One decoy among ten, half of them taken, half of those mailed: a quarter."""
    found = chances(Layers("one", 1.0), Leak(5, 10, 0.5), Colleagues())
    assert found.seen == found.attributed == pytest.approx(0.25)
    assert found.decoys == pytest.approx(0.5)
    assert found.hits == pytest.approx(0.25)


def test_the_measured_teams_are_met() -> None:
    """Twenty people who share records: 5 stable hits name a lone insider in 97 %, 8 in 100 % (README)."""
    stable = Layers("stable", 0.0, stable=1)
    for hits, least in ((5, 0.96), (8, 0.995)):
        for skew in (0.0, 1.0):
            found = chances(stable, Leak(20 * hits, 20, 1.0), Colleagues(20, 6.0, skew))
            assert least <= found.attributed <= 1
    assert chances(stable, Leak(600, 20, 1.0), Colleagues(20, 6.0), 2).attributed > 0.9995


def test_view_unique_decoys_alone_do_nothing_once_screens_are_compared() -> None:
    compared = chances(Layers("views"), Leak(10_000), Colleagues(), 2)
    assert (compared.seen, compared.attributed) == (0.0, 0.0)
    assert chances(Layers("stable", stable=1), Leak(10_000), Colleagues(), 2).attributed > 0.999


def test_who_is_the_only_one_is_named_by_any_hit_and_by_none_without_one() -> None:
    alone = chances(Layers("stable", 0.0, stable=1), Leak(20, 20, 0.5), Colleagues(1, 1.0))
    assert alone.seen == alone.attributed == pytest.approx(0.5)


def test_where_everybody_views_everything_only_cohorts_tell_people_apart() -> None:
    together = Colleagues(20, 20.0, 0)
    assert chances(Layers("stable", 0.0, stable=3), Leak(2000, 20, 1.0), together).attributed < 1e-9
    assert chances(Layers("cohort", 0.0, cohort=3), Leak(2000, 20, 1.0), together).attributed > 0.999


@settings(max_examples=20)
@given(
    st.builds(
        Layers,
        st.just("any"),
        st.sampled_from([0.0, 0.3, 1.0]),
        st.integers(1, 2),
        st.integers(1, 3),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    st.integers(1, 400),
    st.sampled_from([0.0, 0.01, 0.3, 1.0]),
    st.integers(4, 40),
    st.sampled_from([1.0, 2.5, 4.0]),
    st.integers(1, 3),
)
def test_chances_are_in_their_order(
    layers: Layers, size: int, mailed: float, employees: int, viewers: float, insiders: int
) -> None:
    """Attributed is seen first; a larger leak is worse hidden; more colleagues hide better."""
    leak, colleagues = Leak(size, 15, mailed), Colleagues(employees, viewers)
    found = chances(layers, leak, colleagues, insiders)
    larger = chances(layers, Leak(size + 7, 15, mailed), colleagues, insiders)
    tiny = 1e-12
    assert 0 <= found.attributed <= found.seen + tiny <= 1 + tiny
    assert found.seen <= larger.seen + tiny
    assert found.attributed <= larger.attributed + tiny


def test_five_hundred_colleagues_are_reckoned_without_losing_digits() -> None:
    """The sum alternates between terms of 10^149: what comes out must still be a chance that only grows."""
    layers, crowd = Layers("all", 0.3, stable=1, cohort=2), Colleagues(500, 30.0)
    found = [chances(layers, Leak(size), crowd, 2).attributed for size in (10, 100, 1000, 10_000)]
    assert found == sorted(found)
    assert 0 < found[0] < 0.01
    assert found[-1] > 0.999


def test_the_mean_number_of_viewers_is_the_one_that_was_given() -> None:
    viewing = _viewing(50, 12.5, 1.2)
    assert viewing == tuple(sorted(viewing, reverse=True))
    weight = sum(viewing)
    assert 1 + 49 * sum(each * each for each in viewing) / weight == pytest.approx(12.5)


def test_the_least_leak_is_the_first_that_reaches_the_share() -> None:
    layers, people = Layers("views"), Colleagues()

    def seen(leak: Leak) -> float:
        return chances(layers, leak, people).seen

    found = least_leak(seen, Leak(1), 0.95)
    assert found
    assert seen(Leak(found)) >= 0.95 > seen(Leak(found - 1))
    assert least_leak(seen, Leak(1, mailed=0.0), 0.95) is None
    assert least_leak(seen, Leak(1, 20, 0.1, pages=3), 0.95) is None


def test_sizes_to_draw_go_up_to_the_largest() -> None:
    sizes = spread(10_000)
    assert (sizes[0], sizes[-1]) == (1, 10_000)
    assert list(sizes) == sorted(set(sizes))


@pytest.mark.parametrize(
    ("make", "words", "hint"),
    [
        (lambda: Leak(500, 20, pages=10), "larger than the 200", "--pages"),
        (lambda: Leak(0), "a leak of 0", "--leak"),
        (lambda: Leak(5, mailed=1.5), "1.5", "--mailed"),
        (lambda: Leak(5, mailed=float("nan")), "nan", "--mailed"),
        (lambda: Leak(5, page=0), "page of 0", "--page"),
        (lambda: Leak(5, looks=0), "0 views", "--looks"),
        (lambda: Leak(5, pages=0), "0 pages", "--pages"),
        (lambda: Layers("x", 1.1), "1.1", "--view-rate"),
        (lambda: Layers("x", stable=-1), "-1", "--stable"),
        (lambda: Layers("x", per_view=21), "21", "--per-view"),
        (lambda: Colleagues(0), "0 employees", "--employees"),
        (lambda: Colleagues(5, 6), "6 viewers", "--viewers"),
        (lambda: Colleagues(5, 2, 9), "9", "--skew"),
        (lambda: chances(Layers("x", stable=4, cohort=4), Leak(1, 8), Colleagues()), "9 decoys", "--page"),
        (lambda: chances(Layers("x"), Leak(1), Colleagues(2, 2), 3), "3 insiders", "--insiders"),
    ],
)
def test_what_cannot_be_is_refused_with_the_option_to_change(make: object, words: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        make()  # type: ignore[operator]
    assert words in refused.value.message
    assert hint in refused.value.hint

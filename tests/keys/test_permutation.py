from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicence.keys.permutation import permute

SECRET = bytes(range(32))
SIZE = 131_072


@pytest.fixture(scope="module")
def places() -> list[int]:
    return [permute(SECRET, "lst_1", counter) for counter in range(SIZE)]


def test_every_place_of_a_whole_list_comes_exactly_once(places):
    assert sorted(places) == list(range(SIZE))


def test_the_places_do_not_follow_the_order_of_issuing(places):
    steps = [after - before for before, after in pairwise(places)]
    assert sum(abs(step) == 1 for step in steps) < 20
    assert max(Counter(steps).values()) < 12
    rising = sum(step > 0 for step in steps) / len(steps)
    assert 0.49 < rising < 0.51
    # Serial correlation of a shuffled list of this size stays within a few standard deviations of 1/sqrt(n).
    mean = (SIZE - 1) / 2
    covariance = sum((a - mean) * (b - mean) for a, b in pairwise(places)) / SIZE
    assert abs(covariance / ((SIZE**2 - 1) / 12)) < 0.015
    # Each sixteenth of the counters spreads evenly over the sixteenths of the list.
    for start in range(0, SIZE, SIZE // 16):
        hits = [0] * 16
        for place in places[start : start + SIZE // 16]:
            hits[place * 16 // SIZE] += 1
        assert all(400 < hit < 630 for hit in hits)


def test_the_permutation_is_fixed_for_ever():
    assert [permute(SECRET, "lst_1", counter) for counter in range(6)] == [93401, 13296, 27329, 31555, 45145, 43325]


def test_another_secret_list_or_size_gives_another_permutation(places):
    head = places[:200]
    for other in (
        [permute(SECRET, "lst_2", counter) for counter in range(200)],
        [permute(SECRET[::-1], "lst_1", counter) for counter in range(200)],
        [permute(SECRET, "lst_1", counter, SIZE - 1) for counter in range(200)],
    ):
        assert sum(a == b for a, b in zip(head, other, strict=True)) < 5


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.integers(1, 600))
def test_it_is_a_bijection_for_any_secret_list_and_size(secret, list_id, size):
    assert sorted(permute(secret, list_id, counter, size) for counter in range(size)) == list(range(size))


@pytest.mark.parametrize("counter", [-1, SIZE, SIZE + 1, 2**64])
def test_a_counter_beyond_the_list_is_never_wrapped_around(counter):
    with pytest.raises(ValueError):
        permute(SECRET, "lst_1", counter)

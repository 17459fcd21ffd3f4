import numpy as np

from nnstep.history import History
from nnstep.spikes import next_spike, previous_spike, spikes


def by_definition(losses: np.ndarray, i: int) -> bool:
    before = losses[max(0, i - 200) : i]
    before = before[np.isfinite(before)]
    if not np.isfinite(losses[i]):
        return True
    return len(before) >= 20 and bool(losses[i] > before.mean() + 5 * before.std() > 0)


def test_spikes_are_those_of_the_definition() -> None:
    losses = np.random.default_rng(2).exponential(0.02, 3000)
    losses[[100, 700, 701, 2500]] = 0.5, 2.0, 2.0, np.nan
    found = spikes(losses)
    np.testing.assert_array_equal(found, [by_definition(losses, i) for i in range(3000)])
    assert found[[100, 700, 2500]].all()


def test_a_small_bump_in_a_quiet_place_is_one_and_a_large_loss_among_large_ones_is_not() -> None:
    # of 0.01 and 0.03 in turn the mean is 0.02 and the deviation 0.01, so a spike lies above 0.07
    losses = np.tile([0.01, 0.03], 100)
    assert spikes(np.append(losses, 0.071))[-1] and not spikes(np.append(losses, 0.069))[-1]
    assert not spikes(np.full(500, 0.3)).any()
    assert not spikes(np.append(np.full(19, 0.01), 1.0)).any()
    assert spikes(np.append(np.full(20, 0.01), 1.0))[-1]


def test_look_ups_go_both_ways_also_past_the_stretches_that_they_take() -> None:
    losses = np.full(200_000, 0.1)
    places = [49_999, 50_001, 100_050, 199_999]
    losses[places] = 3.0
    assert [next_spike(losses, i) for i in (-1, 49_999, 50_001, 100_050, 199_999)] == [*places, None]
    assert [previous_spike(losses, i) for i in (200_000, 199_999, 100_050, 50_001, 49_999)] == [*places[::-1], None]
    history = History(np.arange(200_000), losses, np.zeros(200_000, bool), 60_000)
    assert history.next_spike(0) == 49_999 and history.previous_spike(60_000) == 50_001
    assert next_spike(np.zeros(0), -1) is None and previous_spike(np.zeros(0), 0) is None

"""Phases, rounds, sums and what each of a team does apart go on from what was done within them."""

import numpy as np
import pytest

from qres.measurement import journal_files
from qres.measurement.journal import Journal, opened_journal


def test_calls_of_another_phase_are_not_believed(tmp_path):
    """Interrupted in one phase; where another one is asked at its place, its calls are asked anew."""

    def ask(journal, name, answer, *, is_stopped=False):
        def make():
            (found,) = journal.keep("call", [], lambda: [np.array([answer])])
            if is_stopped:
                raise KeyboardInterrupt
            return float(found[0])

        return journal.phase(name, make)

    with pytest.raises(KeyboardInterrupt), opened_journal(tmp_path / "journal") as journal:
        ask(journal, "one", 1.0, is_stopped=True)
    with opened_journal(tmp_path / "journal") as journal:
        assert ask(journal, "other", 2.0) == 2.0


@pytest.mark.parametrize("stop", [0, 5, 17, 29])
def test_a_round_that_was_stopped_within_goes_on_from_its_last_call(tmp_path, monkeypatch, stop):
    """Six rounds of five calls; nothing that a call has answered is made again in its round."""
    made = []

    def work(journal, stop=None):
        walk = _Walk()

        def advance(number):
            total = 0.0
            for call in range(5):

                def make(call=call):
                    if 5 * number + call == stop:
                        raise KeyboardInterrupt
                    made.append(5 * number + call)
                    return [np.array([number + call / 7])]

                total += float(journal.keep("call", [], make)[0][0])
            walk.place += total
            walk.done = number + 1

        journal.loop("walk", [], 6, advance, walk)
        return walk.place

    monkeypatch.setattr(journal_files, "FLUSH_S", 0.0)
    folder = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt), opened_journal(folder) as journal:
        work(journal, stop)
    with opened_journal(folder) as journal:
        found = work(journal)
    assert made == list(range(30))
    assert found == work(Journal())


class _Walk:
    """A state of one number."""

    def __init__(self):
        self.place, self.done = 0.0, 0

    def pack(self, *, is_last):
        return [np.array([self.place])]

    def unpack(self, arrays):
        self.place = float(arrays[0][0])


@pytest.mark.parametrize("stop", range(4))
@pytest.mark.parametrize("has_lead", [False, True])
def test_a_sum_goes_on_from_its_last_part(tmp_path, monkeypatch, stop, has_lead):
    """Each process of a team has its own sum, under the name that the first one gives."""
    monkeypatch.setattr(journal_files, "FLUSH_S", 0.0)
    made = []

    def work(journal, stop=None):
        total = _Walk()

        def add(number):
            if number == stop:
                raise KeyboardInterrupt
            made.append(number)
            total.place += 1 / (number + 3)
            total.done = number + 1

        def finish():
            return [np.array([2 * total.place])]

        journal.add_up("before", [np.array([1.0])], 0, add, _Walk(), finish)
        (found,) = journal.add_up("sum", [np.array([7.0])], 4, add, total, finish)
        return float(found[0])

    def open_one():
        names = iter(["before.sum", "later.sum"])
        told = {"lead": lambda item: next(names) if isinstance(item, str) else None}
        return Journal(tmp_path, **(told if has_lead else {}))

    first = open_one()
    with pytest.raises(KeyboardInterrupt):
        work(first, stop)
    first.close()
    assert list(tmp_path.glob("*.sum"))
    assert work(open_one()) == 2 * (1 / 3 + 1 / 4 + 1 / 5 + 1 / 6)
    assert made == [0, 1, 2, 3]
    assert not list(tmp_path.glob("*.sum"))


@pytest.mark.parametrize("stop", [None, 4])
def test_what_a_process_does_apart_is_its_own(tmp_path, stop):
    """The first process stands elsewhere and has nothing to tell: what was kept apart is read back."""

    def lead(item):
        return "0.7" if isinstance(item, str) else None

    def work(journal, made, stop=None):
        def make(number):
            if number == stop:
                raise KeyboardInterrupt
            made.append(number)
            return [np.array([number])]

        journal.keep("before", [], lambda: make(0))
        with journal.apart("1-of-2"):
            found = [journal.keep("apart", [], lambda n=number: make(n)) for number in (1, 2)]
            journal.phase("inner", lambda: journal.keep("deep", [], lambda: make(3)) and 3)
            found.append(journal.keep("apart", [], lambda: make(4)))
        journal.keep("after", [], lambda: make(5))
        return [int(item[0][0]) for item in found]

    first, second = [], []
    journal = Journal(tmp_path, lead)
    if stop is None:
        work(journal, first)
    else:
        with pytest.raises(KeyboardInterrupt):
            work(journal, first, stop)
    journal.close()
    assert (tmp_path / "0.7.own-1-of-2").exists()
    assert work(Journal(tmp_path, lead), second) == [1, 2, 4]
    assert second == ([0, 5] if stop is None else [0, 4, 5])
    assert work(Journal(), third := []) == [1, 2, 4]
    assert third == [0, 1, 2, 3, 4, 5]

"""The event log: nothing is changed, nothing is missed."""

import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction

from history import kinds, readers
from history.kinds import NotAFact
from history.models import Event, ReaderFailure, ReaderPosition
from history.readers import Reader
from history.recording import record
from history.sequencing import number_events


@pytest.fixture(autouse=True)
def kind():
    kinds.register("test.happened", "what", "at")


def happened(what: str = "x") -> Event:
    return record("test.happened", subject=("test", 1), data={"what": what})


def reader(handle, batch=1) -> Reader:
    """A reader that begins at the start of the log."""
    ReaderPosition.objects.update_or_create(reader="test", defaults={"seq": 0})
    return Reader("test", handle, batch)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["UPDATE history_event SET kind = 'x'", "DELETE FROM history_event"]
)
def test_events_can_be_neither_changed_nor_deleted(statement):
    happened()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.django_db
def test_number_is_given_once():
    happened()
    assert number_events() == 1
    assert number_events() == 0

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(seq=99)


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["Anna Kowalska", "a b", {"nested": 1}, "x" * 65])
def test_free_text_is_no_fact(what):
    with pytest.raises(NotAFact):
        happened(what)


@pytest.mark.django_db
def test_unknown_kind_and_key_are_refused():
    with pytest.raises(NotAFact):
        record("test.unknown", subject=("test", 1))
    with pytest.raises(NotAFact):
        record("test.happened", subject=("test", 1), data={"other": 1})


@pytest.mark.django_db(transaction=True)
def test_two_late_commits_are_read_after_what_was_committed_before_them():
    """Ids 1 and 2 commit after id 3 was read; a reader of ids would have missed both."""
    seen: list[str] = []
    log = reader(lambda events: seen.extend(event.data["what"] for event in events))
    started = threading.Barrier(3)
    may_commit = threading.Event()

    def late(what: str) -> None:
        try:
            with transaction.atomic():
                happened(what)
                started.wait(timeout=10)
                may_commit.wait(timeout=10)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=late, args=(what,)) for what in ("late-1", "late-2")]
    for thread in threads:
        thread.start()
    started.wait(timeout=10)
    happened("early")
    number_events()
    readers.read(log)
    assert seen == ["early"]

    may_commit.set()
    for thread in threads:
        thread.join()
    number_events()
    readers.read(log)

    assert seen[0] == "early"
    assert sorted(seen[1:]) == ["late-1", "late-2"]
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]


@pytest.mark.django_db
def test_effects_and_position_move_together():
    def handle(events):
        happened("effect")
        raise RuntimeError("after the effect")

    happened("cause")
    number_events()

    assert readers.read(reader(handle)) == 0
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_event_that_fails_three_times_is_set_aside_and_can_be_run_again(monkeypatch):
    done: list[str] = []
    broken = True

    def handle(events):
        said = [event.data["what"] for event in events]
        if broken and "poison" in said:
            raise ValueError("cannot")
        done.extend(said)

    for what in ("before", "poison", "after"):
        happened(what)
    number_events()
    log = reader(handle, batch=10)
    monkeypatch.setitem(readers._readers, "test", log)

    for _attempt in range(readers.TRIES):
        readers.read(log)

    failure = ReaderFailure.objects.get(dead=True)
    assert failure.error == "ValueError: cannot"
    assert done == ["before", "after"]
    broken = False
    readers.run_again(failure)
    assert done == ["before", "after", "poison"]
    assert not ReaderFailure.objects.exists()

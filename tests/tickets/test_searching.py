"""The words of a text as the index holds them, and what a search for a word finds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.morphology import fold
from tests.factories import make_channel, make_incoming
from tickets import receiving, searching
from tickets.models import Message

_LINES = Path(__file__).with_name("word_forms.txt").read_text().splitlines()
PAIRS = [tuple(line.split()) for line in _LINES if not line.startswith("#")]


def _found(asked: str, text: str) -> bool:
    """Whether the word, in the middle of a search, fits the text."""
    words = {fold(asked), *searching.lemmas(asked, bare=True)}
    return bool(words & set(searching.terms(text)))


def test_words_are_found_by_their_lemmas():
    assert searching.terms("Zamówienia") == ["zamowienia", "zamowic", "zamowienie"]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_forms_of_one_word_find_each_other(pair):
    one, other = pair
    assert _found(one, other)
    assert _found(other, one)
    assert _found(fold(one), other), "asked without diacritics"
    assert _found(one, fold(other)), "written without diacritics"


def test_different_words_do_not_find_each_other():
    assert not _found("zamówienie", "reklamacja i zwrot pieniędzy")
    assert not _found("zapłaciłam", "było miło")


def test_what_is_no_word_of_a_language_has_no_lemma():
    coded = "aGVs" * 16

    assert searching.terms(f"{coded} 2026a") == [coded.lower(), "2026a"]


def test_parts_of_addresses_and_numbers_are_found():
    found = searching.terms("Zażółć: anna@sklep.example, PL-17/2026, 6812 0000 1234")

    assert {"anna@sklep.example", "anna", "sklep", "17", "pl-17/2026", "681200001234"} <= {*found}


@pytest.mark.django_db
def test_word_that_is_being_typed_finds_by_its_beginning():
    body = "Czekam na zamówienie od tygodnia."
    stored = receiving.receive(make_incoming(make_channel("email"), body_text=body))

    def search(text: str) -> list[Message]:
        return list(Message.objects.filter(search=searching.query(text)))

    assert search("zamów") == search("tygodni zamow") == search("tygodniem") == [stored]
    assert search("zamó tygodniem") == [], "only the last word is still being typed"


@pytest.mark.django_db
@given(text=st.text(max_size=60))
def test_any_input_is_a_search(text):
    query = searching.query(text)

    assert query is None or list(Message.objects.filter(search=query)) == []

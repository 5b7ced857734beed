"""The words of a text as the index holds them."""

from tickets import searching


def test_words_are_found_by_their_lemma():
    assert searching.terms("Zamówienia") == ["zamowienia", "zamowienie"]


def test_what_is_no_word_of_a_language_is_not_looked_up(monkeypatch):
    monkeypatch.setattr(searching, "_lemmatizer", lambda: None)
    coded = "aGVs" * 16

    assert searching.terms(f"{coded} 2026a www.sklep.example/x") == [
        coded.lower(),
        "2026a",
        "www.sklep.example/x",
    ]

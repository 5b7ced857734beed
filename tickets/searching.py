"""Search text: folded and lemmatised in Python, so that PostgreSQL needs no extension.

The index holds each word folded (without diacritics), the folded lemmas that it may stand for
("zamówień" is of "zamówienie" and of "zamówić"), and the parts of addresses and numbers. Whole
words and prefixes of words are found; what stands inside a word is not.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, TextField, Value

from helpdesk import morphology
from helpdesk.morphology import fold

_WORD = re.compile(r"[^\W_]+(?:[./@\-][^\W_]+)*")
_JOINT = re.compile(r"[./@\-]")
# A parcel or account number as people write it: "6812 0000 1234 5678".
_SPACED_NUMBER = re.compile(r"(?<!\w)\d+(?:[ \u00a0]\d+)+(?!\w)")
# PostgreSQL refuses a lexeme over 2,046 bytes; nobody looks for such a word.
_LONGEST_WORD = 64
# What may be a word of a language; keys, numbers and coded files have no lemma.
_NATURAL = re.compile(r"[^\W\d_]{2,24}\Z")
_MOST_CHARACTERS = 200_000
_MOST_TERMS = 20


def terms(text: str) -> list[str]:
    """The words of a text as the index holds them: each folded, its lemmas, its parts."""
    text = text[:_MOST_CHARACTERS]
    bare = not morphology.has_diacritics(text)
    found: dict[str, None] = {}
    for word in _words(text):
        found[fold(word)] = None
        found.update(dict.fromkeys(lemmas(word, bare=bare)))
    return list(found)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match[0].lower()[:_LONGEST_WORD]
        yield word
        if _JOINT.search(word):
            yield from (part for part in _JOINT.split(word) if len(part) > 1)
    for match in _SPACED_NUMBER.finditer(text):
        yield re.sub(r"\D", "", match[0])[:_LONGEST_WORD]


def vector(*texts: str) -> Func:
    """What the database writes into `Message.search` to find these texts (body, subject, name).

    It belongs into the message's own INSERT: a later UPDATE would write every index again.
    """
    words = " ".join(terms(" ".join(texts))).split()
    return Func(Value(words, output_field=ArrayField(TextField())), function="array_to_tsvector")


class Query(SearchQuery):
    """A query of words as the index holds them: PostgreSQL's own parser would cut addresses up."""

    SEARCH_TYPES = {"lexemes": ""}
    template = "%(expressions)s::tsquery"


def query(text: str) -> Query | None:
    """All words must be there, the last one as a prefix; None where the text has no word."""
    words = _asked(text)
    parts = []
    for place, word in enumerate(words, start=1):
        prefix = ":*" if place == len(words) else ""
        forms = [f"'{fold(word)}'{prefix}", *(f"'{lemma}'" for lemma in lemmas(word, bare=True))]
        parts.append(f"({' | '.join(forms)})")
    return Query(" & ".join(parts), search_type="lexemes") if parts else None


def _asked(text: str) -> list[str]:
    return [word.lower()[:_LONGEST_WORD] for word in _WORD.findall(text)[:_MOST_TERMS]]


def matcher(text: str) -> Callable[[str], bool]:
    """Tells whether a word of a found text is one of those that were looked for."""
    words = _asked(text)
    asked = {form for word in words for form in (fold(word), *lemmas(word, bare=True))}
    beginning = fold(words[-1]) if words else "\0"

    def fits(word: str) -> bool:
        folded = fold(word)
        own = {folded, *lemmas(word.lower(), bare=False)}
        return folded.startswith(beginning) or not asked.isdisjoint(own)

    return fits


def words_of(text: str) -> Iterator[re.Match[str]]:
    """The words of a text where they stand in it."""
    return _WORD.finditer(text)


def warm() -> None:
    """Load the dictionary, so that processes that are copied from this one share it."""
    lemmas("zamówienie", bare=False)


@lru_cache(maxsize=50_000)
def lemmas(word: str, *, bare: bool) -> tuple[str, ...]:
    """The folded lemmas that a lower-case word may stand for; none where it is no Polish word.

    `bare` tries to put diacritics back first: who writes "zamowien" means "zamówień".
    """
    if not _NATURAL.match(word):
        return ()
    forms = morphology.with_diacritics(word) if bare else [word]
    found = [fold(lemma) for form in forms for lemma in morphology.lemmas(form)]
    return tuple(dict.fromkeys(found))

"""Search text: folded and lemmatised in Python, so that PostgreSQL needs no extension.

The index holds each word folded (without diacritics), the folded lemmas that it may stand for
("zamówień" is of "zamówienie" and of "zamówić"), and the parts of addresses and numbers. Whole
words and prefixes of words are found; what stands inside a word is not.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import product
from math import prod

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, TextField, Value
from morfeusz2 import Morfeusz

_WORD = re.compile(r"[^\W_]+(?:[./@\-][^\W_]+)*")
_JOINT = re.compile(r"[./@\-]")
# A parcel or account number as people write it: "6812 0000 1234 5678".
_SPACED_NUMBER = re.compile(r"(?<!\w)\d+(?:[ \u00a0]\d+)+(?!\w)")
_STROKE = str.maketrans("łŁøØđĐ", "lLoOdD")
_POLISH = re.compile("[ąćęłńóśźż]", re.IGNORECASE)
_RESTORED = {
    "a": "aą", "c": "cć", "e": "eę", "l": "lł", "n": "nń", "o": "oó", "s": "sś", "z": "zżź",
}  # fmt: skip
_SOFT = str.maketrans("", "", "ćńśź")
_VOWELS = set("aeiouy")
_DIGRAPHS = {"sz", "cz", "rz", "ch"}
# Ways to put diacritics back that are tried: a few milliseconds at the most, once for a word.
_MOST_WAYS = 256
# PostgreSQL refuses a lexeme over 2,046 bytes; nobody looks for such a word.
_LONGEST_WORD = 64
# What may be a word of a language; keys, numbers and coded files have no lemma.
_NATURAL = re.compile(r"[^\W\d_]{2,24}\Z")
_MOST_CHARACTERS = 200_000
_MOST_TERMS = 20


def fold(text: str) -> str:
    """Lower case without diacritics: "Zażółć" -> "zazolc"."""
    plain = unicodedata.normalize("NFKD", text.translate(_STROKE))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


def terms(text: str) -> list[str]:
    """The words of a text as the index holds them: each folded, its lemmas, its parts."""
    text = text[:_MOST_CHARACTERS]
    bare = not _POLISH.search(text)
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
    forms = _with_diacritics(word) if bare else [word]
    return tuple(dict.fromkeys(lemma for form in forms for lemma in _known_lemmas(form)))


def _known_lemmas(word: str) -> list[str]:
    """Of "zapłaciłam" the dictionary gives "zapłacić" and, from its ending, "być": the first."""
    return [
        fold(lemma.partition(":")[0])
        for start, _end, (_form, lemma, tag, _names, _labels) in _dictionary().analyse(word)
        if start == 0 and tag != "ign"
    ]


def _with_diacritics(word: str) -> Iterator[str]:
    """The word, and what it may be with diacritics; a word that has some is meant as it stands."""
    choices = [_letters(*three) for three in zip(" " + word, word, word[1:] + " ", strict=False)]
    if _POLISH.search(word) or prod(map(len, choices)) > _MOST_WAYS:
        yield word
    else:
        yield from map("".join, product(*choices))


def _letters(before: str, letter: str, after: str) -> str:
    """What a bare letter may stand for, by the rules of Polish spelling."""
    if before + letter in _DIGRAPHS or letter + after in _DIGRAPHS:
        return letter
    restored = _RESTORED.get(letter, letter)
    # Before a vowel the soft sounds are written with "i".
    return restored.translate(_SOFT) if after in _VOWELS else restored


@cache
def _dictionary() -> Morfeusz:
    """The dictionary of Polish word forms: 48 MB, 20 microseconds for a new word."""
    return Morfeusz()

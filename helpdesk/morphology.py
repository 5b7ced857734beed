"""Polish word forms, from the dictionary SGJP by Morfeusz 2: lemmas, and names in the vocative."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from math import prod
from typing import Literal

from morfeusz2 import Morfeusz

_POLISH = re.compile("[ąćęłńóśźż]", re.IGNORECASE)
_STROKE = str.maketrans("łŁøØđĐ", "lLoOdD")
_RESTORED = {
    "a": "aą", "c": "cć", "e": "eę", "l": "lł", "n": "nń", "o": "oó", "s": "sś", "z": "zżź",
}  # fmt: skip
_SOFT = str.maketrans("", "", "ćńśź")
_VOWELS = set("aeiouy")
_DIGRAPHS = {"sz", "cz", "rz", "ch"}
# Ways to put diacritics back that are tried: a few milliseconds at the most, once for a word.
_MOST_WAYS = 256
_FIRST_NAME = "imię"

Gender = Literal["f", "m"]


def fold(text: str) -> str:
    """Lower case without diacritics: "Zażółć" -> "zazolc"."""
    plain = unicodedata.normalize("NFKD", text.translate(_STROKE))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


def has_diacritics(text: str) -> bool:
    return bool(_POLISH.search(text))


def lemmas(word: str) -> list[str]:
    """The lemmas of a form: of the first part where it has several ("zapłaciła" + "m")."""
    return [
        lemma.partition(":")[0]
        for start, _end, (_form, lemma, tag, _names, _labels) in _dictionary().analyse(word)
        if start == 0 and tag != "ign"
    ]


def with_diacritics(word: str) -> Iterator[str]:
    """The word, and what it may be with diacritics; a word that has some is meant as it stands."""
    choices = [_letters(*three) for three in zip(" " + word, word, word[1:] + " ", strict=False)]
    if has_diacritics(word) or prod(map(len, choices)) > _MOST_WAYS:
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


@lru_cache(maxsize=5_000)
def vocative(first_name: str) -> tuple[str, Gender] | None:
    """How one addresses a bearer of this name: "Marek" is ("Marku", "m").

    None where the dictionary does not know it as the first name of women or of men alone, or
    where it was written without its diacritics and could be several.
    """
    written = first_name.strip().capitalize()
    forms = {_capital(form) for form in with_diacritics(written.lower())}
    found = {answer for form in forms if (answer := _vocative(form))}
    return found.pop() if len(found) == 1 else None


def _vocative(name: str) -> tuple[str, Gender] | None:
    genders: set[Gender] = set()
    for _start, _end, (_form, _lemma, tag, kinds, _labels) in _dictionary().analyse(name):
        cases, _colon, gender = tag.removeprefix("subst:").rpartition(":")
        if _FIRST_NAME in kinds and "nom" in cases and "sg" in cases:
            genders.add("f" if gender == "f" else "m")
    if len(genders) != 1:
        return None
    for form, lemma, tag, kinds, _labels in _dictionary().generate(name):
        if _FIRST_NAME in kinds and lemma.partition(":")[0] == name and _is_vocative(tag):
            return form, genders.pop()
    return None


def _is_vocative(tag: str) -> bool:
    part, number, cases, *_gender = [*tag.split(":"), "", "", ""]
    return part == "subst" and "sg" in number.split(".") and "voc" in cases.split(".")


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


@cache
def _dictionary() -> Morfeusz:
    """52 MB, 20 microseconds for a new word."""
    return Morfeusz()

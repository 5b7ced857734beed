"""Polish alphabetical order, made in Python: the database has no Polish collation."""

import unicodedata

from django.utils.text import slugify

# "q", "v" and "x" stand in no Polish word, but in names.
_ALPHABET = "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż"
# The letters become consecutive characters from "a" on, in the order of the alphabet.
_PLACES = {letter: chr(ord("a") + place) for place, letter in enumerate(_ALPHABET)}


def sort_key(text: str) -> str:
    """A key whose byte order is the order of a Polish dictionary; case plays no part.

    Foreign letters with marks sort as the letter without them (ü as u).
    """
    composed = unicodedata.normalize("NFC", text.casefold())
    return "".join(_place(character) for character in composed).strip()


def _place(character: str) -> str:
    if character in _PLACES:
        return _PLACES[character]
    plain = unicodedata.normalize("NFD", character)[0]
    if plain in _PLACES:
        return _PLACES[plain]
    return character if character.isdigit() else " "


def slug(text: str) -> str:
    """`Zwroty łódzkie` is `zwroty-lodzkie`; '' where nothing of the text can stand in one."""
    # "ł" is a letter of its own to Unicode, and would be dropped.
    return slugify(text.translate({ord("ł"): "l", ord("Ł"): "L"}))

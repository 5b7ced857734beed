"""Invented people, by Polish first names and surnames."""

import unicodedata
from dataclasses import dataclass
from random import Random

_WOMEN = """
    Anna Katarzyna Maria Małgorzata Agnieszka Barbara Ewa Krystyna Magdalena Joanna Aleksandra
    Zofia Monika Teresa Danuta Natalia Karolina Marta Julia Beata Dorota Alicja Weronika Wiktoria
    Iwona Justyna Paulina Elżbieta Żaneta Oliwia
"""
_MEN = """
    Piotr Krzysztof Andrzej Tomasz Jan Paweł Michał Marcin Jakub Adam Łukasz Marek Grzegorz
    Mateusz Wojciech Mariusz Dariusz Zbigniew Jerzy Maciej Rafał Robert Kamil Szymon Dawid Bartosz
    Józef Jacek Sławomir Kacper
"""
# Surnames in -ski, -cki and -dzki have a feminine form; the others do not change.
_SURNAMES = """
    Kowalski Wiśniewski Kamiński Lewandowski Zieliński Szymański Dąbrowski Kozłowski Jankowski
    Mazurski Wojciechowski Kwiatkowski Piotrowski Grabowski Pawłowski Zawadzki Michalski Król
    Nowak Wójcik Woźniak Kaczmarek Mazur Krawczyk Wieczorek Wróbel Stępień Malinowski Dudek Pawlak
    Sikora Walczak Baran Szewczyk Tomaszewski Pietrzak Marciniak Wróblewski Zalewski Jakubowski
    Jasiński Zając Sadowski Bąk Chmielewski Włodarczyk Borkowski Czarnecki Sawicki
"""
_DOMAINS = ("poczta.example", "skrzynka.example", "mail.example.org", "firma.example.com")
_STROKES = str.maketrans("łŁ", "lL")


@dataclass(frozen=True)
class Person:
    first_name: str
    surname: str
    email: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.surname}"


def person(random: Random, mark: str) -> Person:
    """An invented person; `mark` keeps addresses apart."""
    woman = random.random() < 0.58
    first_name = random.choice((_WOMEN if woman else _MEN).split())
    surname = random.choice(_SURNAMES.split())
    if woman and surname.endswith("ki"):
        surname = f"{surname[:-1]}a"
    local = f"{_plain(first_name)}.{_plain(surname)}{mark}"
    return Person(first_name, surname, f"{local}@{random.choice(_DOMAINS)}")


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.translate(_STROKES).lower())
    return "".join(letter for letter in decomposed if letter.isalpha())

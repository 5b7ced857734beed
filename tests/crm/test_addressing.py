"""A letter addresses its reader as a Pole would, or not by name at all."""

import pytest

from crm import addressing
from crm.models import Customer


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Katarzyna Nowak", "Pani Katarzyno"),
        ("Marek Wójcik", "Panie Marku"),
        ("TOMASZ KOWALSKI", "Panie Tomaszu"),
        ("anna maria wesołowska", "Pani Anno"),
        ("Kasia Lis", "Pani Kasiu"),
        ("Kuba Wąs", "Panie Kubo"),
        ("Piotr Nowak", "Panie Piotrze"),
        ("Wojciech Zając", "Panie Wojciechu"),
        ("Jerzy Buk", "Panie Jerzy"),
        ("Malgorzata Nowak", "Pani Małgorzato"),
        ("Michal Nowak", "Panie Michale"),
        ("Łukasz Nowak", "Panie Łukaszu"),
        ("Beatrice Rossi", "Pani Beatrice"),
        # Nobody can say, so nothing is said.
        ("Alex Smith", ""),
        ("Xyzzy Nowak", ""),
        ("ACME sp. z o.o. Hurtownia", ""),
        ("Katarzyna", ""),
        ("", ""),
    ],
)
def test_salutation_is_correct_polish_or_nothing(name, said):
    assert addressing.salutation(Customer(name=name)) == said


def test_what_an_agent_wrote_wins():
    customer = Customer(name="Katarzyna Nowak", form_of_address="Szanowna Pani Doktor")

    assert addressing.salutation(customer) == "Szanowna Pani Doktor"


def test_known_first_name_needs_no_surname():
    assert addressing.salutation(Customer(name="K.N.", first_name="Ewa")) == "Pani Ewo"


def test_letters_in_other_languages_have_none():
    assert addressing.salutation(Customer(name="Anna Schmidt", language="de")) == ""

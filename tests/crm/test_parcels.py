"""Parcel numbers in what people write; bank accounts and telephones are none."""

import json
import time
from pathlib import Path

import pytest

from crm import parcels

PATTERNS = json.loads((Path(__file__).parent / "fixtures" / "tracking-patterns.json").read_text())


@pytest.mark.parametrize("case", PATTERNS["cases"], ids=lambda case: case["text"])
def test_numbers_are_recognised(case):
    found = [[parcel.carrier, parcel.number] for parcel in parcels.recognised(case["text"])]

    assert found == case["expect"]


@pytest.mark.parametrize("text", PATTERNS["negatives"])
def test_other_numbers_are_none(text):
    assert parcels.recognised(text) == []


@pytest.mark.parametrize(
    ("carrier", "page"),
    [
        ("inpost", "https://inpost.pl/sledzenie-przesylek?number=1%2F2"),
        ("dpd", "https://tracktrace.dpd.com.pl/parcelDetails?p1=1%2F2"),
        ("unheard-of", "https://t.17track.net/pl#nums=1%2F2"),
        ("own", ""),
    ],
)
def test_parcels_have_a_page(carrier, page):
    assert parcels.tracking_url(carrier, "1/2") == page


def test_a_dpd_barcode_has_a_check_character():
    # ISO 7064, Mod 37,36 over 27 digits.
    assert parcels.recognised("009811550102301234567803616") == []
    good = [
        number
        for check in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for number in parcels.recognised(f"00981155010230123456780361{check}0")
    ]
    assert all(parcel.carrier == "dpd" for parcel in good)


def test_short_numbers_are_candidates_for_known_shipments():
    text = "GLS 12345678901 albo 7101 0000 0001 23, mail anna12345678@example.com"

    assert parcels.candidates(text) == {"12345678901", "71010000000123"}


@pytest.mark.parametrize(
    "text", ["1 " * 20_000, "1" * 30_000 + "A", "a@" * 15_000, "1-" * 15_000, "A1" * 15_000]
)
def test_hostile_text_costs_nothing(text):
    began = time.perf_counter()

    parcels.recognised(text)
    parcels.candidates(text)

    assert time.perf_counter() - began < 2

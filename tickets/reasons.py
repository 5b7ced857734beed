"""Why do customers write? The usual contact reasons of Polish shops, and a guess from the text.

Stems stand for the beginnings of words, folded: "zwroc" is in "zwrócić" and "zwrocilem". The first
reason of the list that has a stem in the text is the guess, so the order decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction

from accounts import audit
from accounts.models import User
from helpdesk.morphology import fold
from tickets.models import Message, Reason, Ticket

_MOST_CHARACTERS = 4_000


@dataclass(frozen=True)
class Usual:
    """A reason that most shops know; `weak` stems count where no other reason is found."""

    slug: str
    name: str
    stems: Sequence[str]
    weak: Sequence[str] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return _beginnings(self.stems)

    @cached_property
    def weak_pattern(self) -> re.Pattern[str]:
        return _beginnings(self.weak)


def _beginnings(stems: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, stems)) or '(?!)'})")


USUAL = (
    Usual(
        "gdpr",
        "Dane osobowe / wypis",
        [
            "rodo",
            "usunac dane",
            "usuniecie danych",
            "usunac moje dane",
            "usuniecie moich danych",
            "moich danych",
            "dane osobow",
            "wypis",
            "newsletter",
            "cofam zgod",
        ],
    ),
    Usual(
        "complaint",
        "Reklamacja",
        ["reklam", "wad", "zepsu", "przestal dziala", "gwaranc", "niezgodn", "rozkleil"],
        ["nie dziala"],
    ),
    Usual(
        "damaged_in_transit",
        "Uszkodzona przesyłka",
        [
            "rozerwan",
            "zgniecion",
            "stluczon",
            "uszkodzona paczk",
            "uszkodzona przesylk",
            "protokol szkody",
        ],
    ),
    Usual(
        "wrong_item",
        "Pomyłka w zamówieniu",
        [
            "inny produkt",
            "inny rozmiar",
            "inny kolor",
            "zly rozmiar",
            "zly kolor",
            "pomylk",
            "zamiast",
        ],
    ),
    Usual(
        "missing_item",
        "Brak w przesyłce",
        ["brakuje", "brak w paczce", "nie ma w paczce", "niekompletn"],
    ),
    Usual(
        "return_status",
        "Kiedy zwrot pieniędzy?",
        [
            "zwrot pieni",
            "zwrot srodk",
            "gdzie pieniadze",
            "kiedy przelew",
            "na konto",
            "srodkow na konc",
        ],
    ),
    Usual("exchange", "Wymiana", ["wymian", "wymien", "na wiekszy", "na mniejszy"]),
    Usual("return", "Zwrot / odstąpienie", ["zwroc", "zwrot", "odesl", "odstap", "odstep"]),
    Usual("cancel", "Anulowanie zamówienia", ["anul", "rezygn", "odwolac zamow"]),
    Usual(
        "change_address",
        "Zmiana adresu / Paczkomatu",
        [
            "zmiana adres",
            "zmienic adres",
            "inny adres",
            "zly paczkomat",
            "zmienic paczkomat",
            "zmiana paczkomat",
            "punkt odbioru",
        ],
    ),
    Usual(
        "change_order",
        "Zmiana zamówienia",
        ["zmienic produkt", "dodac do zamow", "domowic", "polaczyc zamow"],
    ),
    Usual(
        "payment",
        "Problem z płatnością",
        ["platnos", "zaplac", "blik", "nieoplac", "pobralo srodki"],
    ),
    Usual("invoice", "Faktura / paragon", ["faktur", "paragon", "nip", "ksef", "korekt"]),
    Usual(
        "discount",
        "Rabat / kod / promocja",
        ["kod rabat", "rabat", "promocj", "znizk", "kupon", "voucher"],
    ),
    Usual(
        "loyalty_giftcard",
        "Punkty, karta podarunkowa",
        ["punkty", "program lojaln", "karta podarunkow", "karte podarunkow"],
    ),
    Usual(
        "account_login", "Konto i logowanie", ["zalog", "haslo", "hasla", "rejestrac", "moje konto"]
    ),
    Usual(
        "not_delivered_marked",
        "Doręczona, a nie mam",
        ["doreczon", "nie dostal", "nie otrzymal", "ktos odebral"],
    ),
    Usual("delay", "Opóźnienie", ["opoznien", "mialo byc", "miala byc", "ile jeszcze"]),
    Usual(
        "wismo",
        "Gdzie jest moja paczka?",
        [
            "gdzie jest",
            "kiedy dotrze",
            "kiedy dojdzie",
            "sledz",
            "list przewozow",
            "numer przesylki",
        ],
    ),
    Usual(
        "order_status",
        "Status zamówienia",
        ["status zamow", "etap", "czy zostalo wyslane", "zamowienie zostalo", "realizacj"],
    ),
    Usual("size", "Rozmiar", ["jaki rozmiar", "tabela rozmiar", "obwod", "centymetr"]),
    Usual("availability", "Dostępność", ["dostepn", "na stanie", "powiadom"]),
    Usual(
        "delivery_info",
        "Koszt i sposób dostawy",
        [
            "koszt dostaw",
            "ile kosztuje dostawa",
            "wysylacie",
            "za granic",
            "odbior osobist",
            "darmowa dostawa",
        ],
    ),
    Usual(
        "product_question",
        "Pytanie o produkt",
        [
            "czy pasuje",
            "pasuje do",
            "material",
            "sklad",
            "wymiar",
            "parametr",
            "instrukcj",
            "z czego",
        ],
    ),
    Usual(
        "praise_complaint_service",
        "Opinia, pochwała, skarga na obsługę",
        ["dzieku", "polecam", "skandal", "skarg", "nikt nie odpisuje"],
    ),
)


def guessed(text: str) -> str | None:
    """The slug of the reason that the text speaks of, or None."""
    folded = " ".join(fold(text[:_MOST_CHARACTERS]).split())
    sure = (usual.slug for usual in USUAL if usual.pattern.search(folded))
    weak = (usual.slug for usual in USUAL if usual.weak_pattern.search(folded))
    return next(sure, None) or next(weak, None)


def suggested(ticket: Ticket) -> Reason | None:
    """A reason to offer for a ticket that has none, by the first thing that the customer wrote."""
    if ticket.reason_id is not None:
        return None
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, automatic=False)
    first = inbound.order_by("occurred_at", "pk").first()
    slug = first and guessed(f"{first.subject}\n{first.reply_text or first.body_text}")
    return Reason.objects.filter(slug=slug, active=True).first() if slug else None


@transaction.atomic
def add_usual(*, by: User | None) -> int:
    """Add those of the usual reasons that are not there yet; returns how many."""
    known = set(Reason.objects.values_list("slug", flat=True))
    fresh = [Reason(slug=one.slug, name=one.name) for one in USUAL if one.slug not in known]
    for reason in Reason.objects.bulk_create(fresh):
        audit.record("reason.created", by=by, on=reason, after={"name": reason.name})
    return len(fresh)

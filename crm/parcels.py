"""Parcel numbers: whose they are, how they are checked, where they can be followed.

Where a carrier publishes no check digit, the form alone decides; shorter numbers are never certain.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

_NAMES = {
    "inpost": "InPost",
    "dpd": "DPD",
    "dhl": "DHL",
    "poczta": "Poczta Polska",
    "pocztex": "Pocztex",
    "gls": "GLS",
    "ups": "UPS",
    "fedex": "FedEx",
    "orlen": "Orlen Paczka",
    "allegro": "Allegro One",
    "packeta": "Packeta",
}
_PAGES = {
    "inpost": "https://inpost.pl/sledzenie-przesylek?number={}",
    "dpd": "https://tracktrace.dpd.com.pl/parcelDetails?p1={}",
    "dhl": "https://www.dhl.com/pl-pl/home/tracking.html?tracking-id={}",
    "poczta": "https://emonitoring.poczta-polska.pl/?numer={}",
    "pocztex": "https://emonitoring.poczta-polska.pl/?numer={}",
    "gls": "https://gls-group.eu/PL/pl/sledzenie-paczek?match={}",
    "ups": "https://www.ups.com/track?loc=pl_PL&tracknum={}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "orlen": "https://www.orlenpaczka.pl/sledz-paczke/?numer={}",
    "allegro": "https://allegro.pl/allegrodelivery/sledzenie-paczki?numer={}",
    "packeta": "https://tracking.packeta.com/pl/?id={}",
}
_ANY_CARRIER = "https://t.17track.net/pl#nums={}"
# Carriers whose parcels nobody can follow on a page: the shop's own van, personal pickup.
_UNTRACKED = {"own", "pickup"}

_HOSTS = {
    "inpost.pl": "inpost",
    "tracktrace.dpd.com.pl": "dpd",
    "dhl.com": "dhl",
    "sprawdz.dhl.com.pl": "dhl",
    "emonitoring.poczta-polska.pl": "poczta",
    "gls-group.eu": "gls",
    "ups.com": "ups",
    "fedex.com": "fedex",
    "orlenpaczka.pl": "orlen",
    "nadaj.orlenpaczka.pl": "orlen",
    "tracking.packeta.com": "packeta",
}
_PARAMETERS = {
    "number",
    "numer",
    "p1",
    "q",
    "tracking-id",
    "sn",
    "match",
    "tracknum",
    "trknbr",
    "id",
}

_MOST_CHARACTERS = 30_000
_LINK = re.compile(r"https?://[^\s<>\"']{4,500}")
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_NUMBER = re.compile(r"[0-9A-Z\-]{8,40}\Z", re.ASCII)
# What may be a number at all: letters and digits in one piece, with a digit among them.
_TOKEN = re.compile(r"(?<![0-9A-Z])(?=[A-Z]{0,4}[0-9])[0-9A-Z]{8,28}(?![0-9A-Z])", re.ASCII)
# Digits in groups, as people copy them from a label: "6000 0000 ...", "(00)5590...".
_GROUPS = re.compile(r"(?<![0-9A-Z])[(]?[0-9]+(?:[) .\-]{1,2}[0-9]+){1,12}(?![0-9A-Z])", re.ASCII)
_S10_SPACED = re.compile(r"\b([A-Z]{2}) ?(\d{3}) ?(\d{3}) ?(\d{3}) ?([A-Z]{2})\b", re.ASCII)


@dataclass(frozen=True)
class Parcel:
    """A recognised parcel number."""

    carrier: str
    number: str

    @property
    def carrier_name(self) -> str:
        return carrier_name(self.carrier)

    @property
    def url(self) -> str:
        return tracking_url(self.carrier, self.number)


def carrier_name(carrier: str) -> str:
    """The carrier's own name; empty for those that have none (`own`, `other`)."""
    return _NAMES.get(carrier, "")


def tracking_url(carrier: str, number: str) -> str:
    """The public page on which the parcel can be followed; empty where there is none."""
    if not number or carrier in _UNTRACKED:
        return ""
    return _PAGES.get(carrier, _ANY_CARRIER).format(quote(number, safe=""))


def recognised(text: str) -> list[Parcel]:
    """Parcel numbers that are certain by their form, check digit or link, in the order of the text.

    What looks like a bank account, a telephone or a shorter number of any kind is left out: only a
    known shipment can tell (`candidates`).
    """
    found: dict[str, Parcel] = {}
    text, linked = _without_links(text)
    for parcel in [*linked, *_in_words(text)]:
        found.setdefault(parcel.number, parcel)
    return list(found.values())


def candidates(text: str) -> set[str]:
    """Everything in the text that could be the number of a known parcel."""
    plain, linked = _without_links(text)
    joined = {_digits(match.group()) for match in _GROUPS.finditer(plain)}
    return {
        *(parcel.number for parcel in linked),
        *_TOKEN.findall(plain),
        *(number for number in joined if 8 <= len(number) <= 28),
    }


def _without_links(text: str) -> tuple[str, list[Parcel]]:
    """The text in capitals without links and addresses, and the parcels that the links name."""
    text = unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS])
    linked = [parcel for link in _LINK.findall(text) if (parcel := _of_link(link))]
    return _ADDRESS.sub(" ", _LINK.sub(" ", text)).upper(), linked


def _of_link(link: str) -> Parcel | None:
    try:
        parts = urlsplit(link.rstrip(".,;)"))
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    carrier = _HOSTS.get(host)
    if carrier is None:
        return None
    values = [value for name, value in parse_qsl(parts.query) if name in _PARAMETERS]
    values.append(parts.path.rstrip("/").rpartition("/")[2])
    for value in values:
        number = value.upper().replace(" ", "")
        if _NUMBER.match(number) and any(character.isdigit() for character in number):
            return Parcel(carrier, number)
    return None


def _in_words(text: str) -> Iterator[Parcel]:
    for match in _S10_SPACED.finditer(text):
        yield from _checked(["".join(match.groups())])
    yield from _checked(_TOKEN.findall(text))
    for match in _GROUPS.finditer(text):
        if not any(_carrier_of(token) for token in _TOKEN.findall(match.group())):
            yield from _checked([_digits(match.group())])


def _checked(numbers: Iterable[str]) -> Iterator[Parcel]:
    for number in numbers:
        if carrier := _carrier_of(number):
            yield Parcel(carrier, number)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _carrier_of(number: str) -> str | None:
    for carrier, pattern, check in _RULES:
        if re.fullmatch(pattern, number, re.ASCII) and check(number):
            return carrier
    return None


def _is_s10(number: str) -> bool:
    """UPU S10: weights over the eight serial digits, modulo 11; PL is Poczta Polska."""
    digits = [int(digit) for digit in number[2:11]]
    total = sum(w * d for w, d in zip((8, 6, 4, 2, 3, 5, 9, 7), digits, strict=False))
    check = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    return number.endswith("PL") and check == digits[8]


def _is_poczta_sscc(number: str) -> bool:
    """GS1 SSCC-18 behind 00; 590 0773 is the company prefix of Poczta Polska."""
    code = number[2:]
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(code[:17]))
    return code[1:8] == "5900773" and (10 - total % 10) % 10 == int(code[17])


def _is_ups(number: str) -> bool:
    """Format only: UPS publishes its check digit for its own 1Z numbers, and old ones fail it."""
    return any(character.isdigit() for character in number[2:])


def _is_dpd_barcode(number: str) -> bool:
    """ISO 7064, Mod 37,36."""
    product = 36
    for character in number[:-1]:
        total = (product + int(character, 36)) % 36 or 36
        product = total * 2 % 37
    return (product + int(number[-1], 36)) % 36 == 1


def _any(number: str) -> bool:
    return True


# In this order; the first that fits has the number. InPost publishes no check digit.
_RULES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("ups", r"1Z[0-9A-Z]{16}", _is_ups),
    ("poczta", r"[A-Z]{2}\d{9}[A-Z]{2}", _is_s10),
    ("poczta", r"00\d{18}", _is_poczta_sscc),
    ("pocztex", r"PX\d{10}", _any),
    ("inpost", r"\d{24}", _any),
    ("dpd", r"\d{13}[A-Z]", _any),
    ("dpd", r"\d{27}[0-9A-Z]", _is_dpd_barcode),
    ("dhl", r"J[A-Z]{2,3}\d{9,20}", _any),
    ("packeta", r"Z\d{10}", _any),
)

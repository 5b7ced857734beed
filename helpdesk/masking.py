"""Numbers that nobody needs to see by the way: PESEL, payment cards, bank accounts.

One function for the thread, the lists and whatever is exported; the text itself stays as it came.
"""

import re
from datetime import date

_HIDDEN = "•"
_SHOWN_DIGITS = 4
# A run of digits as people write it, perhaps with a country in front; ends of words on both sides.
_RUN = re.compile(
    r"(?<![\w.,/=-])(?:[A-Za-z]{2}[ \u00a0]?(?=\d{2}))?\d(?:[ \u00a0-]?\d){9,29}(?![\w/=])(?!-\w)"
)
# Several numbers may stand in one run with nothing but spaces between them.
_PIECE = re.compile(r"\d{11,26}")
_LONGEST_IBAN = 34
# Century by what is added to the month.
_CENTURIES = {80: 1800, 0: 1900, 20: 2000, 40: 2100, 60: 2200}
_PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
# First digits and lengths of Visa, Mastercard, Maestro and American Express.
_CARD = re.compile(r"(?:4\d{12}|(?:[4-6]\d|2[2-7])\d{14}|3[47]\d{13})\Z", re.ASCII)


def masked(text: str) -> str:
    """The text with those numbers covered, save the last four digits of accounts and cards."""
    return _RUN.sub(_cover, text) if text else text


def hidden(text: str) -> list[str]:
    """What `masked` covers, as it stands in the text."""
    found = []
    for run in _RUN.findall(text):
        pieces = [run] if _covered_if_private(run) else _PIECE.findall(run)
        found += [piece for piece in pieces if _covered_if_private(piece)]
    return found


def _cover(match: re.Match[str]) -> str:
    whole = _covered_if_private(match.group())
    return whole or _PIECE.sub(_cover_piece, match.group())


def _cover_piece(match: re.Match[str]) -> str:
    return _covered_if_private(match.group()) or match.group()


def _covered_if_private(text: str) -> str | None:
    number = re.sub(r"[ \u00a0-]", "", text).upper()
    digits = re.sub(r"[A-Z]", "", number)
    if is_account(number) or is_account(digits) or is_card(digits):
        return _covered(text, keep=_SHOWN_DIGITS)
    return _covered(text, keep=0) if is_pesel(digits) else None


def _covered(text: str, *, keep: int) -> str:
    """Digits as dots, all but the last ones; what stands between them stays."""
    hidden = sum(character.isdigit() for character in text) - keep
    shown = []
    for character in text:
        is_hidden = character.isdigit() and hidden > 0
        hidden -= is_hidden
        shown.append(_HIDDEN if is_hidden else character)
    return "".join(shown)


def is_account(number: str) -> bool:
    """An IBAN, or a Polish account number without its PL (ISO 13616: modulo 97 is 1)."""
    if re.fullmatch(r"\d{26}", number, re.ASCII):
        number = f"PL{number}"
    if not re.fullmatch(rf"[A-Z]{{2}}\d{{13,{_LONGEST_IBAN - 2}}}", number, re.ASCII):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def is_card(number: str) -> bool:
    """A payment card: of a known scheme's form, and right by Luhn's check digit."""
    if not _CARD.match(number):
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def is_pesel(number: str) -> bool:
    """The number of a person in Poland: check digit, and a birthday that exists."""
    if not re.fullmatch(r"\d{11}", number, re.ASCII):
        return False
    total = sum(w * int(d) for w, d in zip(_PESEL_WEIGHTS, number, strict=False))
    return (10 - total % 10) % 10 == int(number[10]) and _is_birthday(number)


def _is_birthday(number: str) -> bool:
    year, month, day = int(number[:2]), int(number[2:4]), int(number[4:6])
    try:
        date(_CENTURIES[month // 20 * 20] + year, month % 20, day)
    except ValueError:
        return False
    return True

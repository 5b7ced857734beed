"""The neutral order, version 1: its JSON Schema, what breaks it, and its canonical form."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from rest_framework import serializers

from helpdesk.rest.serializers import MomentField

Json = dict[str, Any]

_FILE = Path(__file__).with_name("neutral-order.schema.json")
_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\Z", re.ASCII)
_MOST_ERRORS = 50
_MOST_META_BYTES = 16 * 1024
_DEEPEST_META = 20

_MESSAGES = {
    "money_format": _('Write an amount as a decimal string, for example "49.00".'),
    "quantity_format": _('Write a quantity as a decimal string, for example "1" or "2.5".'),
    "datetime_naive": _("A time needs its offset, for example 2026-12-11T12:00:00+01:00."),
    "datetime": _("This is no time in the form 2026-12-11T12:00:00+01:00."),
    "currency": _("Write a currency as three capital letters, for example PLN."),
    "country": _("Write a country as two capital letters, for example PL."),
    "language": _("Write a language as a tag, for example pl or pl-PL."),
    "empty_string": _("Leave it out or send null; an empty text says nothing."),
    "enum": _("This value is not one of those that the contract names."),
    "min_items": _("At least one is needed."),
    "required": _("A required property is missing."),
    "unknown_property": _("There is a property that the contract does not have; use meta for it."),
    "customer_key_missing": _("Send external_id, email, phone or login of the customer."),
    "type": _("This value is of the wrong type."),
}
_OTHER_MESSAGE = _("This value does not fit the contract.")
_RENAMED = {"additionalProperties": "unknown_property", "minItems": "min_items"}


@dataclass(frozen=True)
class Fault:
    """What is wrong at which place of a document; `path` leads there from its root."""

    path: tuple[str | int, ...]
    code: str

    @property
    def detail(self) -> str:
        return str(_MESSAGES.get(self.code, _OTHER_MESSAGE))


@cache
def schema() -> Json:
    """The contract as published, said more exactly where it relies on its reader's dialect."""
    found: Json = _patterns(json.loads(_FILE.read_text()), _ascii_digits)
    # The pattern lets 31 February through.
    found["$defs"]["datetime"]["format"] = "date-time"
    return found


def part(name: str) -> Json:
    """The schema of an order, or of a definition: shipment, customer."""
    whole = schema()
    found = {"order": whole, "shop_customer": _shop_customer(whole)}
    return found.get(name) or {**whole["$defs"][name], "$defs": whole["$defs"]}


def _shop_customer(whole: Json) -> Json:
    """A customer pushed alone: named by the address, so that no key is needed inside."""
    customer, consents = whole["$defs"]["customer"], whole["properties"]["consents"]
    kept = {key: value for key, value in customer.items() if key not in ("anyOf", "description")}
    return {
        **kept,
        "properties": {**customer["properties"], "consents": consents},
        "$defs": whole["$defs"],
    }


def faults(document: Any, name: str = "order") -> list[Fault]:
    """What of this document breaks the contract; the first fifty."""
    found = islice(_validator(name).iter_errors(document), _MOST_ERRORS)
    return list(dict.fromkeys(fault for error in found for fault in _told(error)))


def is_meta_too_much(meta: Any) -> bool:
    """Whether the free part is beyond what is kept: 16 KB, no endless nesting, real numbers."""
    if _is_odd(meta, _DEEPEST_META):
        return True
    return len(canonical(meta)) > _MOST_META_BYTES


def canonical(document: Any) -> bytes:
    """Sorted keys, UTF-8, no white space that says nothing."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def digest(document: Any) -> str:
    """SHA-256 of the canonical form: the same for the same document."""
    return hashlib.sha256(canonical(document)).hexdigest()


def moment(text: str | None) -> datetime | None:
    """A time of a document that was found right."""
    return MomentField().to_internal_value(text) if text else None


@cache
def _validator(name: str) -> Draft202012Validator:
    checker = FormatChecker(formats=())
    checker.checks("date-time")(_is_moment)
    return Draft202012Validator(_patterns(part(name), _exact_end), format_checker=checker)


def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True  # another rule says what is wrong
    try:
        MomentField().to_internal_value(value)
    except serializers.ValidationError:
        return False
    return True


def _told(error: ValidationError) -> Iterator[Fault]:
    """A fault for each thing that is wrong; of alternatives, those of the one that was meant."""
    if error.validator == "anyOf":
        if all("required" in option for option in error.validator_value):
            yield Fault(tuple(error.absolute_path), "customer_key_missing")
            return
        meant = [inner for inner in error.context or [] if not _is_null(inner)]
        for inner in meant or error.context or []:
            yield from _told(inner)
        return
    yield Fault(tuple(error.absolute_path), _code(error))


def _is_null(error: ValidationError) -> bool:
    return (error.validator, error.validator_value) == ("type", "null")


def _code(error: ValidationError) -> str:
    named = _codes_by_pattern().get(str(error.schema.get("pattern")))
    if named == "datetime":
        return "datetime_naive" if _NAIVE.match(str(error.instance)) else "datetime"
    if named and error.validator in ("type", "pattern"):
        return named
    if error.validator == "minLength" and error.instance == "":
        return "empty_string"
    return _RENAMED.get(str(error.validator), str(error.validator).lower())


@cache
def _codes_by_pattern() -> Mapping[str, str]:
    definitions = schema()["$defs"]
    codes = {
        "money": "money_format",
        "money_positive": "money_format",
        "quantity": "quantity_format",
        "currency": "currency",
        "country": "country",
        "language": "language",
        "datetime": "datetime",
    }
    return {_exact_end(definitions[name]["pattern"]): code for name, code in codes.items()}


def _patterns(value: Any, change: Callable[[str], str]) -> Any:
    """The schema with every pattern in it changed."""
    if isinstance(value, list):
        return [_patterns(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _patterns(item, change) for key, item in value.items()}
    if isinstance(found.get("pattern"), str):
        found["pattern"] = change(found["pattern"])
    return found


def _ascii_digits(pattern: str) -> str:
    r"""JSON Schema's \d is a digit of ASCII; Python's is one of any script."""
    return pattern.replace(r"0-9A-Z\-", "0-9A-Z-").replace(r"\d", "[0-9]")


def _exact_end(pattern: str) -> str:
    """Python's $ would let a line break follow."""
    return f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern


def _is_odd(value: Any, depth: int) -> bool:
    if depth < 0:
        return True
    if isinstance(value, float):
        return not math.isfinite(value)
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    return any(_is_odd(item, depth - 1) for item in inner)

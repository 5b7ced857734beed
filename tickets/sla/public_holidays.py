"""Public holidays by country. Poland's include the movable ones, and 24 December from 2025."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# Poland first, then those in which shops of the European Union sell and are helped.
COUNTRIES: Mapping[str, Promise] = {
    "PL": _("Poland"),
    "AT": _("Austria"),
    "BE": _("Belgium"),
    "BG": _("Bulgaria"),
    "CH": _("Switzerland"),
    "CZ": _("Czechia"),
    "DE": _("Germany"),
    "DK": _("Denmark"),
    "EE": _("Estonia"),
    "ES": _("Spain"),
    "FI": _("Finland"),
    "FR": _("France"),
    "GB": _("United Kingdom"),
    "GR": _("Greece"),
    "HR": _("Croatia"),
    "HU": _("Hungary"),
    "IE": _("Ireland"),
    "IT": _("Italy"),
    "LT": _("Lithuania"),
    "LV": _("Latvia"),
    "NL": _("Netherlands"),
    "NO": _("Norway"),
    "PT": _("Portugal"),
    "RO": _("Romania"),
    "SE": _("Sweden"),
    "SI": _("Slovenia"),
    "SK": _("Slovakia"),
    "UA": _("Ukraine"),
    "US": _("United States"),
}


@lru_cache(maxsize=4_096)
def is_holiday(country: str, day: date) -> bool:
    return day in of_year(country, day.year)


def names(country: str, since: date, until: date) -> list[tuple[date, str]]:
    """The holidays in [since, until) with their names, in Polish for Poland, in English else."""
    language = "pl" if country == "PL" and get_language() == "pl" else "en_US"
    found = holidays.country_holidays(
        country, years=range(since.year, until.year + 1), language=language
    )
    return sorted((day, name) for day, name in found.items() if since <= day < until)


@lru_cache(maxsize=128)
def of_year(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))

"""The address of a survey: it carries the proof that we made it, and nothing else."""

from uuid import UUID

from django.conf import settings

from kpi.models import SurveyResponse
from tickets import tokens

_PURPOSE = "survey"


def address(response: SurveyResponse, score: int | None = None) -> str:
    """Where the customer answers; with a score, that one is chosen already but not yet given."""
    chosen = "" if score is None else f"?score={score}"
    return f"{settings.BASE_URL}{path(response)}{chosen}"


def path(response: SurveyResponse) -> str:
    return f"/survey/{token(response)}/"


def token(response: SurveyResponse) -> str:
    value = response.public_id.hex
    return f"{value}-{tokens.signature(_PURPOSE, value)}"


def find(text: str) -> SurveyResponse | None:
    """The survey of a token; None where it is not one of ours."""
    value, _dash, mac = text.partition("-")
    if not tokens.is_signed(_PURPOSE, value, mac):
        return None
    rows = SurveyResponse.objects.select_related("shop", "ticket")
    return rows.filter(public_id=UUID(value)).first()

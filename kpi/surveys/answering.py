"""What a customer answers: one score a survey, the last one holds."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from history import recording as history
from history.recording import Actor
from kpi.models import SurveyPlan, SurveyResponse
from kpi.surveys import asking
from tickets import changing, recording
from tickets.locking import locked

_LONGEST_COMMENT = 2_000


class SurveyOver(Exception):
    """The time for an answer is over."""


@transaction.atomic
def answer(response: SurveyResponse, *, score: int, comment: str = "") -> SurveyResponse:
    """Keep the score and the comment; saying the same again changes nothing.

    A low score marks the ticket as one to look at. Raises `SurveyOver`.
    """
    ticket = locked(response.ticket_id) if response.ticket_id else None
    row = SurveyResponse.objects.select_for_update().get(pk=response.pk)
    if not asking.is_open(row):
        raise SurveyOver
    comment = comment.replace("\0", "").strip()[:_LONGEST_COMMENT] or row.comment
    if (row.score, row.comment) == (score, comment):
        return row
    is_new_score = row.score != score
    row.first_score = score if row.first_score is None else row.first_score
    row.score, row.comment, row.answered_at = score, comment, timezone.now()
    row.save(update_fields=["score", "first_score", "comment", "answered_at"])
    by = Actor("customer", row.customer_id)
    facts: dict[str, Any] = {
        "survey": row.pk,
        "survey_kind": row.kind,
        "score": score,
        "commented": bool(comment),
    }
    if ticket is None:
        history.record(
            "survey.answered",
            subject=("survey", row.pk),
            actor=by,
            customer_id=row.customer_id,
            shop_id=row.shop_id,
            channel_id=row.channel_id or None,
            data=facts,
        )
    else:
        recording.record(ticket, "survey.answered", actor=by, **facts)
        if is_new_score and score <= _alert_below(row):
            changing.ask_for_review(ticket, by=by)
    return row


def _alert_below(row: SurveyResponse) -> int:
    plan = SurveyPlan.objects.filter(shop=row.shop_id).first()
    return plan.alert_below if plan else 0

"""Asks customers whose tickets were solved: who is due, and who is left in peace."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from crm.models import Customer
from history.models import Event
from history.recording import SYSTEM
from kpi.models import SurveyPlan, SurveyResponse
from kpi.places import LIVE
from kpi.refreshing import TEST_TAG
from kpi.story import PEOPLE
from kpi.surveys import links
from tickets import recording, replying
from tickets.errors import BrokenRule
from tickets.locking import locked
from tickets.models import Message, Ticket
from tickets.replying import Draft

logger = logging.getLogger(__name__)

_TICKET_REST = timedelta(days=14)
# Whoever was not asked in time, for whatever reason, is not asked days later.
_LATEST = timedelta(days=1)


def ask_due(limit: int = 200) -> int:
    """Ask about every ticket whose time has come. Returns how many were asked."""
    asked = 0
    for plan in SurveyPlan.objects.exclude(after_solved="").select_related("shop"):
        for ticket_id in _due(plan).values_list("pk", flat=True)[:limit]:
            asked += _ask(plan, ticket_id)
    return asked


def _due(plan: SurveyPlan) -> QuerySet[Ticket]:
    now, delay = timezone.now(), timedelta(minutes=plan.delay_minutes)
    asked = SurveyResponse.objects.filter(ticket=OuterRef("pk"), sent_at__gt=now - _TICKET_REST)
    of_customer = SurveyResponse.objects.filter(
        customer=OuterRef("customer"), sent_at__gt=now - timedelta(days=plan.customer_days)
    )
    answered = Message.objects.filter(
        ticket=OuterRef("pk"), direction=Message.Direction.OUTBOUND, automatic=False
    )
    solved = Ticket.objects.filter(
        shop=plan.shop, status=Ticket.Status.SOLVED, spam=False, merged_into=None
    )
    ready = solved.filter(solved_at__lte=now - delay) | solved.filter(
        channel__kind__in=LIVE, solved_at__lte=now
    )
    return (
        ready.filter(solved_at__gt=now - delay - _LATEST, customer__erased_at=None)
        .exclude(Exists(asked) | Exists(of_customer))
        .filter(Exists(answered))
        .exclude(reason__in=plan.skipped_reasons.all())
        .exclude(tags__in=plan.skipped_tags.all())
        .exclude(tags__slug=TEST_TAG)
        .order_by("solved_at", "pk")
    )


@transaction.atomic
def _ask(plan: SurveyPlan, ticket_id: int) -> bool:
    """Ask once: two tickets of one customer queue up at the customer's row."""
    customer_id = Ticket.objects.values_list("customer", flat=True).get(pk=ticket_id)
    Customer.objects.select_for_update().get(pk=customer_id)
    if not _due(plan).filter(pk=ticket_id).exists():
        return False
    ticket = locked(ticket_id)
    response = SurveyResponse.objects.create(
        kind=plan.after_solved,
        shop=plan.shop,
        customer_id=customer_id,
        ticket=ticket,
        channel_id=ticket.channel_id,
        team_id=ticket.team_id,
        agent_id=_due_to(ticket),
        reason_id=ticket.reason_id,
        sent_at=timezone.now(),
    )
    try:
        with transaction.atomic(), translation.override(plan.shop.locale):
            draft = Draft(*_words(response), context={"survey": str(response.public_id)})
            message = replying.reply(ticket, draft, by=SYSTEM, automatic=True)
    except BrokenRule as rule:
        # The window is closed, the address is gone: this customer is not asked about this.
        response.refused = rule.code
        response.save(update_fields=["refused"])
        return False
    response.message = message
    response.save(update_fields=["message"])
    recording.record(ticket, "survey.sent", survey=response.pk, survey_kind=response.kind)
    return True


def _due_to(ticket: Ticket) -> int | None:
    """Who had the ticket when a person solved it, else who wrote to the customer last."""
    solved = (
        Event.objects.filter(ticket_id=ticket.pk, kind="ticket.status_changed", data__new="solved")
        .order_by("id")
        .last()
    )
    if solved and solved.actor_kind in PEOPLE and solved.assignee_id:
        return solved.assignee_id
    written = ticket.messages.filter(direction=Message.Direction.OUTBOUND, automatic=False)
    last = written.exclude(author_user=None).order_by("pk").last()
    return last.author_user_id if last else None


def question(response: SurveyResponse) -> str:
    match response.kind:
        case SurveyResponse.Kind.CSAT:
            return _("How do you rate our help?")
        case SurveyResponse.Kind.CES:
            return _("Do you agree? %(shop)s made it easy for me to settle my matter.") % {
                "shop": response.shop.name
            }
        case _:
            return _("How likely are you to recommend %(shop)s to a friend?") % {
                "shop": response.shop.name
            }


def ends_of_scale(response: SurveyResponse) -> tuple[str, str]:
    """What the lowest and the highest score mean."""
    match response.kind:
        case SurveyResponse.Kind.CSAT:
            return _("very bad"), _("very good")
        case SurveyResponse.Kind.CES:
            return _("not at all"), _("fully")
        case _:
            return _("not at all"), _("certainly")


def _words(response: SurveyResponse) -> tuple[str, str]:
    """The message as text and as HTML; a click chooses a score and gives none by itself."""
    asks, (worst, best) = question(response), ends_of_scale(response)
    scale = _("%(low)s is “%(worst)s”, %(high)s is “%(best)s”.") % {
        "low": response.scores[0],
        "worst": worst,
        "high": response.scores[-1],
        "best": best,
    }
    text = f"{asks}\n{scale}\n\n{links.address(response)}"
    scores = format_html_join(
        " ",
        '<a href="{}">\u00a0{}\u00a0</a>',
        ((links.address(response, score), score) for score in response.scores),
    )
    return text, format_html("<p>{}<br>{}</p><p>{}</p>", asks, scale, scores)


def nps_of(response: SurveyResponse) -> SurveyResponse | None:
    """The question that follows an answer, for customers who have not had it for long."""
    plan = SurveyPlan.objects.filter(shop=response.shop_id, asks_nps=True).first()
    if plan is None or response.kind == SurveyResponse.Kind.NPS:
        return None
    Customer.objects.select_for_update().get(pk=response.customer_id)
    nps = SurveyResponse.objects.filter(
        customer=response.customer_id, shop=response.shop_id, kind=SurveyResponse.Kind.NPS
    )
    newest = nps.order_by("-sent_at").first()
    if newest and newest.sent_at > timezone.now() - _NPS_REST:
        return None if newest.answered_at else newest
    return SurveyResponse.objects.create(
        kind=SurveyResponse.Kind.NPS,
        shop=response.shop,
        customer_id=response.customer_id,
        channel_id=response.channel_id,
        sent_at=timezone.now(),
    )


_NPS_REST = timedelta(days=180)


def is_open(response: SurveyResponse, at: datetime | None = None) -> bool:
    """Answers are taken for 30 days."""
    return (at or timezone.now()) <= response.sent_at + timedelta(days=30)

"""Sends the figures by e-mail, in the morning of the day on which they are due."""

import logging
import smtplib
from datetime import date, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kpi.figures import exporting, filters
from kpi.figures.board import Board
from kpi.forms import FilterForm
from kpi.models import Report

logger = logging.getLogger(__name__)

# The hour of the installation's zone from which on reports go out.
_HOUR = 7


def send_due() -> int:
    """Send every report whose day has come, once. Returns how many were sent."""
    now = timezone.localtime()
    if now.hour < _HOUR:
        return 0
    today = now.date()
    waiting = Report.objects.filter(~Q(last_sent_on=today) | Q(last_sent_on=None))
    due = [
        report
        for report in waiting.select_related("owner").order_by("pk")
        if is_due(report.every, today)
    ]
    return sum(_send(report, today) for report in due)


def is_due(every: str, today: date) -> bool:
    match every:
        case Report.Every.WEEK:
            return today.weekday() == 0
        case Report.Every.MONTH:
            return today.day == 1
        case _:
            return True


def period(every: str, today: date) -> tuple[date, date]:
    """The whole days, weeks or months just over, both ends included."""
    last = today - timedelta(days=1)
    match every:
        case Report.Every.WEEK:
            return today - timedelta(days=7), last
        case Report.Every.MONTH:
            return last.replace(day=1), last
        case _:
            return last, last


def _send(report: Report, today: date) -> bool:
    """Claim the day first: of two processes one sends. What fails is tried again."""
    claimed = Report.objects.filter(pk=report.pk, last_sent_on=report.last_sent_on)
    if not report.owner.is_active or not report.owner.sees_all:
        return False
    if not claimed.update(last_sent_on=today):
        return False
    try:
        with translation.override(report.owner.language):
            letter(report, today).send()
    except filters.Unknown:
        logger.warning("report %s names a part of the company that is gone", report.pk)
        return False
    except (OSError, smtplib.SMTPException):
        logger.warning("report %s could not be sent", report.pk, exc_info=True)
        Report.objects.filter(pk=report.pk).update(last_sent_on=report.last_sent_on)
        return False
    return True


def letter(report: Report, today: date) -> EmailMessage:
    """The figures as text, with all tables in a file."""
    since, until = period(report.every, today)
    chosen = QueryDict(report.filters, mutable=True)
    chosen.update({"from": since.isoformat(), "to": until.isoformat()})
    board = Board(filters.query(FilterForm(chosen).values(), report.owner))
    context = {
        "board": board,
        "since": since,
        "until": until,
        "address": f"{settings.BASE_URL}/kpi/?{chosen.urlencode()}",
    }
    message = EmailMessage(
        subject=_("Figures %(since)s to %(until)s") % {"since": since, "until": until},
        body=render_to_string("kpi/email/report.txt", context),
        to=report.recipients,
    )
    message.attach(f"okienko-{since}-{until}.csv", exporting.as_csv(board), "text/csv")
    return message

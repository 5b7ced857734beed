"""Figures and the answers to surveys in the REST API: the same numbers as on the page."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import key_of, user_of
from crm import limits
from helpdesk.rest.problems import Conflict, UnknownReference
from helpdesk.rest.serializers import QuerySerializer, TextField
from helpdesk.rest.views import ListView, PageQuery, View
from kpi.figures import filters, rolled
from kpi.figures.board import Board
from kpi.figures.catalogue import BY_KEY, FIGURES, Unit
from kpi.figures.query import Query
from kpi.models import SurveyResponse

_HOURS = ["business", "calendar"]
_PLACES = ["shop", "channel", "team", "agent", "reason"]


class KpiQuery(QuerySerializer):
    """The period (both days included, at most two years; the last 30 days by default) and a part
    of the company."""

    shop = TextField(required=False, max_length=50, help_text="By its slug.")
    channel_kind = TextField(required=False, max_length=32)
    team = TextField(required=False, max_length=50, help_text="By its slug.")
    agent = TextField(required=False, max_length=254, help_text="By e-mail.")
    reason = TextField(required=False, max_length=50, help_text="By its slug.")
    hours = serializers.ChoiceField(_HOURS, default="business")

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name for an attribute.
        days = {name: serializers.DateField(required=False) for name in ("from", "to")}
        return {**days, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        until = attrs.setdefault("to", filters.today())
        return {"from": filters.month_before(until), **attrs}


class WrongPeriod(Conflict):
    default_code = "wrong_period"
    default_detail = _("A period ends after its start, within two years.")


class SeriesQuery(KpiQuery):
    figure = serializers.ChoiceField([figure.key for figure in FIGURES])


class BreakdownQuery(KpiQuery):
    by = serializers.ChoiceField(_PLACES)


class FigureSerializer(serializers.Serializer[Any]):
    figure = serializers.CharField(source="key")
    unit = serializers.ChoiceField([unit.value for unit in Unit], source="unit.value")
    value = serializers.FloatField(
        allow_null=True, help_text="Null where nothing is known, or a share of fewer than 5."
    )
    n = serializers.IntegerField(allow_null=True, help_text="Of how many values.")
    p90 = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    previous = serializers.FloatField(allow_null=True, help_text="In the period before.")
    goal = serializers.FloatField(allow_null=True)


class _Period(serializers.Serializer[Any]):
    """What the figures are of."""

    hours = serializers.ChoiceField(_HOURS)

    def get_fields(self) -> dict[str, Any]:
        days = {name: serializers.DateField() for name in ("from", "to")}
        return {**days, **super().get_fields()}


class SummarySerializer(_Period):
    figures = FigureSerializer(many=True)


class PointSerializer(serializers.Serializer[Any]):
    start = serializers.DateField(help_text="First day of the step.")
    value = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class SeriesSerializer(_Period):
    step = serializers.ChoiceField(["day", "week", "month"])
    points = PointSerializer(many=True)


class PartSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(
        allow_null=True, help_text="Slug, e-mail or channel id; null for none."
    )
    name = serializers.CharField()
    figures = FigureSerializer(many=True)


class BreakdownSerializer(_Period):
    parts = PartSerializer(many=True)


class KpiView(View):
    scopes = {"GET": "kpi:read"}
    refuses = {
        404: "The query names something unknown",
        409: "The period ends before its start, or is longer than two years",
    }

    def asked(self, request: Request) -> Query:
        """Raises `UnknownReference` for a name that is not there, `WrongPeriod`."""
        if not filters.is_period(self.params["from"], self.params["to"]):
            raise WrongPeriod
        shops = limits.shops_of(key_of(request))
        try:
            return filters.query(self.params, user_of(request), shops=shops)
        except filters.Unknown as unknown:
            raise UnknownReference.at(f"/{unknown}") from unknown

    def period(self) -> dict[str, Any]:
        return {name: self.params[name] for name in ("from", "to", "hours")}


class Summary(KpiView):
    """Every figure of the period."""

    query = KpiQuery
    answers = SummarySerializer

    def get(self, request: Request) -> Response:
        return self.shown({**self.period(), "figures": Board(self.asked(request)).values})


class Series(KpiView):
    """One figure over time: by day up to 45 days, by week up to 190, else by month."""

    query = SeriesQuery
    answers = SeriesSerializer

    def get(self, request: Request) -> Response:
        query, figure = self.asked(request), BY_KEY[self.params["figure"]]
        step, names = rolled.step_of(query), figure.names(query)
        groups = rolled.read(query, names, step=step, histograms=names)
        points = [
            {
                "start": start,
                "value": figure.value(groups[start], query),
                "n": figure.n(groups[start], query),
            }
            for start in rolled.steps(query)
        ]
        return self.shown({**self.period(), "step": step, "points": points})


class Breakdown(KpiView):
    """The figures by shop, channel, team, agent or reason."""

    query = BreakdownQuery
    answers = BreakdownSerializer

    def get(self, request: Request) -> Response:
        board = Board(self.asked(request))
        return self.shown({**self.period(), "parts": board.parts(self.params["by"])})


class ResponseSerializer(serializers.Serializer[SurveyResponse]):
    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(SurveyResponse.Kind.choices)
    score = serializers.IntegerField()
    first_score = serializers.IntegerField()
    comment = serializers.CharField()
    shop = serializers.SlugField(source="shop.slug")
    ticket = serializers.IntegerField(source="ticket.number", allow_null=True, default=None)
    customer = serializers.UUIDField(source="customer.public_id")
    sent_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField()


class ResponseQuery(PageQuery):
    kind = serializers.ChoiceField(SurveyResponse.Kind.choices, required=False)
    shop = TextField(required=False, max_length=50, help_text="By its slug.")


class Responses(ListView):
    """List answers to surveys, newest first."""

    scopes = {"GET": "kpi:read"}
    answers = ResponseSerializer
    query = ResponseQuery
    order = "-answered_at"

    def rows(self) -> QuerySet[SurveyResponse]:
        rows = SurveyResponse.objects.filter(answered_at__isnull=False).select_related(
            "shop", "ticket", "customer"
        )
        rows = rows.filter(limits.within(key_of(self.request)))
        if kind := self.params.get("kind"):
            rows = rows.filter(kind=kind)
        if shop := self.params.get("shop"):
            rows = rows.filter(shop__slug=shop)
        return rows

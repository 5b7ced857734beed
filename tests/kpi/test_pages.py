"""The pages of figures: right, counted, of one's own part, and safe to export."""

import io
import zipfile
from datetime import date, timedelta

import pytest
from django.utils import translation

from history.recording import Actor
from kpi.figures import exporting, filters, rolled
from kpi.figures.board import Board
from kpi.figures.query import Query, spans, within
from kpi.models import Goal, Report, SurveyResponse
from kpi.surveys import answering
from kpi.templatetags.kpi import duration
from tests import factories
from tests.kpi.conftest import MORNING, answer, count
from tickets import changing
from tickets.models import Reason, Ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def admin(db):
    return factories.make_user("admin")


@pytest.fixture
def manager(db):
    return factories.make_user("manager")


@pytest.fixture
def solved(clock, channel):
    """Five tickets answered after one to five hours and solved; the last is reopened."""
    agent = factories.make_user()
    reason = Reason.objects.create(slug="paczka", name="Gdzie paczka")
    tickets = [factories.make_ticket(channel) for _number in range(5)]
    for number, ticket in enumerate(tickets):
        changing.set_reason(ticket, reason, by=Actor("agent", agent.pk))
        clock.shift(HOUR)
        answer(ticket, agent, then=Ticket.Status.SOLVED)
        response = SurveyResponse.objects.create(
            kind="csat",
            shop=channel.shop,
            customer=ticket.customer,
            ticket=ticket,
            channel_id=channel.pk,
            team_id=ticket.team_id,
            agent_id=agent.pk,
            reason_id=reason.pk,
            sent_at=MORNING,
        )
        answering.answer(response, score=number + 1)
    count()
    return tickets


def query(**limits) -> Query:
    return Query(date(2026, 11, 1), date(2026, 12, 1), business=False, **limits)


def test_figures_are_those_of_the_tickets(solved):
    values = Board(query()).by_key

    assert values["contacts"].value == 5
    assert values["frt"].value == pytest.approx(3 * 3_600, rel=0.025)
    assert values["frt"].p90 == pytest.approx(5 * 3_600, rel=0.025)
    assert values["csat"].value == 40.0
    assert values["backlog"].value == 0
    assert values["reopened"].value == 0.0
    # Not known before the week is over.
    assert values["fcr"].value is None


def test_first_contact_solutions_show_when_they_are_a_week_old(solved, clock):
    clock.shift(timedelta(days=8))

    assert Board(query()).by_key["fcr"].value == 100.0


def test_previous_period_and_goal_stand_beside(solved):
    Goal.objects.create(figure="contacts", value=3)
    november, october = query(), query().previous

    assert (october.since, october.until) == (date(2026, 10, 2), date(2026, 11, 1))
    value = Board(november).by_key["contacts"]
    assert (value.previous, value.goal, value.meets_goal) == (0, 3, True)


def test_percentage_of_few_is_no_percentage(clock, channel):
    answer(factories.make_ticket(channel), factories.make_user(), then=Ticket.Status.SOLVED)
    count()
    assert Board(query()).by_key["one_touch"].value is None


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-11-03", "2026-11-20", [(False, "2026-11-03", "2026-11-20")]),
        (
            "2026-09-15",
            "2026-11-20",
            [
                (True, "2026-10-01", "2026-11-01"),
                (False, "2026-09-15", "2026-10-01"),
                (False, "2026-11-01", "2026-11-20"),
            ],
        ),
        ("2026-01-01", "2027-01-01", [(True, "2026-01-01", "2027-01-01")]),
    ],
)
def test_period_is_read_in_whole_months_where_there_are_such(since, until, found):
    parts = spans(date.fromisoformat(since), date.fromisoformat(until), months=True)

    assert [(m, a.isoformat(), b.isoformat()) for m, a, b in parts] == found


@pytest.mark.parametrize("by", ["shop", "channel", "team", "agent", "reason"])
def test_parts_make_up_the_whole(solved, by):
    whole = rolled.total(query(), ["contacts", "frt"])
    parts = rolled.read(query(), ["contacts", "frt"], by=by)

    assert sum(part.count("frt") for part in parts.values()) == whole.count("frt") == 5


def test_year_costs_as_many_queries_as_a_month_and_tickets_cost_none(
    client, admin, solved, channel, django_assert_max_num_queries
):
    client.force_login(admin)
    client.get("/kpi/")
    with django_assert_max_num_queries(45) as month:
        assert client.get("/kpi/?period=30").status_code == 200
    told = [captured["sql"] for captured in month.captured_queries]
    for _number in range(4):
        factories.make_ticket(channel)
    count()
    client.get("/kpi/?period=365")
    with django_assert_max_num_queries(len(told)):
        assert client.get("/kpi/?period=365").status_code == 200
    assert not any("kpi_ticketfact" in sql or "history_event" in sql for sql in told)


@pytest.mark.parametrize("figure", ["frt", "nrt", "art", "contacts", "reopened", "sla"])
def test_every_figure_opens_its_tickets(client, admin, solved, figure):
    client.force_login(admin)

    page = client.get(f"/kpi/tickets/?figure={figure}&from=2026-11-01&to=2026-11-30")
    for ticket in solved:
        assert f"#{ticket.number} " in page.content.decode()
    page = client.get(f"/kpi/tickets/?figure={figure}&from=2026-10-01&to=2026-10-30")
    assert f"#{solved[0].number} " not in page.content.decode()


def test_backlog_opens_what_is_open(client, admin, solved, channel):
    client.force_login(admin)
    ticket = factories.make_ticket(channel)
    count()

    page = client.get("/kpi/tickets/?figure=backlog&from=2026-11-01&to=2026-11-30").content.decode()
    assert f"#{ticket.number} " in page
    assert f"#{solved[0].number} " not in page


def test_scores_open_their_answers(client, admin, solved):
    client.force_login(admin)
    page = client.get("/kpi/responses/?figure=csat&from=2026-11-01&to=2026-11-30").content.decode()
    for ticket in solved:
        assert f"#{ticket.number}<" in page


def test_agents_see_their_own_and_supervisors_their_teams(solved, channel):
    other = factories.make_user(teams=[factories.make_team()])
    supervisor = factories.make_user("supervisor")
    writer = rolled.read(query(), ["frt"], by="agent")
    [agent_id] = [pk for pk in writer if pk]

    def contacts(user):
        return rolled.total(within(query(), user), ["frt"]).count("frt")

    assert contacts(other) == 0
    assert contacts(type(other).objects.get(pk=agent_id)) == 5
    assert contacts(supervisor) == 5
    supervisor.teams.set([factories.make_team()])
    assert contacts(supervisor) == 0


def test_filter_of_another_team_is_not_found(client, solved):
    team = factories.make_team()
    client.force_login(factories.make_user("supervisor"))
    assert client.get(f"/kpi/?team={team.slug}").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "?period=nonsense",
        "?from=2026-11-30&to=2026-11-01",
        "?from=1800-01-01&to=2026-11-01",
        "?from=x&to=y",
        "?hours=moon",
    ],
)
def test_wrong_filters_show_the_standard(client, admin, address):
    client.force_login(admin)
    assert client.get(f"/kpi/{address}").status_code == 200


def test_export_holds_no_formula(client, manager, solved, channel):
    channel.__class__.objects.filter(pk=channel.pk).update(name="x")
    Reason.objects.update(name='=HYPERLINK("http://x")')
    client.force_login(manager)
    address = "?from=2026-11-01&to=2026-11-30&hours=calendar"

    text = client.get(f"/kpi/export.csv{address}").content.decode("utf-8-sig")
    assert "\"'=HYPERLINK" in text
    assert "10800" in text or "108" in text
    book = zipfile.ZipFile(io.BytesIO(client.get(f"/kpi/export.xlsx{address}").content))
    sheets = [book.read(name).decode() for name in book.namelist() if "worksheets" in name]
    assert len(sheets) == 5
    assert not any("<f>" in sheet for sheet in sheets)


@pytest.mark.parametrize("start", ["=1", "+48 600", "-x", "@sum", "\t=1", "＝1"])
def test_text_that_begins_like_a_formula_is_marked_in_csv(start):
    assert exporting._text(start) == f"'{start}"


def test_only_those_who_answer_for_figures_export_and_set_goals(client, manager, solved):
    client.force_login(factories.make_user("supervisor"))
    for path in ("export.csv", "export.xlsx", "goals/", "reports/"):
        assert client.get(f"/kpi/{path}").status_code == 403
    client.force_login(manager)
    assert client.post("/kpi/goals/", {"frt": "4", "csat": "85"}).status_code == 302
    assert dict(Goal.objects.values_list("figure", "value")) == {"frt": 14_400, "csat": 85}
    assert client.post("/kpi/goals/", {"frt": "x"}).status_code == 422


def test_wall_shows_what_waits(client, channel, admin):
    ticket = factories.make_ticket(channel)
    client.force_login(admin)
    page = client.get("/kpi/wall/").content.decode()
    assert f"#{ticket.number} " in page
    part = client.get("/kpi/wall/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_own_reports_alone_can_be_removed(client, manager):
    client.force_login(manager)
    fields = {"every": "week", "recipients": "szef@example.com", "filters": "shop=x"}
    assert client.post("/kpi/reports/", fields).status_code == 302
    report = Report.objects.get()
    client.force_login(factories.make_user("manager"))
    assert client.post(f"/kpi/reports/{report.pk}/remove/").status_code == 404
    client.force_login(manager)
    assert client.post(f"/kpi/reports/{report.pk}/remove/").status_code == 302


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (42, "42 s"), (600, "10 min"), (5_000, "1 h 23 min"), (200_000, "2 d 7 h")],
)
def test_times_are_written_in_two_units(seconds, text):
    with translation.override("en"):
        assert duration(seconds) == text


def test_presets_include_today(clock):
    assert filters.period("7") == (date(2026, 11, 12), date(2026, 11, 19))
    assert filters.period("last-month") == (date(2026, 10, 1), date(2026, 11, 1))

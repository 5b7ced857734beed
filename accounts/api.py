"""Users and teams in the REST API."""

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.callers import key_of, user_of
from accounts.models import Role, Team, User
from helpdesk.rest import naming
from helpdesk.rest.naming import NameChangeSerializer
from helpdesk.rest.serializers import NameField
from helpdesk.rest.views import ListView, View


class TeamSerializer(serializers.Serializer[Team]):
    slug = serializers.SlugField()
    name = serializers.CharField()


class UserSerializer(serializers.Serializer[User]):
    id = serializers.UUIDField(source="public_id")
    email = serializers.EmailField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    teams = serializers.SerializerMethodField()
    active = serializers.BooleanField(source="is_active")

    def get_teams(self, user: User) -> list[str]:
        return [team.slug for team in user.teams.all()]


class TeamChangeSerializer(NameChangeSerializer):
    name = NameField(max_length=100, required=False)


class NewTeamSerializer(TeamChangeSerializer):
    slug = serializers.RegexField(naming.SLUG, max_length=50)
    name = NameField(max_length=100)


class Teams(ListView):
    """List the teams."""

    scopes = {"GET": "teams:read", "POST": "teams:write"}
    answers = TeamSerializer
    accepts = {"POST": NewTeamSerializer}
    order = "slug"

    def rows(self) -> QuerySet[Team]:
        return Team.objects.all()

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Add a team."""
        team, by = naming.made(Team, data := self.body()), key_of(request) or user_of(request)
        audit.record("team.created", by=by, on=team, after=data)
        return self.shown(team, status=201)


class OneTeam(View):
    """Show a team."""

    scopes = {"GET": "teams:read", "PATCH": "teams:write"}
    answers = TeamSerializer
    accepts = {"PATCH": TeamChangeSerializer}

    def get(self, request: Request, slug: str) -> Response:
        return self.shown(get_object_or_404(Team, slug=slug))

    @transaction.atomic
    def patch(self, request: Request, slug: str) -> Response:
        """Rename a team."""
        team, data = get_object_or_404(Team, slug=slug), self.body()
        before = naming.changed(team, data)
        if before != data:
            by = key_of(request) or user_of(request)
            audit.record("team.changed", by=by, on=team, before=before, after=data)
        return self.shown(team)


class Users(ListView):
    """List the people who work with the helpdesk."""

    scopes = {"GET": "users:read"}
    answers = UserSerializer
    order = "email"

    def rows(self) -> QuerySet[User]:
        return User.objects.get_queryset().prefetch_related("teams")

"""Users and teams in the REST API."""

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import Role, Team, User
from helpdesk.rest.views import ListView


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


class Teams(ListView):
    """List the teams."""

    scopes = {"GET": "teams:read"}
    answers = TeamSerializer
    order = "slug"

    def rows(self) -> QuerySet[Team]:
        return Team.objects.all()


class Users(ListView):
    """List the people who work with the helpdesk."""

    scopes = {"GET": "users:read"}
    answers = UserSerializer
    order = "email"

    def rows(self) -> QuerySet[User]:
        return User.objects.get_queryset().prefetch_related("teams")

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import make_channel, make_user
from tickets.models import Channel


@pytest.fixture
def agent(db) -> User:
    return make_user(name="Ola Lis")


@pytest.fixture
def mailbox(db) -> Channel:
    return make_channel("email", name="pomoc@sklep")


@pytest.fixture
def agent_client(agent: User, client: Client) -> Client:
    """The agent's browser, as htmx asks for fragments."""
    client.force_login(agent)
    client.defaults["HTTP_HX_REQUEST"] = "true"
    return client


@pytest.fixture
def outsider(db) -> Client:
    """An agent of another team, who sees nothing of the default team's."""
    client = Client(headers={"HX-Request": "true"})
    client.force_login(make_user(teams=[]))
    return client


@pytest.fixture
def manager(db) -> Client:
    client = Client(headers={"HX-Request": "true"})
    client.force_login(make_user("manager"))
    return client

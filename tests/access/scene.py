"""One of everything, so that each address can be asked for: what a team has, and who is about."""

from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import inviting, keys, setup
from accounts.models import Role, User
from channels_ingest import journal
from channels_ingest.chat import serving, sessions, speaking, tokens, widgets
from channels_ingest.chat.models import ChatSession
from crm import merging
from crm.models import Customer, CustomerField, KeyShop, TeamShop
from history.models import Event, ReaderFailure
from history.recording import Actor
from kpi.models import Report, SurveyResponse
from tests.factories import (
    make_channel,
    make_incoming,
    make_order,
    make_shop,
    make_team,
    make_user,
)
from tickets import attaching, receiving, replying
from tickets import merging as merging_tickets
from tickets.automation.rules import keeping
from tickets.automation.rules.tree import Tree
from tickets.models import Attachment, Calendar, CannedReply, Message, Policy, Reason, Rule, Tag
from tickets.replying import Draft

# Stands in everything that only those who see the team's ticket may read.
SECRET = "zgubka7431"
# Stands in what the visitor and the team say to each other.
SPOKEN = "pogawedka5128"
ORIGIN = "https://sklep.example.pl"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
_HTML = f'<p>Dzień <b>dobry</b>, {SECRET}</p><img src="https://example.com/a.png">'


class Scene:
    """A team that alone serves a shop with a mailbox and a widget, each with a ticket.

    Whatever addresses name is an attribute; a new kind of thing is a line in `_make_...`.
    """

    def __init__(self) -> None:
        self._make_people()
        self._make_mail()
        self._make_chat()
        self._make_settings()
        self._make_credentials()

    def arguments(self) -> dict[str, Any]:
        """Arguments of addresses whose names say which thing is meant."""
        return {
            "number": self.ticket.number,
            "message_id": self.message.public_id,
            "attachment_id": self.attachment.public_id,
            "customer_id": self.ticket.customer.public_id,
            "channel_id": self.mailbox.public_id,
            "channel": self.widget.public_id,
            "order_id": self.order.public_id,
            "kind": "email",
            "app_label": "accounts",
        }

    def _make_people(self) -> None:
        self.team = make_team()
        self.shop = make_shop()
        TeamShop.objects.create(team=self.team, shop=self.shop)
        self.users = {role: make_user(role, teams=[self.team]) for role in Role.values}
        self.users["outsider"] = make_user(teams=[make_team()])
        self.agent = self.users["agent"]
        for user in self.users.values():
            TOTP.activate(user, "JBSWY3DPEHPK3PXP")
            RecoveryCodes.activate(user)
        self.author = Actor("agent", self.agent.pk)

    def _make_mail(self) -> None:
        self.mailbox = make_channel(team=self.team, shop=self.shop)
        self.message = receiving.receive(
            make_incoming(
                self.mailbox,
                sender=f"{SECRET}@example.com",
                subject=f"Paczka {SECRET}",
                body_text=f"Dzień dobry, {SECRET}",
                body_html=_HTML,
            )
        )
        self.ticket = self.message.ticket
        self.attachment = _attach(self.message, f"{SECRET}.txt", SECRET.encode())
        draft = Draft(body_text=SECRET)
        self.answer = replying.reply(self.ticket, draft, by=self.author, user=self.agent)
        others = [make_incoming(self.mailbox, sender=f"{SECRET}@example.com") for _ in "ab"]
        absorbed, kept = (receiving.receive(incoming).ticket for incoming in others)
        self.ticket_merge = merging_tickets.merge(
            kept=kept, absorbed=absorbed, by=self.author, user=self.agent
        )
        self.delivery = self.answer.deliveries.get()
        self.event, _new = journal.keep(
            "email",
            str(self.mailbox.connection.account),
            "message:access",
            f"Subject: {SECRET}\n\n{SECRET}".encode(),
            channel=self.mailbox,
        )

        self.own_channel = make_channel("custom", team=self.team, shop=self.shop)
        self.order = make_order(
            self.shop, customer={"email": f"{SECRET}@example.com"}, customer_note=SECRET
        )

    def _make_chat(self) -> None:
        self.widget = make_channel(
            "chat", team=self.team, shop=self.shop, settings={"origins": [ORIGIN]}
        )
        self.chat = self._start_chat()
        speaking.say(self.chat, client_msg_id="1", text=f"Halo, {SPOKEN}?")
        self.chat.refresh_from_db()
        self.chat_ticket = self.chat.ticket
        assert self.chat_ticket is not None
        file = _attach(self.chat_ticket.messages.get(), "a.png", PNG)
        _, _, _, self.file_id, self.file_until, self.file_signature, _ = serving.address(
            file
        ).split("/")
        replying.note(self.chat_ticket, Draft(body_text=SECRET), by=self.author, user=self.agent)

    def _make_settings(self) -> None:
        admin = self.users["admin"]
        self.invitation, link = inviting.invite("nowa@example.com", role=Role.AGENT, by=admin)
        self.join_token = link.rstrip("/").rpartition("/")[2]
        self.setup_token = setup.setup_link().rstrip("/").rpartition("/")[2]
        self.key, _text = keys.create(self.agent, name="of the agent")
        self.tag = Tag.objects.create(slug="pilne", name="pilne")
        self.field = CustomerField.objects.create(slug="rozmiar", name="Rozmiar buta")
        kept = self._person("anna")
        self.merge = merging.merge(kept=kept, absorbed=self._person("ania"), user=self.agent)
        self.reason = Reason.objects.create(slug="paczka", name="Gdzie paczka")
        self.canned_reply = CannedReply.objects.create(name="Zwrot", body="Odeślij paczkę.")
        self.canned_reply.teams.add(self.team)
        self.report = Report.objects.create(
            owner=self.users["manager"], recipients=["szef@example.com"]
        )
        self.survey = SurveyResponse.objects.create(
            kind="csat",
            shop=self.shop,
            customer=self.ticket.customer,
            ticket=self.ticket,
            sent_at=timezone.now(),
        )
        self.calendar = Calendar.objects.get(is_default=True)
        self.rule = keeping.save(
            Rule(),
            "VIP",
            Tree.parse(
                {
                    "when": {"on": "message.received"},
                    "if": {"match": "all", "conditions": []},
                    "then": [{"do": "priority", "value": "high"}],
                    "stop": False,
                }
            ),
        )
        self.policy = Policy.objects.get(is_default=True)
        self.failure = ReaderFailure.objects.create(
            reader="chat", event=Event.objects.latest("pk"), dead=True, error="x"
        )

    def _person(self, name: str) -> Customer:
        mail = make_incoming(self.mailbox, sender=f"{name}@example.com", body_text="Halo")
        return receiving.receive(mail).ticket.customer

    def _make_credentials(self) -> None:
        self.cookies = {who: _sign_in(user) for who, user in self.users.items()}
        # A session of the agent: nobody else's business.
        self.session = UserSession.objects.create(
            user=self.agent, session_key=self.cookies["agent"], ip="127.0.0.1", user_agent=""
        )
        admin = self.users["admin"]
        foreign, foreign_text = keys.create(admin, name="another shop")
        KeyShop.objects.create(key=foreign, shop=make_channel().shop)
        _bare, bare_text = keys.create(admin, name="no scope", wanted=[])
        # What stands in the Authorization header of those who have no session.
        self.tokens = {
            "visitor": tokens.issue(self.chat),
            "stranger": tokens.issue(self._start_chat()),
            "foreign_key": foreign_text,
            "bare_key": bare_text,
        }
        self.keys = {who: keys.create(user, name=who)[1] for who, user in self.users.items()}

    def _start_chat(self) -> ChatSession:
        widget = widgets.find(self.widget.public_id)
        return sessions.start(widget, resume_token=None, identity=None, language="", address="")


def _attach(message: Message, name: str, content: bytes) -> Attachment:
    file = attaching.upload(content, name)
    file.message = message
    file.save()
    return file


def _sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)

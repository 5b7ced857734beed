"""Who takes part in a ticket, and who is believed: senders, copies, Reply-To, forged mail."""

import pytest

from history.recording import SYSTEM
from tests.channels_ingest.email.conftest import MAILBOX, letter, message_of
from tests.factories import make_channel
from tickets import replying, tokens
from tickets.models import Message, Participant, Ticket

pytestmark = pytest.mark.django_db

ANNA_CONFIRMED = "mail.sklep.example.pl; dmarc=pass header.from=example.com"
ANNA_FORGED = "mail.sklep.example.pl; dmarc=fail header.from=example.com"


def roles(ticket: Ticket) -> dict[str, str]:
    return dict(ticket.participants.values_list("identity__value", "role"))


def test_copies_of_a_confirmed_sender_take_part(feed):
    make_channel(settings={"address": "zwroty@sklep.example.pl"})
    raw = letter(
        to=f"{MAILBOX}, Ola <ola@example.com>",
        cc="ktos@example.org, pomoc+t123.abc@sklep.example.pl, ZWROTY@sklep.example.pl",
        authentication_results=ANNA_CONFIRMED,
    )

    ticket = message_of(feed(raw)).ticket

    assert roles(ticket) == {
        "anna@example.com": "requester",
        "ola@example.com": "cc",
        "ktos@example.org": "cc",
    }
    answer = replying.reply(ticket, replying.Draft("Odpowiedź"), by=SYSTEM)
    assert answer.recipients["cc"] == ["ola@example.com", "ktos@example.org"]


def test_copies_and_reply_to_of_anybody_else_are_proposals(feed):
    raw = letter(cc="ktos@example.org", reply_to="inna@example.org")

    message = message_of(feed(raw))

    assert roles(message.ticket)["ktos@example.org"] == Participant.Role.PROPOSED
    assert roles(message.ticket)["inna@example.org"] == Participant.Role.PROPOSED
    assert message.context["reply_to"] == ["inna@example.org"]
    answer = replying.reply(message.ticket, replying.Draft("Odpowiedź"), by=SYSTEM)
    assert (answer.recipients["to"], answer.recipients["cc"]) == (["anna@example.com"], [])


def test_reply_to_stays_a_proposal_even_of_a_confirmed_sender(feed):
    raw = letter(reply_to="inna@example.org", authentication_results=ANNA_CONFIRMED)
    assert roles(message_of(feed(raw)).ticket)["inna@example.org"] == Participant.Role.PROPOSED


def test_automatic_mail_brings_nobody_in(feed):
    raw = letter(cc="ktos@example.org", auto_submitted="auto-replied")
    assert roles(message_of(feed(raw)).ticket) == {"anna@example.com": "requester"}


@pytest.mark.parametrize(
    "forged",
    [
        {"authentication_results": ANNA_FORGED},
        {"sender": "anna@example.com, zly@example.org"},
        {"sender": ""},
    ],
)
def test_who_may_be_a_forger_is_a_stranger(forged, ticket, feed):
    quoted = "<hd.9b0c6c1e-0000-4000-8000-000000000001@sklep.example.pl>"

    message = message_of(feed(letter(in_reply_to=quoted, **forged)))

    assert message.ticket != ticket


def test_token_of_another_mailbox_is_refused(ticket, feed):
    """The code holds for the address that it was made for."""
    make_channel(settings={"address": "zwroty@sklep.example.pl"})
    stolen = tokens.reply_address(MAILBOX, ticket.ref).replace("pomoc+", "zwroty+")

    assert message_of(feed(letter(to=stolen))).ticket != ticket


def test_token_of_another_channel_of_the_shop_is_found(ticket, feed):
    """A customer answers what one mailbox sent, and the mail arrives in the other."""
    other = make_channel(settings={"address": "zwroty@sklep.example.pl"}, shop=ticket.shop)
    reply = letter(to=tokens.reply_address(MAILBOX, ticket.ref))

    assert message_of(feed(reply, other)).ticket == ticket


def test_token_in_the_envelope_counts(ticket, feed):
    address = tokens.reply_address(MAILBOX, ticket.ref)

    message = message_of(feed(letter(to="lista@example.org"), recipients=[address]))

    assert (message.ticket, message.threaded_by) == (ticket, Message.Rule.TOKEN)


def test_number_in_the_subject_helps_who_is_known(ticket, feed):
    known = letter(subject=f"Odp: paczka [#{ticket.number}]")
    stranger = letter(
        subject=f"paczka [#{ticket.number}]", sender="zly@example.org", message_id="<z@example.org>"
    )

    assert message_of(feed(known)).threaded_by == Message.Rule.SUBJECT
    assert message_of(feed(stranger)).ticket != ticket


def test_another_helpdesk_of_this_make_is_heard(feed):
    """Its people's answers are messages, its automatic mail is automatic; neither is ours."""
    name = "<hd.11111111-0000-4000-8000-000000000001@inny.example.org>"
    answer = letter(sender="biuro@inny.example.org", message_id=name)
    automatic = letter(
        "Otrzymaliśmy",
        sender="biuro@inny.example.org",
        message_id=name.replace("0001@", "0002@"),
        x_helpdesk_loop="inny.example.org",
    )

    assert not message_of(feed(answer)).automatic
    assert message_of(feed(automatic)).automatic


def test_our_own_address_as_sender_is_automatic(feed):
    assert message_of(feed(letter(sender=MAILBOX))).automatic

"""The demo exists in demo mode alone, and its customers speak the real protocols."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from demo import customer, messenger_talk
from demo.connections import demo_channels, point_graph_to, point_mail_to
from demo.standins import mail, meta
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PAGES = ["/demo/", "/demo/shop/"]


@pytest.fixture
def demo(settings, tmp_path, monkeypatch):
    settings.DEMO = True
    settings.DATA_DIR = tmp_path
    monkeypatch.setenv("HELPDESK_DEMO_PASSWORD", "a-password-of-the-demo")
    call_command("load_demo", verbosity=0)


@pytest.mark.parametrize("path", [*PAGES, "/demo/mail/", "/demo/messenger/"])
def test_without_demo_mode_there_is_no_demo(client, path):
    make_user()

    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


@pytest.mark.parametrize("command", ["load_demo", "run_standins"])
def test_without_demo_mode_its_commands_refuse(command):
    with pytest.raises(CommandError, match="demo mode"):
        call_command(command)
    assert not User.objects.exists()


def test_demo_has_a_sign_in_for_each_role(demo):
    for role in ("agent", "supervisor", "manager", "admin"):
        user = User.objects.get(email=f"{role}@demo.example")
        assert (user.role, user.is_demo) == (role, True)
        assert user.check_password("a-password-of-the-demo")


def test_second_start_finds_the_data_again(demo, capsys):
    users = User.objects.count()

    call_command("load_demo")

    assert User.objects.count() == users
    assert "a-password-of-the-demo" in capsys.readouterr().out


@pytest.mark.parametrize("path", PAGES)
def test_pages_show_without_a_sign_in(demo, client, path):
    assert client.get(path).status_code == 200


def test_mail_that_went_out_can_be_answered(demo, client, settings):
    with mail.serve() as port:
        # The customers' server plays the helpdesk's door as well: we look at what was sent.
        settings.SMTP_LISTEN = f"smtp://127.0.0.1:{port}"
        point_mail_to(port)
        form = {
            "name": "Anna Kowalska",
            "address": "anna@poczta.example",
            "channel": str(demo_channels("email")[0].public_id),
            "subject": "Gdzie jest paczka?",
            "text": "Czekam.",
        }
        assert client.post("/demo/mail/", form).status_code == 302
        [first] = mail.letters()
        client.post(f"/demo/mail/{first.key}/", {"text": "Jeszcze jedno pytanie."})

    second, _first = mail.letters()
    assert first.mail.from_.email == "anna@poczta.example"
    assert second.mail.in_reply_to == first.mail.message_id
    assert second.mail.subject == "Re: Gdzie jest paczka?"
    assert second.mail.text.startswith("Jeszcze jedno pytanie.")


def test_shut_door_is_told_in_words(settings):
    settings.SMTP_LISTEN = ""

    with pytest.raises(customer.NotTaken):
        customer.write_mail(
            name="", address="a@poczta.example", to="b@las.example", subject="", text="x"
        )


@pytest.mark.parametrize("key", ["../../keys/SECRET_KEY", "", "none"])
def test_only_letters_of_the_demo_are_read(demo, key):
    assert mail.letter(key) is None


def test_answer_on_messenger_is_seen_by_the_customer(demo):
    graph = messenger_talk.graph()
    graph.reports = False
    page = next(iter(messenger_talk.pages()))
    body = {
        "recipient": {"id": messenger_talk.PERSON},
        "messaging_type": "RESPONSE",
        "message": {"text": "Już sprawdzamy."},
    }
    with meta.serve(graph) as port:
        point_graph_to(port)
        answer = graph.handle(meta.Call("POST", [page.page_id, "messages"], {}, body), page.token)

    assert answer is not None
    assert answer.status == 200
    assert [line.text for line in messenger_talk.talk()] == ["Już sprawdzamy."]
    assert demo_channels("messenger")[0].connection.settings["api_base"].endswith(str(port))

"""Only the new words of a reply are shown, and none of them is lost."""

import json
import time
from pathlib import Path

import pytest

from channels_ingest.email.mime import parse
from channels_ingest.email.reply import fold, visible_text
from tickets.html import text_of

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text())["files"]
TRIMMED = sorted(name for name, wanted in EXPECTED.items() if "stripped_text" in wanted)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", TRIMMED)
def test_fixture_is_trimmed_as_expected(name):
    mail = parse((FIXTURES / name).read_bytes())

    wanted = squeezed(EXPECTED[name]["stripped_text"])

    assert squeezed(visible_text(mail.text, subject=mail.subject)) == wanted
    if mail.html:
        assert squeezed(visible_text(text_of(mail.html))) == wanted


QUOTE = "> Paczka została nadana.\n> Kasia"


@pytest.mark.parametrize(
    "attribution",
    [
        "niedz., 22 lis 2026 o 10:15 Sklep <pomoc@sklep.example.pl> napisał(a):",
        "niedz., 22 lis 2026 o 10:15 Sklep <pomoc@sklep.example.pl>\nnapisał(a):",
        "W dniu 22 listopada 2026 10:15 użytkownik Sklep <p@sklep.pl> napisał:",
        "W dniu 22.11.2026 o 10:15, Sklep pisze:",
        "Wiadomość napisana przez Sklep <p@sklep.pl> w dniu 22 lis 2026, o godz. 10:15:",
        "> Wiadomość napisana przez Sklep <p@sklep.pl> w dniu 22 lis 2026, o godz. 10:15:",
        "Dnia 22 listopada 2026 10:15 Sklep <p@sklep.pl> napisała:",
        "----- 22 lis 2026 o 10:15, Sklep p@sklep.pl napisał(a):",
        "W dniu 2026-11-22 10:15:03 użytkownik Sklep <p@sklep.pl> napisał:",
        "On Sun, Nov 22, 2026 at 10:15 AM Sklep <p@sklep.pl> wrote:",
        "Am 22.11.2026 um 10:15 schrieb Sklep <p@sklep.pl>:",
        "Le dim. 22 nov. 2026 à 10:15, Sklep <p@sklep.pl> a écrit :",
        "2026-11-22 10:15 GMT+01:00 Sklep <p@sklep.pl>:",
        "Sklep <p@sklep.pl> schrieb am Fr., 28.\nNov. 2026 um 11:53 Uhr:",
        "Em ter., 17 de nov. de 2026 às 13:18, Sklep <p@sklep.pl>\nescreveu:",
        'вт, 17 нояб. 2026 г. в 13:18, "Sklep" <p@sklep.pl>:',
        "Quoting Sklep <p@sklep.pl>:",
        "-----Wiadomość oryginalna-----",
        "-----Original Message-----",
        "Od: Sklep <p@sklep.pl>\nWysłano: niedziela, 22 listopada 2026 10:15\nDo: Anna\nTemat: Re",
        "*From:* Sklep <p@sklep.pl>\n*Sent:* Sunday\n*To:* Anna\n*Subject:* Re",
        "________________________________\nOd: Sklep\nWysłano: dziś\nDo: Anna\nTemat: Re",
        "",
    ],
)
def test_quote_is_folded(attribution):
    text = f"Dziękuję, czekam.\n\n{attribution}\n{QUOTE}\n"

    parts = fold(text)

    assert parts.shown == "Dziękuję, czekam."
    assert parts.folded.endswith("Kasia")


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnna Testowa\ntel. 999 000 000",
        "Wysłane z iPhone’a",
        "Wysłano z iPhone'a",
        "Wysłane z mojego telefonu Samsung",
        "Pobierz aplikację Outlook dla systemu Android",
        "Sent from my Pixel",
        "Pozdrawiam",
        "Pozdrawiam,\nAnna Testowa",
        "Z wyrazami szacunku\nAnna Testowa\nul. Prosta 1, 00-001 Warszawa",
        "Pozdrawiam\nAnna\n\nInformacja zawarta w tej wiadomości jest poufna.",
    ],
)
def test_signature_is_folded(signature):
    assert visible_text(f"Proszę o fakturę.\n\n{signature}\n") == "Proszę o fakturę."


@pytest.mark.parametrize(
    "text",
    [
        "Odpowiadam:\n> Czy adres jest poprawny?\nTak.\n> Czy paczkomat?\nNie.",
        "Przekazuję.\n\n---------- Forwarded message ---------\nOd: Jan <j@x.pl>\n\nZwrot butów.",
        "Pozdrawiam\nAnna\n\nPS. Proszę dzwonić po 16, bo wcześniej pracuję.",
        "Pozdrawiam i proszę o szybki zwrot pieniędzy na konto.",
        "Przesyłka:\nOd: Warszawa\nDo: Kraków\nData: 12.12.2026\nproszę o wycenę",
        "W dniu 22.11.2026 kurier napisał: nikogo nie ma w domu. To nieprawda.",
        "Kasia napisała mi 22.11.2026 o 10:15 coś takiego:\nproszę czekać",
        "> tylko cytat",
        "Z poważaniem\nAnna",
        "On Sunday I wrote to you and nobody answered:\nwhere is my parcel?",
        "",
    ],
)
def test_nothing_is_folded(text):
    assert squeezed(visible_text(text)) == squeezed(text)


def test_sentence_before_an_attribution_stays():
    text = f"W dniu odbioru nie było mnie w domu...\nSklep <p@sklep.pl> napisał(a):\n{QUOTE}"

    assert visible_text(text) == "W dniu odbioru nie było mnie w domu..."


def test_forward_by_its_subject_is_left_whole():
    text = "Proszę o pomoc.\n\n-------- Wiadomość oryginalna --------\nZwrot butów."

    assert visible_text(text, subject="PD: zwrot") == text
    assert visible_text(text, subject="Re: zwrot") == "Proszę o pomoc."


def test_answer_below_the_quote_is_shown():
    text = f"On Sun, Nov 22, 2026 at 10:15 AM Sklep <p@sklep.pl> wrote:\n{QUOTE}\n\nTak, proszę."

    assert visible_text(text) == "Tak, proszę."


HOSTILE = [
    ">", "> a\nx\n", "x\n> a\n", "on at ", "e", "t\n", "-----", "_____\n", "Od: a\n", "wrote ",
    "On x <a@b.pl> wrote:\n> a\nb\n", "On 10:15 a@b.pl \n", "From: a@b\nTo: b\nSent: x\nb\n",
    "W dniu 10:15 22.11.2026 napisał:\nx\n", "Pozdrawiam\n", "--\nx\n", "Wysłane z ", "a@", " ",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_marks_costs_little(piece):
    row = (piece.replace("\n", " ") * (150 // len(piece) + 1))[:150]
    texts = [piece * (1_000_000 // len(piece)), f"{row}\n" * 4900, "> a\n" * 4000 + row]
    began = time.process_time()

    for text in texts:
        visible_text(text)

    assert time.process_time() - began < 3

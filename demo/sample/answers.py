"""Prepared answers of a shop, as its agents would have written them: folder, name, text."""

_BODIES = {
    ("Wysyłka", "Paczka w drodze"): """\
Paczka jest już u kuriera i powinna dotrzeć w ciągu dwóch dni roboczych. Gdy tylko trafi do \
doręczenia, przyjdzie SMS z godziną.""",
    ("Wysyłka", "Opóźniona paczka"): """\
Przepraszam za opóźnienie. Sprawdzam u kuriera, gdzie jest przesyłka, i odezwę się jeszcze dziś.""",
    ("Zwroty", "Zwrot: jak odesłać"): """\
Towar można odesłać w ciągu 14 dni od odbioru, bez podania przyczyny. Proszę dołączyć numer \
zamówienia; pieniądze oddamy w ciągu 14 dni.""",
    ("Zwroty", "Zwrot przyjęty"): """\
Zwrot dotarł do nas w dobrym stanie. Pieniądze wrócą tą samą drogą, którą przyszła zapłata, \
najpóźniej za 14 dni.""",
    ("Reklamacje", "Prośba o zdjęcie"): """\
Przykro mi, że coś jest nie tak. Proszę o zdjęcie uszkodzenia i opakowania w odpowiedzi na tę \
wiadomość, a od razu zajmę się reklamacją.""",
    ("", "Podziękowanie"): """\
Dziękuję za wiadomość i cieszę się, że wszystko gra. W razie czego jestem do dyspozycji.""",
}
_HELLO = "Dzień dobry, {{customer.salutation|Państwo}}!"
_BYE = "Pozdrawiam\n{{agent.name}}\n{{shop.name}}"

CANNED_REPLIES = [
    (folder, name, f"{_HELLO}\n\n{body}\n\n{_BYE}") for (folder, name), body in _BODIES.items()
]

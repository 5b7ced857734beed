"""Recognises a message that says thanks and nothing more: it asks for no answer.

Rather misses one than takes a question for thanks: each word must be one of those below, and a
digit or a question mark ends it.
"""

import re

from helpdesk.morphology import fold

_SAYS_THANKS = frozenset(
    "dziekuje dziekujemy dziekuja dzieki dziena dzienki podziekowania thx thanks thank".split()
)
_GOES_WITH_IT = frozenset(
    """
    a bardzo ciagu co czas dalszej dnia dobre dobry dobrze dobrego do dzien fajnie i informacje
    jeszcze jestescie juz kontakt kochani kolejne mila mile milego mi mily na naprawde o ok okej
    odpowiedz oki pan pana pani panstwa panstwo panu pieknie pomoc pomocny pomocna porada porade
    powodzenia pozdrawiam pozdrawiamy pozdrowienia raz reakcje rowniez serdecznie serdeczne
    serdecznym sie slicznie spokojnego super swietnie szybka szybkie szybki tak tez to tygodnia
    udalo weekendu wielkie wieczoru wszystko wspaniale wyjasnienie w z za zadowolona zadowolony
    zalatwione zgadza zobaczenia zyczliwosc zycze all and appreciated best for great help much
    okay perfect quick regards reply so very you your
    """.split()
)
_MOST_WORDS = 20
_NAMES_AT_THE_END = 3


def is_all(text: str) -> bool:
    """Whether the customer only thanks; a name may stand at the end."""
    if "?" in text or re.search(r"\d", text):
        return False
    words = re.findall(r"\w+", text)
    folded = [fold(word) for word in words]
    if not 0 < len(words) <= _MOST_WORDS or not _SAYS_THANKS & set(folded):
        return False
    known = _SAYS_THANKS | _GOES_WITH_IT
    strange = [place for place, word in enumerate(folded) if word not in known]
    return all(
        words[place][:1].isupper() and place >= len(words) - _NAMES_AT_THE_END for place in strange
    )

"""What customers of Polish shops write about, and how they are answered.

`turns` alternate: the customer, the shop, the customer, ... Words in braces are filled in.
"""

from dataclasses import dataclass

from tickets.reasons import USUAL


@dataclass(frozen=True)
class Story:
    reason: str
    subject: str
    turns: tuple[str, ...]
    tags: tuple[str, ...] = ()
    weight: int = 1


REASONS = {usual.slug: usual.name for usual in USUAL}

TAGS = {
    "przesylka": "przesyłka",
    "zwrot": "zwrot",
    "reklamacja": "reklamacja",
    "faktura": "faktura",
    "vip": "VIP",
    "hurt": "hurt",
    "pilne": "pilne",
}

PRODUCTS = (
    "kubek emaliowany",
    "buty trekkingowe Turnia",
    "sukienka lniana Wisła",
    "plecak miejski 20 l",
    "kawa ziarnista Poranek 1 kg",
    "lampka biurkowa Świt",
    "koc wełniany Hala",
    "zestaw noży kuchennych",
    "kurtka przeciwdeszczowa Bryza",
    "świeca sojowa Las",
)

STORIES = (
    Story(
        "wismo",
        "Gdzie jest moja paczka?",
        (
            (
                "Dzień dobry,\n\nzamówienie {order} miało być wczoraj, a śledzenie {parcel} stoi od "
                "dwóch dni w tym samym miejscu. Czy wiadomo, kiedy dotrze? Potrzebuję tego na "
                "piątek.\n\n{name}"
            ),
            (
                "Dzień dobry,\n\nprzepraszamy za opóźnienie. Przesyłka {parcel} jest w sortowni w "
                "Krakowie, kurier doręczy ją jutro do godziny 12:00. Sprawdzimy to jeszcze dziś po "
                "południu i damy znać."
            ),
            "Dziękuję, czekam w takim razie do jutra.",
            (
                "Dzień dobry,\n\npaczka czeka już w paczkomacie, kod odbioru przyszedł SMS-em. "
                "Miłego dnia!"
            ),
        ),
        ("przesylka",),
        weight=6,
    ),
    Story(
        "return",
        "Zwrot zamówienia {order}",
        (
            (
                "Dzień dobry, {product} okazał się inny niż na zdjęciu. Chcę zwrócić całe "
                "zamówienie {order}. Jak to zrobić?\n\nPozdrawiam\n{name}"
            ),
            (
                "Dzień dobry,\n\nna zwrot jest 14 dni od otrzymania paczki. Wystarczy wypełnić "
                "formularz, który przesyłamy w załączniku, i nadać paczkę w dowolnym paczkomacie. "
                "Pieniądze oddamy w ciągu 14 dni od otrzymania oświadczenia."
            ),
            "Paczka nadana dziś rano, numer {parcel}.",
            "Dziękujemy, przesyłka dotarła do magazynu. Zwrot pieniędzy zlecimy jutro.",
        ),
        ("zwrot",),
        weight=4,
    ),
    Story(
        "return_status",
        "Kiedy zwrot pieniędzy za {order}?",
        (
            (
                "Towar odesłany ponad tydzień temu (paczka {parcel}), a na koncie nadal nic nie ma. "
                "Proszę o informację, kiedy dostanę przelew.\n{name}"
            ),
            (
                "Dzień dobry,\n\nzwrot {amount} zł zleciliśmy dzisiaj na rachunek, z którego przyszła "
                "płatność. Zaksięgowanie trwa zwykle do dwóch dni roboczych."
            ),
            "Przelew doszedł, dziękuję.",
        ),
        ("zwrot",),
        weight=2,
    ),
    Story(
        "complaint",
        "Reklamacja: {product}",
        (
            (
                "Dzień dobry,\n\nskładam reklamację. {product} po trzech tygodniach jest do niczego, "
                "odkleja się na szwie. Oczekuję naprawy albo wymiany na nowy. Zamówienie {order}, "
                "zdjęcia mogę dosłać.\n\n{name}"
            ),
            (
                "Dzień dobry,\n\nprzykro nam. Przyjęliśmy reklamację i odpowiemy na nią najpóźniej w "
                "ciągu 14 dni. Prosimy o dwa zdjęcia uszkodzonego miejsca, to przyspieszy decyzję."
            ),
            "W załączeniu zdjęcia. Proszę o szybkie rozpatrzenie.",
            "Dziękujemy. Reklamacja jest uznana, nowy produkt wyślemy jutro bez opłat.",
        ),
        ("reklamacja",),
        weight=2,
    ),
    Story(
        "damaged_in_transit",
        "Paczka przyszła uszkodzona",
        (
            (
                "Karton był rozerwany, a {product} potłuczony. Kurier nie chciał spisać protokołu. Co "
                "teraz? Nr zamówienia {order}."
            ),
            (
                "Dzień dobry,\n\nbardzo przepraszamy. Prosimy o zdjęcie kartonu i zawartości, "
                "zgłosimy szkodę przewoźnikowi. Nową sztukę wyślemy od razu, nie czekając na jego "
                "decyzję."
            ),
            "Super, dziękuję za szybką reakcję!",
        ),
        ("reklamacja", "przesylka"),
        weight=1,
    ),
    Story(
        "change_address",
        "Zmiana paczkomatu w {order}",
        (
            (
                "Hej, w zamówieniu {order} jest zły paczkomat. Da się zmienić na KRA01A? Dziękuję "
                "bardzo"
            ),
            (
                "Dzień dobry,\n\nzmieniliśmy punkt odbioru na KRA01A. Etykieta wydrukuje się z nowym "
                "adresem."
            ),
        ),
        ("przesylka",),
        weight=2,
    ),
    Story(
        "invoice",
        "Faktura do zamówienia {order}",
        (
            (
                "Dzień dobry, proszę o fakturę na firmę do zamówienia {order}. NIP podałem przy "
                "zakupie.\n\n{name}"
            ),
            (
                "Dzień dobry,\n\nw załączeniu przesyłamy fakturę. Jej numer KSeF jest w stopce "
                "dokumentu."
            ),
            "Dziękuję, wszystko się zgadza.",
        ),
        ("faktura",),
        weight=2,
    ),
    Story(
        "size",
        "Jaki rozmiar wybrać?",
        (
            (
                "Dzień dobry, mam 170 cm wzrostu i 96 cm w biodrach. Lepiej wziąć M czy L? Chodzi o "
                "{product}."
            ),
            (
                "Dzień dobry,\n\nprzy tych wymiarach polecamy M. Model jest lekko luźny, a wymiana na "
                "inny rozmiar jest u nas bezpłatna."
            ),
        ),
        weight=2,
    ),
    Story(
        "availability",
        "Czy będzie jeszcze {product}?",
        (
            "Cześć, kiedy {product} wróci na stan? Chcę kupić dwie sztuki na prezent.",
            (
                "Dzień dobry,\n\nnowa dostawa przyjedzie w przyszłym tygodniu. Możemy odłożyć dwie "
                "sztuki, wystarczy potwierdzić tutaj."
            ),
            "Poproszę o odłożenie, dzięki!",
        ),
        weight=2,
    ),
    Story(
        "payment",
        "Zapłacone, a status „nieopłacone”",
        (
            (
                "Płatność BLIKIEM na {amount} zł: pieniądze zeszły z konta, a w sklepie dalej "
                "„oczekuje na płatność”. Zamówienie {order}."
            ),
            (
                "Dzień dobry,\n\npłatność dotarła do nas z opóźnieniem, zamówienie {order} jest już "
                "opłacone i trafiło do pakowania."
            ),
        ),
        weight=1,
    ),
    Story(
        "discount",
        "Kod rabatowy nie działa",
        (
            "Kod JESIEN15 nie nalicza rabatu, a miał być ważny do końca miesiąca. Proszę o pomoc.",
            (
                "Dzień dobry,\n\nkod nie łączy się z produktami z wyprzedaży. W ramach przeprosin "
                "za niejasny opis przesyłamy kod na bezpłatną dostawę: DOSTAWA0."
            ),
            "Rozumiem, dziękuję za kod.",
        ),
        weight=1,
    ),
    Story(
        "cancel",
        "Proszę anulować zamówienie {order}",
        (
            (
                "Poszło dwa razy i mam podwójne zamówienie. Proszę anulować {order}, drugie "
                "zostaje.\n{name}"
            ),
            "Dzień dobry,\n\nzamówienie {order} jest anulowane, zwrot {amount} zł już zlecony.",
        ),
        weight=1,
    ),
    Story(
        "product_question",
        "Pytanie o {product}",
        (
            "Dzień dobry, czy {product} można prać w pralce, czy tylko ręcznie?",
            "Dzień dobry,\n\ntak, w 30 stopniach, bez wirowania. Instrukcja jest też na wszywce.",
        ),
        weight=2,
    ),
    Story(
        "exchange",
        "Wymiana na większy rozmiar",
        (
            "Chcę wymienić {product} na rozmiar większy. Zamówienie {order}, metki są.",
            (
                "Dzień dobry,\n\nodłożyliśmy większy rozmiar. Prosimy odesłać paczkę, nowy wyślemy, "
                "gdy tylko dotrze."
            ),
            "Wysłane, numer {parcel}.",
        ),
        ("zwrot",),
        weight=1,
    ),
    Story(
        "account_login",
        "Nie mogę się zalogować",
        (
            "Po zmianie hasła sklep pisze, że konto nie istnieje. Mam tam punkty, proszę o pomoc.",
            (
                "Dzień dobry,\n\nkonto było przypisane do starego adresu e-mail. Poprawiliśmy to, "
                "punkty są na miejscu."
            ),
        ),
        weight=1,
    ),
    Story(
        "praise_complaint_service",
        "Dziękuję za obsługę",
        (
            (
                "Dziękuję za obsługę, paczka była w jeden dzień i pięknie zapakowana. "
                "Polecam! {name}"
            ),
            "Bardzo nam miło, dziękujemy! Pozdrawiamy całym zespołem.",
        ),
        weight=1,
    ),
)

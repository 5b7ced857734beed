"""The marks by which mail programs set quotes and signatures apart, in the languages customers use.

Every pattern is tried on at most a few short lines, and its repetitions are bounded.
"""

import re


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# ---------------------------------------------------------------- attributions: "On ... wrote:"

_WROTE = (
    r"wrote|writes|napisa[łl](?:\(a\)|a|o)?|pisze|pisa[łl](?:\(a\)|a)?|schrieb|schreef|geschreven"
    r"|(?:a|à) [ée]crit|ha scritto|escribi[óo]|escreveu|skrev|kirjoitti|napsal(?:\(a\)|a)?"
    r"|nap[íi]sal(?:\(a\)|a)?|(?:ezt )?[íi]rta|a scris|пишет|пише|написал(?:\(а\)|а)?"
    r"|писал(?:\(а\)|а)?|написав|כתב(?:ה|/ה)?|מאת|كتب|yazdı|đã viết|έγραψε"
)
VERB = _any_of(rf"(?<![^\W\d_])(?:{_WROTE})(?![^\W\d_])", "写道|寫道|のメール|書きました|作成|작성")

_WEEKDAY = (
    r"(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|pon|wt|śr|sr|czw|pt|sob|niedz|poniedziałek|wtorek|środa|czwartek|piątek|sobota|niedziela"
    r"|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|пн|вт|ср|чт|пт|сб|вс|man|tir|ons|tor|fre"
    r"|lør|søn|ma|ti|ke|to|pe|la|su|po|út|st|čt|pá|ne|seg|ter|qua|qui|sex|sáb|mié|jue|vie|gio|dom)"
)
# How an attribution can begin; nothing else is joined over several lines.
OPENING = _any_of(
    r"-{2,}\s?(?:on\s|\d)|quoting\s",
    r"on\s|at\s\d|w\s+dniu\b|dnia\s|wiadomo[śs][ćc] napisana przez\b",
    r"am\s|op\s|le\s|il\s|in\sdata\s|el\s|em\s|den\s|dne\s|dňa\s|la\sdata|v\s",
    rf"{_WEEKDAY}\b\.?,?\s{{1,3}}(?:\d|[^\s\d]{{1,12}}\s\d)",
    r"\d{1,4}[./年-]\s?\d{1,2}|\d{1,2}:\d\d|\d{1,2}\.?\s[^\W\d_]{3,12}\.?\s\d{4}",
    r"在\s?\d|בתאריך|ב-?\d|في\s",
)
NAME_AND_ADDRESS = re.compile(r"[^<>@\n]{0,80}<[^<>\s]{1,100}@[^<>\s]{1,150}>")
ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}\.[\w.-]{1,200}")
CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d\d(?!\d)")
DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}年"
    r"|\d{1,2}\.? [^\W\d_]{3,12}\.? \d{4}"
)
# A line that ends so is a sentence's last, and no attribution goes on behind it.
ENDS_SENTENCE = re.compile(r"(?:[!?]|\.\.|…|[^\W\d_]{4,}\.)$")
SHORT_ATTRIBUTION = re.compile(rf".{{1,80}}\b(?:{_WROTE})\s?:", re.IGNORECASE)
ENDS_ATTRIBUTION = _any_of(r"(?::|：|-{2,}|\bwrote|escribió)\s*$")
# Gmail of old, and some telephones: a date, a name, an address, and no verb.
BARE_ATTRIBUTION = _any_of(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[^<>\n]{1,120}<[^<>\s]{1,100}@[^<>\s]{1,150}>\s*:?$",
    r"[^<>\n]{0,40}\d{1,2}:\d\d[^<>\n]{1,160}<[^<>\s]{1,100}@[^<>\s]{1,150}>\s*:$",
    r"quoting [^<>\n]{1,100}(?:<[^<>\s]{1,250}>)?\s*:$",
)

# ---------------------------------------------------------------- header blocks, as Outlook has

_LABELS = {
    "from": "od|from|von|de|da|van|från|fra|от|від|expéditeur|remitente|mittente|发件人|寄件者"
    "|差出人|보낸 사람|lähettäjä|feladó|odesílatel|nadawca",
    "sent": "wysłano|wysłane|sent|gesendet|envoyé|enviado|enviado el|inviato|verzonden|skickat"
    "|sendt|отправлено|надіслано|发送时间|送信日時|lähetetty|odesláno",
    "date": "data|date|datum|fecha|dato|дата|日期|日付|päivä",
    "to": "do|to|an|à|para|a|aan|till|til|кому|收件人|宛先|받는 사람|komu|vastaanottaja|címzett"
    "|pour",
    "cc": "dw|udw|cc|bcc|kopia|копия|kopie|副本",
    "subject": "temat|subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|тема|主题"
    "|主旨|件名|제목|předmět|aihe|tárgy|konu",
    "other": "reply-to|odpowiedz do|importance|ważność|attachments|załączniki|risposta"
    "|organization|priority",
}
_KIND_OF = {word: kind for kind, words in _LABELS.items() for word in words.split("|")}
_LABEL = _any_of(
    r"[*_>\s]{0,8}("
    + "|".join(sorted(map(re.escape, _KIND_OF), key=len, reverse=True))
    + r")\s?[*_]{0,2}\s?[:：]"
)


def label_kind(line: str) -> str:
    """The kind of header label that a line begins with; '' for any other line."""
    found = _LABEL.match(line)
    return _KIND_OF[found[1].lower()] if found else ""


# ---------------------------------------------------------------- separators

_SEPARATOR = re.compile(
    r"(?:original (?:message|appointment|e-?mail)|wiadomo[śs][ćc] oryginalna"
    r"|oryginalna wiadomo[śs][ćc]|repl(?:y|ied) message|urspr[üu]ngliche (?:nachricht|mitteilung)"
    r"|original-?nachricht|message d.origine|message original|messaggio originale"
    r"|oorspronkelijk bericht|mensaje original|mensagem original|ursprungligt meddelande"
    r"|opprinnelig melding|oprindelig meddelelse|исходное сообщение|původní zpráva"
    r"|原始邮件|原始郵件)(?:\s{0,3}-{2,}.{0,40})?",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"(?:forwarded (?:message|by)|przekazana wiadomo[śs][ćc]|wiadomo[śs][ćc] przekazana"
    r"|przes[łl]ana wiadomo[śs][ćc]|weitergeleitete nachricht|message transf[ée]r[ée]"
    r"|messaggio inoltrato|mensaje reenviado|doorgestuurd bericht|пересылаемое сообщение).{0,80}",
    re.IGNORECASE,
)
_FORWARD_ALONE = re.compile(
    r"(?:begin forwarded message|pocz[ąa]tek przekazywanej wiadomo[śs]ci"
    r"|anfang der weitergeleiteten nachricht"
    r"|d[ée]but du message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée]))\s?:?",
    re.IGNORECASE,
)
FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|pd|tr|wg|i|rv|enc|doorst)\s*:", re.IGNORECASE)
REPLY_ABOVE = _any_of(
    r".{0,40}(?:(?:reply|respond|type your reply|write)\s(?:to this \S{1,10}\s)?above\s"
    r"(?:this|the)\s"
    r"(?:line|dotted)|reply above this|odpowiedz powy[żz]ej|powy[żz]ej tej linii"
    r"|über dieser (?:zeile|linie)).{0,60}",
)
RULE = re.compile(r"[_\-=*‗—]{5,}")
UNDERSCORES = re.compile(r"_{20,}")
_FRAME = "-_=* "


def is_separator(line: str) -> bool:
    """`-----Original Message-----` and its like."""
    return "--" in line[:45] and _SEPARATOR.fullmatch(line.strip(_FRAME)) is not None


def is_forward(line: str) -> bool:
    """`---------- Forwarded message ---------` and its like, quoted or not."""
    line = line.lstrip("> ")
    if _FORWARD_ALONE.fullmatch(line):
        return True
    return "--" in line[:45] and _FORWARD.fullmatch(line.strip(_FRAME)) is not None


# ---------------------------------------------------------------- signatures

SIGNATURE_DASHES = re.compile(r"--|—")
_FRAME_OF_MOBILE = r"[>\s]{0,4}[-_(\[<*]{0,3}\s?"
MOBILE = re.compile(
    _FRAME_OF_MOBILE + r"(?:"
    r"(?:wys[łl]an[eoay]|wiadomo[śs][ćc] wys[łl]ana)\s(?:z|za|przez)\s(?:pomoc[ąa] )?"
    r"(?:mojego |mojej |aplikacji |urz[ąa]dzenia |telefonu |smartfon[au] |tableta |poczty"
    r" |programu |darmowej )?"
    r"(?:iphon|ipad|telefon|samsung|galaxy|smartfon|tablet|android|huawei|xiaomi|motorol|sony|nokia"
    r"|lg\b|honor|redmi|oppo|realme|pixel|poczt|wp\b|onet|interi|o2\b|gmail|outlook|yahoo|mail"
    r"|proton|thunderbird|urz[ąa]dzeni|komórk|windows|skrzynk|blackberry|mobiln)\S{0,30}.{0,60}"
    r"|pobierz (?:aplikacj[ęe] )?(?:outlook|gmail|poczt).{0,80}"
    r"|sent (?:from|with|by|via|using) (?:my |the |an? )?\S.{0,60}|get outlook for .{0,60}"
    r"|(?:von meinem|gesendet von|diese nachricht wurde von mein).{0,60}"
    r"(?:gesendet|iphone|ipad|handy|mobil|android|samsung|outlook|mail).{0,30}"
    r"|envoy[ée] (?:de|depuis) (?:mon|ma|l.).{0,60}|inviato (?:da|dal).{0,60}"
    r"|enviado (?:desde|do) (?:mi|meu|o).{0,60}|verstuurd vanaf mijn.{0,60}"
    r"|verzonden (?:vanaf|met).{0,60}|skickat från min.{0,60}|sendt fra min.{0,60}"
    r"|odesláno z.{0,60}|отправлено (?:с|из).{0,60}"
    r")[)\]>*.]{0,3}",
    re.IGNORECASE,
)
# With up to four words behind them: the name.
CLOSING = re.compile(
    r"(?:(?:bardzo |najserdeczniej |serdecznie |gor[ąa]co |ciep[łl]o |przesy[łl]am"
    r" |z g[óo]ry dzi[ęe]kuj[ęe] i |dzi[ęe]kuj[ęe] i |[łl]ącz[ęe] )?"
    r"(?:pozdrawiamy?|pozdrowienia|pozdr\.?|wyrazy szacunku)"
    r"(?: (?:serdecznie|ciep[łl]o|gor[ąa]co|cieplutko|i [żz]ycz[ęe] mi[łl]ego dnia))?"
    r"|z (?:wyrazami )?(?:powa[żz]aniem|szacunkiem|szacunku|uszanowaniem)"
    r"|z (?:serdecznymi |najlepszymi )?pozdrowieniami)"
    r"[\s,.!:;)]{0,4}(?:[^\W\d_][\w.'-]{0,30}[\s,.]{0,3}){0,4}",
    re.IGNORECASE,
)
ENGLISH_CLOSING = re.compile(
    r"(?:(?:with )?(?:best|kind|warm)(?:est)? regards|yours (?:sincerely|faithfully)"
    r"|sincerely(?: yours)?)[\s,.!]{0,3}",
    re.IGNORECASE,
)
LEGAL = _any_of(
    r"informacj[ae] zawart[ae] w |tre[śs][ćc] (?:tej|niniejszej) wiadomo[śs]ci",
    r"(?:uwaga:? )?(?:ta|niniejsza) wiadomo[śs][ćc].{0,60}"
    r"(?:poufn|zawiera|przeznaczon|jest skierowan)",
    r"administratorem (?:pa[ńn]stwa |pana/pani |pani/pana |twoich )?danych",
    r"klauzula (?:poufno[śs]ci|informacyjna|rodo)|zgodnie z art\.? 13",
    r"this (?:e-?mail|message|communication).{0,80}(?:confidential|intended|privileged)",
    r"the information (?:contained )?in this|confidentiality notice|disclaimer\b",
    r"prosimy (?:o )?(?:nie )?drukowa|pomy[śs]l o [śs]rodowisku|zanim wydrukujesz",
    r"please consider the environment",
)
CONTACT = _any_of(
    r"\b(?:tel|kom|mob|fax|faks|phone|nip|krs|regon|www|ul\.|al\.|e-?mail)\b|@|https?://",
    r"\d{3}[ -]?\d{3}|\d\d-\d{3}\b",
)
POSTSCRIPT = _any_of(r"\s*(?:p\.?\s?s\.?|dopisek|pps)\b[\s:.,-]")

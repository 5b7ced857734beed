"""The marks by which mail programs set quotes and signatures apart, in the languages customers use.

Every pattern is tried on at most a few short lines, and its repetitions are bounded.
"""

import re

# ---------------------------------------------------------------- attributions: "On ... wrote:"

_VERB = (
    r"(?:wrote|writes|napisa[łl](?:\(a\)|a|o)?|pisze|pisa[łl](?:\(a\)|a)?|schrieb|schreef|geschreven|(?:a|à) [ée]crit"
    r"|ha scritto|escribi[óo]|escreveu|skrev|kirjoitti|napsal(?:\(a\)|a)?|nap[íi]sal(?:\(a\)|a)?|(?:ezt )?[íi]rta|a scris"
    r"|пишет|пише|написал(?:\(а\)|а)?|писал(?:\(а\)|а)?|написав|写道|寫道|のメール|書きました|작성|כתב(?:ה|/ה)?|מאת|كتب|yazdı|đã viết|έγραψε)"
)
VERB = re.compile(rf"(?<![^\W\d_]){_VERB}(?![^\W\d_])|写道|寫道|のメール|作成|작성", re.I)
# Words and forms that an attribution can begin with; only these are joined over several lines.
_WEEKDAY = (
    r"(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|pon|wt|śr|sr|czw|pt|sob|niedz|poniedziałek|wtorek|środa|czwartek|piątek|sobota|niedziela"
    r"|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|пн|вт|ср|чт|пт|сб|вс)"
)
OPENING = re.compile(
    rf"""(?ix)
      -{{2,}}\s?(?:on\s|\d) | on\s | at\s\d | w\s+dniu\b | dnia\s | wiadomo[śs][ćc]\ napisana\ przez\b | (?:begin|start)\ quote
    | am\s | op\s | le\s | il\s | in\sdata\s | el\s | em\s | den\s | dne\s | dňa\s | la\sdata | v\s | le\b
    | {_WEEKDAY}\b\.?,?\s | \d{{1,4}}[./年-]\s?\d{{1,2}} | \d{{1,2}}:\d\d | \d{{1,2}}\.?\s[^\W\d_]{{3,12}}\.?\s\d{{4}}
    | 在\s?\d | בתאריך | ב-?\d | في\s
    """
)
NAME_AND_ADDRESS = re.compile(r"[^<>@\n]{0,80}<[^<>\s]{1,100}@[^<>\s]{1,150}>")
ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}\.[\w.-]{1,200}")
CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d\d(?!\d)")
DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}年|\d{1,2}\.? [^\W\d_]{3,12}\.? \d{4}"
)
ENDS_ATTRIBUTION = re.compile(r"(?::|：|-{2,}|\bwrote|escribió)\s*$", re.I)
# Gmail of old, and some telephones: a date, a name, an address, and no verb.
BARE_ATTRIBUTION = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[^<>\n]{1,120}<[^<>\s]{3,200}@[^<>\s]{3,200}>\s*:?$"
    r"|\d{1,2}:\d\d[^<>\n]{1,160}<[^<>\s]{3,200}@[^<>\s]{3,200}>\s*:$",
    re.I,
)

# ---------------------------------------------------------------- header blocks of Outlook and others

LABELS = {
    "from": "od|from|von|de|da|van|från|fra|от|від|expéditeur|remitente|mittente|发件人|寄件者|差出人|보낸 사람|lähettäjä|feladó|odesílatel|nadawca",
    "sent": "wysłano|wysłane|sent|gesendet|envoyé|enviado|enviado el|inviato|verzonden|skickat|sendt|отправлено|надіслано|发送时间|送信日時|lähetetty|odesláno",
    "date": "data|date|datum|fecha|dato|дата|日期|日付|päivä",
    "to": "do|to|an|à|para|a|aan|till|til|кому|收件人|宛先|받는 사람|komu|vastaanottaja|címzett|pour",
    "cc": "dw|udw|cc|bcc|kopia|копия|kopie|副本",
    "subject": "temat|subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|тема|主题|主旨|件名|제목|předmět|aihe|tárgy|konu",
    "other": "reply-to|odpowiedz do|importance|ważność|attachments|załączniki|risposta|organization|priority",
}
_KIND_OF = {word: kind for kind, words in LABELS.items() for word in words.split("|")}
_LABEL = re.compile(
    r"[*_>\s]{0,8}("
    + "|".join(sorted(map(re.escape, _KIND_OF), key=len, reverse=True))
    + r")\s?[*_]{0,2}\s?[:：]",
    re.I,
)

# ---------------------------------------------------------------- separators

SEPARATOR = re.compile(
    r"""(?ix)
      [-_=*\s]{0,40}-{2,}\s*(?:original\ (?:message|appointment|e-?mail)|wiadomo[śs][ćc]\ oryginalna|oryginalna\ wiadomo[śs][ćc]|reply\ message|replied\ message
        |urspr[üu]ngliche\ (?:nachricht|mitteilung)|original-?nachricht|message\ d.origine|message\ original|messaggio\ originale|oorspronkelijk\ bericht
        |mensaje\ original|mensagem\ original|ursprungligt\ meddelande|opprinnelig\ melding|oprindelig\ meddelelse|исходное\ сообщение|пересылаемое|původní\ zpráva|原始邮件|原始郵件)\s*-{2,}.{0,40}
    | -{2,}\s*on\s.{6,200}wrote\s*-{2,}
    """
)
REPLY_ABOVE = re.compile(
    r"""(?ix) .{0,40}(?:(?:reply|respond|type\ your\ reply|write)\s(?:to\ this\ \S{1,10}\s)?above\s(?:this|the)\s(?:line|dotted)|reply\ above\ this|odpowiedz\ powy[żz]ej|powy[żz]ej\ tej\ linii|über\ dieser\ (?:zeile|linie)).{0,60} """
)
RULE = re.compile(r"[_\-=*‗—]{5,}\s*")
UNDERSCORES = re.compile(r"_{20,}\s*")
FORWARD = re.compile(
    r"""(?ix)
      [-_=\s>]{0,40}-{2,}\s*(?:forwarded\ (?:message|by)|przekazana\ wiadomo[śs][ćc]|wiadomo[śs][ćc]\ przekazana|przes[łl]ana\ wiadomo[śs][ćc]|weitergeleitete\ nachricht|message\ transf[ée]r[ée]|messaggio\ inoltrato|mensaje\ reenviado|doorgestuurd\ bericht).{0,60}-{2,}.{0,20}
    | [>\s]{0,8}(?:begin\ forwarded\ message|pocz[ąa]tek\ przekazywanej\ wiadomo[śs]ci|anfang\ der\ weitergeleiteten\ nachricht|d[ée]but\ du\ message\ (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée]))\s*:?\s*
    """
)
FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|pd|tr|wg|i|rv|enc|doorst)\s*:", re.I)

# ---------------------------------------------------------------- signatures

SIGNATURE_DASHES = re.compile(r"--|—")
MOBILE = re.compile(
    r"""(?ix) [>\s]{0,4}[-_(\[<*]{0,3}\s?
    (?:  (?:wys[łl]an[eoay]|wiadomo[śs][ćc]\ wys[łl]ana)\s(?:z|za|przez)\s(?:pomoc[ąa]\s)?(?:mojego\ |mojej\ |aplikacji\ |urz[ąa]dzenia\ |telefonu\ |smartfon[au]\ |tableta\ |poczty\ |programu\ |darmowej\ )?
           (?:iphon|ipad|telefon|samsung|galaxy|smartfon|tablet|android|huawei|xiaomi|motorol|sony|nokia|lg\b|honor|redmi|oppo|realme|pixel|poczt|wp\b|onet|interi|o2\b|gmail|outlook|yahoo|mail|proton|thunderbird|urz[ąa]dzeni|komórk|windows|skrzynk|blackberry|mobiln)\S{0,30}.{0,60}
      | pobierz\ (?:aplikacj[ęe]\ )?(?:outlook|gmail|poczt).{0,80}
      | sent\ (?:from|with|by|via|using)\ (?:my\ |the\ |an?\ )?\S.{0,60}
      | get\ outlook\ for\ .{0,60}
      | (?:von\ meinem|gesendet\ von|diese\ nachricht\ wurde\ von\ mein).{0,60}(?:gesendet|iphone|ipad|handy|mobil|android|samsung|outlook|mail).{0,30}
      | envoy[ée]\ (?:de|depuis)\ (?:mon|ma|l.).{0,60} | inviato\ (?:da|dal).{0,60} | enviado\ (?:desde|do)\ (?:mi|meu|o).{0,60} | verstuurd\ vanaf\ mijn.{0,60} | verzonden\ (?:vanaf|met).{0,60}
      | skickat\ från\ min.{0,60} | sendt\ fra\ min.{0,60} | odesláno\ z.{0,60} | отправлено\ (?:с|из).{0,60}
    )[)\]>*.]{0,3}\s*
    """
)
CLOSING = re.compile(
    r"""(?ix)
      (?: (?:(?:bardzo\ |najserdeczniej\ |serdecznie\ |gor[ąa]co\ |ciep[łl]o\ |przesy[łl]am\ |z\ g[óo]ry\ dzi[ęe]kuj[ęe]\ i\ |dzi[ęe]kuj[ęe]\ i\ |łącz[ęe]\ |lacz[ęe]\ )?(?:pozdrawiam(?:y)?|pozdrowienia|pozdr\.?|wyrazy\ szacunku)
            (?:\ (?:serdecznie|ciep[łl]o|gor[ąa]co|i\ [żz]ycz[ęe]\ mi[łl]ego\ dnia|cieplutko))?)
        | z\ (?:wyrazami\ )?(?:powa[żz]aniem|szacunkiem|szacunku|uszanowaniem)
        | z\ (?:serdecznymi\ |najlepszymi\ )?pozdrowieniami
      )
      [\s,.!:;)]{0,4} (?P<name>(?:[^\W\d_][\w.'-]{0,30}[\s,.]{0,3}){0,4})
    """
)
ENGLISH_CLOSING = re.compile(
    r"(?:(?:with )?(?:best|kind|warm)(?:est)? regards|yours (?:sincerely|faithfully)|sincerely(?: yours)?)[\s,.!]{0,3}",
    re.I,
)
LEGAL = re.compile(
    r"""(?ix)
      (?:informacj[ae]\ zawart[ae]\ w\ |(?:ta|niniejsza)\ wiadomo[śs][ćc].{0,60}(?:poufn|zawiera|przeznaczon|jest\ skierowan)|tre[śs][ćc]\ (?:tej|niniejszej)\ wiadomo[śs]ci
        |administratorem\ (?:pa[ńn]stwa\ |pana/pani\ |pani/pana\ |twoich\ )?danych|klauzula\ (?:poufno[śs]ci|informacyjna|rodo)|zgodnie\ z\ art\.?\ 13|uwaga:?\ (?:ta|niniejsza)\ wiadomo[śs][ćc]
        |this\ (?:e-?mail|message|communication).{0,80}(?:confidential|intended|privileged)|the\ information\ (?:contained\ )?in\ this|confidentiality\ notice|disclaimer\b
        |prosimy\ (?:o\ )?(?:nie\ )?drukowa|pomy[śs]l\ o\ [śs]rodowisku|zanim\ wydrukujesz|please\ consider\ the\ environment)
    """
)
CONTACT = re.compile(
    r"(?i)\b(?:tel|kom|mob|fax|faks|phone|nip|krs|regon|www|ul\.|al\.|e-?mail)\b|@|https?://|\d{3}[ -]?\d{3}|\d\d-\d{3}\b"
)
POSTSCRIPT = re.compile(r"(?i)\s*(?:p\.?\s?s\.?|dopisek|pps)\b[\s:.,-]")


def label_kind(line: str) -> str:
    """The kind of header label that a line begins with; '' for any other line."""
    found = _LABEL.match(line)
    return _KIND_OF[found[1].lower()] if found else ""


def label_word(line: str) -> str:
    found = _LABEL.match(line)
    return found[1].lower() if found else ""

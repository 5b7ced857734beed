"""The words in which mail systems say that, and why, a message did not arrive.

Collected from the texts of the systems in use; repetition is bounded everywhere, so that matching
stays linear.
"""

import re


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# Full, or the message too big: these texts often speak of "the user's mailbox ... not" as well.
_FULL = _any_of(
    r"(?:mail ?box|mail ?folder|mail ?drop|inbox|account|recipient|user|storage|disk|maildir"
    r"|message store)[^\n]{0,60}"
    r"(?:\bfull\b|over ?(?:its |the )?quota|exceed|too many messages|no space)",
    r"(?:over|exceed(?:s|ed|ing)?|out of|insufficient|not enough|exhausted)\s{1,5}"
    r"(?:(?:the|its|his|their|your|allotted|allowed|storage|disk|system|mail|mailbox|maximum) )"
    r"{0,4}"
    r"(?:quota|storage|disk ?space|space|size)",
    r"quota (?:exceed|full|limit|has been|violation)|quotaexceeded|disk full|\W5\.2\.[23]\b",
    r"(?:message|mail|size|length)[^\n]{0,30}(?:too (?:big|large|long)"
    r"|exceeds[^\n]{0,30}(?:size|limit|maximum|administrative))",
    r"message size limit",
    r"przepe[lł]nion|skrzynka (?:\w+ )?(?:jest )?pe[lł]na|brak miejsca|przekroczon\w{1,3} limit",
    r"postfach[^\n]{0,40}(?:voll|überf[uü]llt)|kontingent[^\n]{0,30}(?:überschritten|ersch[oö]pft)",
    r"bo[iî]te[^\n]{0,30}pleine|buz[oó]n[^\n]{0,20}lleno|casella[^\n]{0,20}piena|postvak[^\n]{0,20}vol"
    r"|schránka[^\n]{0,20}pln|ящик[^\n]{0,20}переполнен|容量|いっぱい|一杯",
)

# What the other server refused: not the recipient, whom it had taken before, but the message
# (after DATA) or the sender (MAIL FROM). A transcript may show an early DATA: "503 need RCPT".
_AFTER_DATA = _any_of(
    r"in reply to (?:the )?(?:end of )?data\b|after (?:the )?end of (?:data|message)",
    r"smtp command\s{1,4}data\b",
    r">>> (?:data|\.)\s{1,4}<<< 5\d\d",
)
_AT_SENDER = _any_of(
    r"(?:in reply to|after) mail from\b|>>> mail from:[^\n]{1,300}\s{1,4}<<< 5\d\d",
)
_NO_RECIPIENT_TAKEN = _any_of(
    r"<<< 503|\b5\.1\.(?:[1236]|10)\b|does ?n.t have an? [^\n]{0,60}account"
)
# Words of a gateway around the answer that it got, whatever that answer was.
_WRAPPER = re.compile(r"unknown address error (?=\d{3}-)", re.IGNORECASE)

# Not the recipient but the sender is what they do not like.
_SENDER = _any_of(
    r"sender (?:address |domain |address domain )?"
    r"(?:rejected|verify|verification|denied|not allowed|unknown|invalid)",
    r"(?:domain of )?sender[^\n]{0,60}(?:does not (?:exist|resolve)|not found|doesn.t exist)",
    r"(?:invalid|bad|unknown|unrouteable) sender|return (?:address|path)[^\n]{0,40}(?:not|invalid)",
    r"mail from[^\n]{0,60}(?:not exist|does not resolve|invalid domain)",
    r"\b5\.1\.[78]\b|\bhelo\b|\behlo\b",
)

_WHO = (
    r"(?:user|recipient|mail ?box|address|account|addressee|customer|person|domain|host|alias"
    r"|e-?mail|login|userid|rcpt)s?"
)
# The address does not exist, or its host does not, or it takes no mail at all.
_HARD = _any_of(
    # Postfix and Microsoft 365 say so of recipients that they do not know.
    r"recipient address rejected: access denied",
    r"(?:unknown|invalid|no such|non-?existe?nt|nonexist(?:ing)?|bad|incorrect|undefined|no valid"
    r"|illegal) ?(?:(?:or|local|final|virtual|delivery|destination|e-?mail|mail|unknown|smtp"
    rf"|illegal)[ -]){{0,3}}(?:{_WHO}|local[ -]part)\b",
    # user <anna@example.com> is not known
    rf"\b{_WHO}(?: (?:name|address|mailbox|account|id))?['\"]?"
    r"(?:[ :]{1,3}[<\"'(]?[^\s<>\"']{1,100}[>\"')]?)?[ :,;-]{0,3}"
    r"(?:(?:is|was|are|were|has been|you \w+|that you[^\n]{0,60}|given|specified|entered"
    r"|in question|of the) ){0,2}(?:currently )?"
    r"(?:unknown|invalid|non-?exist|unrecogni[sz]ed|wrong|deleted|removed|terminated|closed"
    r"|not[ -](?:be )?(?:found|known|exist|listed|valid|local|recogni[sz]ed|present|active|a valid"
    r"|available here|ok\b|reachable)|(?:does not|doesn.?t|do not|did not) exist"
    r"|does not (?:have|seem)|no longer (?:valid|exist|in use|available|active|accept|on server"
    r"|on this|with))",
    rf"(?:is not|isn.?t) (?:an? )?(?:known|our|valid|existing|active|local|recogni[sz]ed) {_WHO}",
    r"not (?:a known user|our customer|our user|a valid (?:user|mailbox|recipient|address|email)"
    r"|an active address|listed in|found recipient|in my (?:validrcptto|list))",
    rf"\bno (?:{_WHO}|one|body) "
    r"(?:here|by|with|of|at|found|named|matching|exists?|available for this user)",
    r"there is no (?:one|such)",
    r"this (?:user|address|account|recipient|mailbox) (?:does ?n.t|does not) (?:exist|have)",
    r"(?:does not|doesn.?t|did not|do not) exist|\bno existe\b|nessun utente",
    r"(?:couldn.?t|could not|cannot|can.?t|unable to) "
    r"(?:be )?(?:find|found|locate|located|resolved|resolve|accept) (?:any |an? |the |this )?"
    rf"(?:{_WHO}|mail server)",
    r"address[^\n]{0,60}(?:couldn.?t|could not|cannot) be found",
    r"(?:mail ?box|account) (?:is |was )?(?:unavailable|not available|inactive)",
    r"missing home directory|name or service not known|no such host|nxdomain",
    r"host (?:or domain name )?(?:unknown|not found|name lookup failure|unreachable)",
    r"(?:domain|host)[^\n]{0,60}(?:not found|does not exist|unknown|couldn.?t be found|no valid mx"
    r"|must exist|not reachable)",
    r"unrout(?:e)?able (?:mail domain|address)|\bno (?:valid )?(?:mx|mail exchanger)\b|null ?mx",
    r"(?:does not|doesn.?t|no longer) accept(?:s|ing)? (?:any )?(?:e-?)?mail(?! from)|\b5\.1\.10\b",
    r"(?:has|have) moved|address (?:has )?changed|envelope recipient has been denied",
    r"badrcptto|validrcptto|rcpthosts|recipnotfound|recipientnotfound|adr\.\w{0,20}not ?found",
    r"nie (?:istnieje|ma takie(?:go|j))|nieznany (?:u[zż]ytkownik|adresat|odbiorca)",
    r"nieprawid[lł]owy adres|adres(?:at)? nieznany|konto (?:jest )?nieaktywne"
    r"|nie (?:znaleziono|odnaleziono) (?:adres|u[zż]ytkownik|odbiorc|skrzynk|konta)"
    r"|brak (?:takiego |takiej )?(?:u[zż]ytkownika|konta|skrzynki|adresata|odbiorcy|domeny)",
    r"benutzer unbekannt|unbekannter? (?:benutzer|empf)|empf[aä]nger (?:unbekannt|existiert)"
    r"|(?:adresse|empf[aä]nger|postfach|domain)[^\n]{0,60}(?:nicht (?:gefunden|bekannt|vorhanden))",
    r"existiert nicht|utilisateur inconnu|usuario desconocido|n.existe pas|adresse inconnue"
    r"|destinataire inconnu|utente sconosciuto|casella inesistente|destinatario (?:desconocid"
    r"|inexistente|sconosciuto)|onbekende? (?:gebruiker|ontvanger)|bestaat niet|neexistuje"
    r"|neznám[ýa] (?:u[zž]ivatel|p[rř]íjemce)|не существует|не найден|存在しません|不存在",
)

# The address may be right: refused for what we are or what was in it, or a fault of the moment.
_SOFT = _any_of(
    r"spam|black ?list|block ?list|\bblocked\b|\bbanned\b|reputation|\brbl\b|dnsbl|unsolicited",
    r"\bspf\b|\bdkim\b|\bdmarc\b|\bpolic(?:y|ies)\b",
    r"virus|malware|infected|content (?:filter|reject)|prohibited|phish",
    r"relay(?:ing)? (?:is )?(?:access )?(?:denied|prohibited|not (?:allowed|permitted))",
    r"(?:not|unable) (?:allowed )?to relay|authentication (?:is )?required",
    r"reverse (?:dns|lookup|hostname)|\bptr\b|rdns",
    r"tim(?:ed? ?out|eout)|connection (?:refused|reset|lost|failed|dropped|was )|lost connection",
    r"conversation with|unreachable|no route to host",
    r"too many |rate limit|throttl|greylist|try (?:again )?later|temporar(?:y|ily)",
    r"mail loop|loops back|hop count",
    r"retry time|expired|in the queue too long|giving up|failing for a long time",
    r"suspend|disabled|locked|frozen",
    r"access denied|not authori[sz]ed|permission|administrative(?:ly)? prohib",
    r"service (?:unavailable|refused)|user (?:refuse|reject)|refused|recipient preferences",
    r"user rules|only accepting",
)

_SUBJECT = _any_of(
    r"undeliver(?:ed|able)|unable to deliver|not delivered|can(?:not|.t) deliver",
    r"(?:mail|message|delivery)[^\n]{0,40}"
    r"(?:fail|error|problem|could not|cannot|delay|not delivered|undeliver|reject)",
    r"returned (?:mail|to sender|message)|return to sender",
    r"mail (?:system error|status report|delivery)",
    r"delivery (?:status|report|notification|fail|delay|problem|has fail)",
    r"failure (?:notice|delivery|notification)|non[- ]?deliver|rejected (?:mail|message)",
    r"could not (?:be delivered|send)|warning: (?:could|message)|error sending",
    r"niedostarczon|nie dostarczono|nie mo[zż]na dostarczy[cć]|nie zosta[lł]a dostarczona",
    r"zwrot wiadomo[sś]ci|b[lł][aą]d dostarcz|zwrot poczty|nie dor[eę]czono",
    r"unzustellbar|nicht zugestellt|zustellung[^\n]{0,40}fehl|non remis|[ée]chec de (?:la )?remise"
    r"|no entregad|no se (?:pudo|ha podido) entregar|mancat[oa] (?:recapito|consegna)"
    r"|onbestelbaar|niet (?:bezorgd|afgeleverd)|nedoručiteln|не доставлен|配信|返回|退信",
)

_BODY = _any_of(
    r"(?:could|can|was|were|has|have|been|be|did) ?(?:not|n.t) (?:be |been |yet been )?"
    r"(?:deliver|sen[dt]|process|complet|relay|accept|reach)",
    r"(?:unable|failed|failing|impossible|not possible) to "
    r"(?:deliver|be delivered|send|relay|forward)",
    r"undeliver(?:able|ed)|error (?:delivering|sending) your",
    r"delivery (?:to|of|attempt|has|failed|status|failure|error|is)[^\n]{0,80}"
    r"(?:fail|abort|impossible|suspend|delay|not)",
    r"(?:permanent|fatal|transient|unrecoverable) (?:fatal )?errors?",
    r"the following (?:address|recipient|destination|user|mail|error)",
    r"(?:returned|bounced|rejected) (?:to (?:the )?sender|by|mail|message)",
    r"has been (?:rejected|returned|blocked)",
    r"i(?:.m| am) (?:sorry|afraid)[^\n]{0,60}(?:deliver|inform)",
    r"remote host said|said: [45]\d\d|giving up|unknown (?:user|recipient)",
    r"(?:user|host|recipient|mailbox|address) (?:is )?(?:unknown|not found|unavailable)",
    r"nie (?:zosta[lł][aoy]? (?:dostarczon|dor[eę]czon)|mo[zż]na (?:by[lł]o )?dostarczy[cć]"
    r"|uda[lł]o si[eę] dostarczy[cć])|nie mog[lł]a (?:by[cć]|zosta[cć]) dostarczon"
    r"|przepe[lł]niona|nie ma takiego adresu",
    r"(?:nicht|konnte[^\n]{0,60}nicht) (?:zugestellt|ausgeliefert) werden|zustellung[^\n]{0,60}"
    r"(?:fehlgeschlagen|gescheitert)|n.a (?:pas )?pu (?:être|etre) (?:remis|d[ée]livr|distribu)"
    r"|no (?:se )?(?:pudo|ha podido|puede)[^\n]{0,30}entrega|impossibile (?:recapitare|consegnare)"
    r"|(?:kon|is) niet (?:worden )?(?:bezorgd|afgeleverd)|nebylo možné doručit"
    r"|не (?:может быть|было) доставлен|送信できません|配信できません",
    r"(?<![\d.])[45]\d\d[ -]#?[45]\.\d{1,2}\.\d{1,3}(?!\d)",
)


def hardness(text: str) -> bool | None:
    """Whether the words say that the address itself is wrong; None where they say nothing of it."""
    text = _WRAPPER.sub("", text)
    if _FULL.search(text) or _SENDER.search(text) or refused_later(text):
        return False
    if _HARD.search(text):
        return True
    return False if _SOFT.search(text) else None


def refused_later(text: str) -> bool:
    """Whether the recipient had been taken, and the refusal is of the message or the sender."""
    if _AT_SENDER.search(text):
        return True
    return bool(_AFTER_DATA.search(text)) and not _NO_RECIPIENT_TAKEN.search(text)


def subject_says_bounce(subject: str) -> bool:
    return _SUBJECT.search(subject[:300]) is not None


def says_bounce(text: str) -> bool:
    return _BODY.search(text) is not None

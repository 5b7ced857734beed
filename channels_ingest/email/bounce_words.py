"""The words in which mail systems say that, and why, a message did not arrive.

Collected from the texts of the systems in use; repetition is bounded everywhere, so that matching
stays linear.
"""

import re

# Full, or the message too big: these texts often speak of "the user's mailbox ... not" as well.
_FULL = re.compile(
    r"""(?ix)
      (?:mail\ ?box|mail\ ?folder|mail\ ?drop|inbox|account|recipient|user|storage|disk|maildir|message\ store)
        [^\n]{0,60}(?:\bfull\b|over\ ?(?:its\ |the\ )?quota|exceed|too\ many\ messages|no\ space)
    | (?:over|exceed(?:s|ed|ing)?|out\ of|insufficient|not\ enough|exhausted)\s{1,5}
        (?:(?:the|its|his|their|your|allotted|allowed|storage|disk|system|mail|mailbox|maximum)\ ){0,4}
        (?:quota|storage|disk\ ?space|space|size)
    | quota\ (?:exceed|full|limit|has\ been|violation) | quotaexceeded | disk\ full | [^\w]5\.2\.[23]\b
    | (?:message|mail|size|length)[^\n]{0,30}(?:too\ (?:big|large|long)|exceeds[^\n]{0,30}(?:size|limit|maximum|administrative))
    | message\ size\ limit
    | przepe[lł]nion | skrzynka\ (?:jest\ )?pe[lł]na | brak\ miejsca
    """
)

# Not the recipient but the sender is what they do not like.
_SENDER = re.compile(
    r"""(?ix)
      sender\ (?:address\ |domain\ |address\ domain\ )?(?:rejected|verify|verification|denied|not\ allowed|unknown|invalid)
    | (?:domain\ of\ )?sender[^\n]{0,60}(?:does\ not\ (?:exist|resolve)|not\ found|doesn.t\ exist)
    | (?:invalid|bad|unknown|unrouteable)\ sender | return\ (?:address|path)[^\n]{0,40}(?:not|invalid) | \b5\.1\.[78]\b
    | mail\ from[^\n]{0,60}(?:not\ exist|does\ not\ resolve|invalid\ domain) | helo\ | ehlo\ 
    """
)

# The address does not exist, or its host does not, or it takes no mail at all.
_WHO = r"(?:user|recipient|mail ?box|address|account|addressee|customer|person|domain|host|alias|e-?mail|login|userid|rcpt)s?"
_HARD = re.compile(
    rf"""(?ix)
      (?:unknown|invalid|no\ such|non-?existe?nt|nonexist(?:ing)?|bad|incorrect|undefined|no\ valid|illegal)\ ?
        (?:(?:or|local|final|virtual|delivery|destination|e-?mail|mail|unknown|smtp|illegal)[ -]){{0,3}}(?:{_WHO}|local[ -]part)\b
    | \b{_WHO}(?:[ ](?:name|address|mailbox|account|id))?['"]?(?:[ :]{{1,3}}[<"'(]?[^\s<>"']{{1,100}}[>"')]?)?[ :,;-]{{0,3}}
        (?:(?:is|was|are|were|has\ been|you\ \w+|that\ you[^\n]{{0,60}}|given|specified|entered|in\ question|of\ the)\ ){{0,2}}
        (?:currently\ )?(?:unknown|invalid|non-?exist|unrecogni[sz]ed|wrong|deleted|removed|terminated|closed
          |not[ -](?:be\ )?(?:found|known|exist|listed|valid|local|recogni[sz]ed|present|active|a\ valid|available\ here|ok\b|reachable)
          |does\ not\ exist|doesn.?t\ exist|do\ not\ exist|did\ not\ exist|does\ not\ (?:have|seem)|no\ longer\ (?:valid|exist|in\ use|available|active|accept|on\ server|on\ this|with))
    | (?:is\ not|isn.?t)\ (?:an?\ )?(?:known|our|valid|existing|active|local|recogni[sz]ed)\ (?:{_WHO}|e-?mail\ address)
    | not\ (?:a\ known\ user|our\ customer|our\ user|a\ valid\ (?:user|mailbox|recipient|address|email)|an\ active\ address|listed\ in|found\ recipient|in\ my\ (?:validrcptto|list))
    | \bno\ (?:{_WHO}|one|body)\ (?:here|by|with|of|at|found|named|matching|exists?|available\ for\ this\ user) | there\ is\ no\ (?:one|such)
    | this\ (?:user|address|account|recipient|mailbox)\ (?:does\ ?n.t|doesn.?t|does\ not)\ (?:exist|have)
    | (?:does\ not|doesn.?t|did\ not|do\ not)\ exist | \bno\ existe\b | nessun\ utente
    | (?:couldn.?t|could\ not|cannot|can.?t|unable\ to)\ (?:be\ )?(?:find|found|locate|located|resolved|resolve|accept)\ (?:any\ |an?\ |the\ |this\ )?(?:{_WHO}|mail\ server)
    | address[^\n]{{0,60}}(?:couldn.?t|could\ not|cannot)\ be\ found
    | (?:mail\ ?box|account)\ (?:is\ |was\ )?(?:unavailable|not\ available|inactive) | missing\ home\ directory
    | host\ (?:or\ domain\ name\ )?(?:unknown|not\ found|name\ lookup\ failure|unreachable) | name\ or\ service\ not\ known | no\ such\ host
    | (?:domain|host)[^\n]{{0,60}}(?:not\ found|does\ not\ exist|unknown|couldn.?t\ be\ found|no\ valid\ mx|must\ exist|not\ reachable) | nxdomain
    | unrout(?:e)?able\ (?:mail\ domain|address) | \bno\ (?:valid\ )?(?:mx|mail\ exchanger)\b | null\ ?mx | 5\.1\.10\b
    | (?:does\ not|doesn.?t|no\ longer)\ accept(?:s|ing)?\ (?:any\ )?(?:e-?)?mail(?!\ from)
    | (?:has|have)\ moved | address\ (?:has\ )?changed
    | badrcptto | validrcptto | rcpthosts | recipnotfound | recipientnotfound | adr\.\w{{0,20}}not\ ?found | envelope\ recipient\ has\ been\ denied
    | nie\ (?:istnieje|ma\ takie(?:go|j)) | nieznany\ (?:u[zż]ytkownik|adresat|odbiorca) | nieprawid[lł]owy\ adres | adres(?:at)?\ nieznany
    | benutzer\ unbekannt | unbekannter?\ (?:benutzer|empf) | empf[aä]nger\ (?:unbekannt|existiert) | existiert\ nicht | utilisateur\ inconnu | usuario\ desconocido
    """
)

# The address may be right: refused for what we are or what was in it, or a fault of the moment.
_SOFT = re.compile(
    r"""(?ix)
      spam | black ?list | block ?list | block\ list | \bblocked\b | \bbanned\b | reputation | \brbl\b | dnsbl | \bspf\b | \bdkim\b | \bdmarc\b | unsolicited | \bpolic(?:y|ies)\b
    | virus | malware | infected | content\ (?:filter|reject) | prohibited | phish
    | rel(?:ay(?:ing)?\ (?:is\ )?(?:access\ )?(?:denied|prohibited|not\ (?:allowed|permitted))|aying\ denied) | (?:not|unable)\ (?:allowed\ )?to\ relay | authentication\ (?:is\ )?required
    | reverse\ (?:dns|lookup|hostname) | \bptr\b | rdns
    | tim(?:ed?\ ?out|eout) | connection\ (?:refused|reset|lost|failed|dropped|was\ ) | conversation\ with | unreachable | no\ route\ to\ host | lost\ connection
    | too\ many\ | rate\ limit | throttl | greylist | try\ (?:again\ )?later | temporar(?:y|ily) | mail\ loop | loops\ back | hop\ count
    | retry\ time | expired | in\ the\ queue\ too\ long | giving\ up | failing\ for\ a\ long\ time
    | suspend | disabled | locked | frozen
    | access\ denied | not\ authori[sz]ed | permission | administrative(?:ly)?\ prohib | service\ (?:unavailable|refused)
    | user\ (?:refuse|reject) | refused | recipient\ preferences | user\ rules | only\ accepting
    """
)

_SUBJECT = re.compile(
    r"""(?ix)
      undeliver(?:ed|able) | unable\ to\ deliver | (?:mail|message|delivery)[^\n]{0,40}(?:fail|error|problem|could\ not|cannot|delay|not\ delivered|undeliver|reject)
    | returned\ (?:mail|to\ sender|message) | return\ to\ sender | mail\ (?:system\ error|status\ report|delivery) | delivery\ (?:status|report|notification|fail|delay|problem|has\ fail)
    | failure\ (?:notice|delivery|notification) | non[- ]?deliver | rejected\ (?:mail|message) | could\ not\ (?:be\ delivered|send) | warning:\ (?:could|message)
    | error\ sending | not\ delivered | can(?:not|.t)\ deliver
    | niedostarczon | nie\ dostarczono | nie\ mo[zż]na\ dostarczy[cć] | nie\ zosta[lł]a\ dostarczona | zwrot\ wiadomo[sś]ci | b[lł][aą]d\ dostarcz
    | unzustellbar | non\ remis | no\ entregad | mancato\ recapito | onbestelbaar | 配信 | 返回 | 退信
    """
)

_BODY = re.compile(
    r"""(?ix)
      (?:could|can|was|were|has|have|been|be|did)\ ?(?:not|n.t)\ (?:be\ |been\ |yet\ been\ )?(?:deliver|sen[dt]|process|complet|relay|accept|reach)
    | (?:unable|failed|failing|impossible|not\ possible)\ to\ (?:deliver|be\ delivered|send|relay|forward)
    | undeliver(?:able|ed) | delivery\ (?:to|of|attempt|has|failed|status|failure|error|is)[^\n]{0,80}(?:fail|abort|impossible|suspend|delay|not)
    | (?:permanent|fatal|transient|unrecoverable)\ (?:fatal\ )?errors? | error\ (?:delivering|sending)\ your
    | the\ following\ (?:address|recipient|destination|user|mail|error)
    | (?:returned|bounced|rejected)\ (?:to\ (?:the\ )?sender|by|mail|message) | has\ been\ (?:rejected|returned|blocked)
    | i(?:.m|\ am)\ (?:sorry|afraid)[^\n]{0,60}(?:deliver|inform) | remote\ host\ said | said:\ [45]\d\d
    | (?:user|host|recipient|mailbox|address)\ (?:is\ )?(?:unknown|not\ found|unavailable) | unknown\ (?:user|recipient) | giving\ up
    | nie\ (?:zosta[lł][aoy]?\ (?:dostarczon|dor[eę]czon)|mo[zż]na\ (?:by[lł]o\ )?dostarczy[cć]|uda[lł]o\ si[eę]\ dostarczy[cć]) | przepe[lł]niona | nie\ ma\ takiego\ adresu
    | (?<![\d.])[45]\d\d[ -]\#?[45]\.\d{1,2}\.\d{1,3}(?!\d)
    """
)


def hardness(text: str) -> bool | None:
    """Whether the words say that the address itself is wrong; None where they say nothing of it."""
    if _FULL.search(text) or _SENDER.search(text):
        return False
    if _HARD.search(text):
        return True
    return False if _SOFT.search(text) else None


def subject_says_bounce(subject: str) -> bool:
    return _SUBJECT.search(subject[:300]) is not None


def says_bounce(text: str) -> bool:
    return _BODY.search(text) is not None

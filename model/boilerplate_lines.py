"""The wording of boilerplate: patterns that a whole line, or a whole sentence, must match."""

from __future__ import annotations

import re

LINE_END = r"\s*[.!:>»…]*"
_NAME = r"(?:[A-Z@][\w.'’@-]*|and|for|in|at|via|of|the|de|van|von|al|&)"
_NAMES = rf"{_NAME}(?:[ ,|]+{_NAME}){{0,11}}"
_DATE = r"[\w\s.,:/|()+-]*\d[\w\s.,:/|()+-]*"


def _lines(*alternatives: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{a}){LINE_END}" for a in alternatives), flags)


#: Each pattern must match a whole sentence or a whole paragraph.
LINE_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "link",
        _lines(
            r"(?:read|see) (?:more|also|next|rest)\s*[:>»–—-].*",
            r"(?:also|now) read\s*[:>»–—-].*",
            r"(?:related|trending|don[’']t miss|more from \w+|see also|watch)\s*[:>»].*",
            r"(?:click here to |tap here to )?(?:read|see) (?:the )?(?:more|rest|full (?:article|story|post|report))"
            r"(?: \S+){0,8}",
            r"more (?:on|from|about) \S+(?: \S+){0,4}",
            r"(?:most|more) (?:read|popular|viewed|shared)(?: (?:on|in) \S+(?: \S+){0,4})?",
            r"continue reading(?: \S+){0,6}",
            r"(?:recommended|related|popular|latest|more|trending|editor[’']?s[’']?)"
            r" (?:articles?|stor(?:y|ies)|videos?|posts?|news|topics?|reading|picks?)",
            r"don[’']t miss",
            r"(?:watch|listen to|see|view)(?: \S+){1,8} (?:below|here|above)",
            r"[^\w\s\"'“‘(•·▪◦‣*–—-]{1,4} ?(?:read|watch|follow|join|listen|subscribe|click)\b.{0,150}",
            r"(?:https?://|www\.)\S+",
            r"pic\.twitter\.com/\S+(?:\s*[—–-].{0,80})?",
            r"[—–-] ?.{1,60}\(@\w+\) \w+ \d{1,2}, \d{4}",
        ),
    ),
    (
        "share",
        _lines(
            r"(?:share|tweet|pin|email|print|save|copy link|whatsapp|facebook|twitter|linkedin|reddit|telegram"
            r"|[\s|,·•/]){1,12}",
            r"[\d.,]+[km]? ?(?:shares?|comments?|views?|likes?|retweets?)(?: (?:on|this) .{0,30})?",
            r"(?:share|tweet|pin|email|print|save) (?:this|it|via|on|to)(?: (?:article|story|post|page|link|facebook"
            r"|twitter|x|whatsapp|telegram|linkedin|reddit|email|a friend))?",
            r"(?:quickly )?share (?:this|your (?:thoughts|views?|comments?|experiences?|stor(?:y|ies)))\b.{0,140}",
            r"(?:please )?(?:follow|like|find|join) us (?:on|at) (?:facebook|twitter|x|instagram|telegram|youtube"
            r"|tiktok|linkedin|www|http|@).{0,160}",
            r"follow @?\w+ on (?:twitter|x|facebook|instagram|telegram|tiktok|youtube)",
        ),
    ),
    (
        "plea",
        _lines(
            r"(?:to .{0,80}, )?(?:please |make sure (?:that )?you |click here to )?(?:sign up|subscribe|register)"
            r" (?:now|here|today|free|to|for|with)\b.{0,160}",
            r"(?:get|receive|have) .{0,100}(?:to|in|into|straight to) your (?:e-?mail )?(?:inbox|mailbox|phone).{0,40}",
            r"(?:join|subscribe to|follow) (?:our|the|us|my)\b(?: \S+){0,6}"
            r" (?:list|newsletters?|channel|community|mailing list|whatsapp|telegram|discord)(?: \S+){0,3}",
            r"join our list|join the (?:conversation|discussion)|stay (?:up to date|informed|tuned)\b.{0,120}",
            r"you can (?:unsubscribe|opt out)(?: at)? any ?time",
            r"by (?:subscribing|signing up|registering|clicking)\b.{0,120}(?:terms|policy|conditions).{0,60}",
            r"(?:we pay for (?:your )?(?:stories|videos)(?: too)?|do you have a (?:story|tip)\b.{0,100})",
            r"(?:e-?mail|text|call|contact|whatsapp) (?:us|our \w+(?: \w+)?)(?: (?:at|on|by))\b.{0,140}",
            r"you can (?:e-?mail|whatsapp|call|contact) us\b.{0,80}",
            r"click (?:here|on (?:this|the) (?:link|banner)|below)\b.{0,140}",
            r"download (?:our|the)\b.{0,60}\bapp\b.{0,60}",
            r"(?:please )?(?:support (?:our|independent) (?:journalism|work|reporting)|donate (?:now|today|here|to us))"
            r".{0,80}",
            r"(?:thank you|thanks) for (?:sharing|reading|subscribing|signing up|your feedback)\b.{0,60}",
            r"we (?:appreciate|welcome|value) your (?:feedback|comments|thoughts)",
            r"we[’']re here to listen|(?:we would|we will|we[’']d) be happy to hear your thoughts",
            r"as a subscriber, you\b.{0,160}",
        ),
    ),
    (
        "legal",
        _lines(
            r"(?:©|\(c\)\s*\d{4}|copyright\s*(?:©|\(c\)|\d{4})).{0,120}",
            r"\d{4} ?©.{0,80}",
            r"all rights reserved.{0,80}",
            r"(?:[\w.,&’' -]{1,60}\s)?(?:©|copyright).{0,60}all rights reserved.{0,60}",
            r"source:? (?:read full article|link|https?://\S+)",
            r"this (?:article|story|post) (?:was )?(?:originally|first) (?:appeared|published|ran)\b.{0,120}",
        ),
    ),
    (
        "form",
        _lines(
            r"(?:leave|post|add|write) an? (?:reply|comment)s?(?: .{0,40})?|(?:cancel reply|comments? ?(?:\(\d+\))?)",
            r"your e-?mail address will not be published|required fields are marked.{0,10}",
            r"(?:no comments|\d+ comments?)(?: yet)?|be the first to comment",
            r"(?:view|show|load) (?:all |more )?comments",
            r"(?:log|sign) in to (?:comment|reply|continue|read)\b.{0,40}",
            r"(?:shopping cart|add to (?:cart|basket)|compare items|checkout|[•*] total \(\d+\))",
            r"(?:we|this (?:site|website)) uses? cookies\b.{0,200}",
            r"skip to (?:main )?content|advertisement|advertising|sponsored(?: content)?|scroll to continue.{0,30}",
            r"story continues below.{0,40}|article continues (?:after|below).{0,40}",
        ),
    ),
    (
        "byline",
        _lines(
            rf"(?i:by|authored by|written by|posted by|reported by|story by|words by) {_NAMES}[,:]?",
            rf"\(?(?i:reporting|additional reporting|writing|editing|compiled) by {_NAME}"
            # Atomic: "Writing" could be a name, too, and trying both for each such word takes exponential time.
            rf"(?>(?:[ ,;]+(?:writing|editing|reporting|additional|by|{_NAME})){{0,25}})[.;]?\)?",
            r"(?i:photo|photograph|image|picture|video|file photo|illustration|graphic)s?"
            r"(?i: credits?| by| courtesy of)?\s*[:©/].{1,120}",
            r"(?i:image |photo |picture )?(?i:credits?)\s*:.{1,100}",
            r"\(?(?:.{1,60}[/|] ?)?(?:Getty Images|Shutterstock|AFP via Getty.*|Getty)(?:[/|].{1,40})?\)?",
            r"(?i:h/t|hat tip)\b:? \S.{0,60}",
            rf"(?i:issued|(?:first )?published|posted|updated|last (?:updated|modified))(?i: on| at)?:?(?: {_DATE})?",
            r"(?i:about the (?:writer|author|reporter|journalist)s?)",
            r"@\w{2,30}",
            flags=re.NOFLAG,
        ),
    ),
)
#: Patterns that a whole paragraph must match: inside one, a sentence may well end with the address that it names.
PARAGRAPH_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    *LINE_RULES,
    ("link", _lines(r"(?:\S+ ){1,6}(?:https?://|www\.)\S+")),
)
#: Who said it: then it is an appeal of somebody in the article, and none of its page.
ATTRIBUTION = re.compile(r",[”\"’']? [^,]{1,60}?\b(?:said|says?|told|asked|urged|warned|wrote|added|announced)\b")

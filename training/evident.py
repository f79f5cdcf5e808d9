"""Evident furniture: a line in, whether it is one that belongs to a page and to no article out.

Text that is said to be clean is not: of the paragraphs of the news that the model learns from, nearly one in a hundred is a
sign-up line, a credit, a byline or a link to another story. Taken for content, they teach that such lines belong, and hold the
thresholds up. What stands here is meant to be certain, not to be complete: a sentence that *talks about* newsletters is none
of it. English, for most of the text is.
"""

from __future__ import annotations

import re

__all__ = ["is_evident"]

_LONGEST = 600  # characters; a longer one holds something else too
_NAME = r"(?-i:[A-Z][\w.'’-]*(?: (?:de|van|von|da|al|el|bin|and|&|[A-Z][\w.'’-]*)){1,5})"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_WHEN = (
    rf"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\.? {_MONTH})"
    r"(?:,? (?:19|20)\d\d)?"
)
_TIME = r"\d{1,2}[:.]\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?(?: ?\(?[a-z]{2,4}\)?)?"
_ABOUT = r"(?:this|the|our) (?:story|article|post|report|piece|column|page|review|list|commentary|op-ed|essay|version|video)"

# Each is sought from the start of a line, less what is no letter, number, @ or quotation mark.
_OPENINGS = (
    # Sign up, follow, share.
    r"(?:want|like|love|interested|enjoy|get)\b[^.?!]{0,120}\? .{0,80}\b(?:sign up|subscribe|click|join|download|follow)\b",
    (
        r"(?:please |click (?:here )?to |to |you can )?(?:sign[ -]?up|subscribe)\b(?! (?:to|for) (?:the|this|"
        r"that) (?:view|idea|notion|theory))(?!.{0,40}\b(?:said|says|according)\b)"
    ),
    r"get .{0,80}\b(?:in|to) your (?:inbox|email)\b",
    (
        r"(?:please |you can |also )?follow (?:@|us\b|me\b|him\b|her\b|them\b|.{2,70}? on (?:twitter|facebook|"
        r"instagram|tiktok|x\b|google|linkedin|youtube|pinterest|tumblr))"
    ),
    r"(?:please )?like (?:us|our page|.{2,40}) on facebook",
    r"join (?:us|the conversation|our|the discussion)\b.{0,80}(?:facebook|twitter|the conversation|newsletter|below)",
    (
        r"(?:share|tweet|pin|print|email|e-mail)(?: (?:this|on|it|via|with|your|tweet|facebook|twitter|email|"
        r"all)\b.{0,60})?\W*$"
    ),
    (
        r"(?:facebook|twitter|whatsapp|pinterest|linkedin|reddit|email|share|print)(?:[ |/•·-]+(?:facebook|"
        r"twitter|whatsapp|pinterest|linkedin|reddit|email|share|print|google\+?|copy link))+\b.{0,120}$"
    ),
    r"download (?:the|our) .{0,40}\bapp\b",
    (
        r"(?:support|donate|become a (?:member|supporter|subscriber)|make a (?:donation|"
        r"contribution))\b.{0,60}(?:journalism|today|here|now)\W*$"
    ),
    # Other stories.
    r"(?:click|tap) (?:here|for|to|on)\b",
    (
        r"(?:read|see|watch|view|find|check out|listen to|hear) (?:more|also|next|full story|the full (?:story|"
        r"article|report|interview|video)|the (?:latest|rest)|our (?:full|latest|guide|review|new))\b.{0,140}$"
    ),
    r"(?:read|see|watch) (?:it |them |the .{1,30} )?(?:here|below)\W*$",
    (
        r"(?:related|see also|read also|also (?:on|read|see)|more (?:from|on|at|coverage|stories|like this)|"
        r"further reading|full coverage|special coverage|you (?:may|might) (?:also )?(?:like|be interested)|"
        r"recommended|trending|most (?:read|popular|viewed)|must (?:read|watch|see)|just watched|top stories|"
        r"what to read next|in case you missed it|don['’]t miss)\b(?!.{0,90}[a-z]\.$).{0,160}$"
    ),
    (
        r"(?:story|article|post) continues\b|continue reading|(?:advertisement|sponsored(?: content)?|"
        r"promoted(?: content)?)\W*$|skip (?:to|past) (?:content|main|nav|comments|article)"
    ),
    r"(?:photos?|pictures|video|gallery|slideshow|quiz|poll|podcast|graphic|interactive|opinion): ?\w.{0,120}(?<![.])$",
    r"for (?:more|the latest|all the latest|additional) .{2,100}(?:visit|click|follow|go to|see|head to|sign up|here)\b",
    # Credits.
    (
        r"enlarge this image|toggle caption|hide caption|media playback is (?:un|not )supported|"
        r"image (?:copyright|caption|source|credit)|media caption"
    ),
    (
        r"(?:featured |header |cover |file |lead |top |main )?(?:photo|image|picture|photograph|illustration|"
        r"graphic|video)s?(?: illustration)?(?: (?:credits?|source|courtesy|copyright))?(?: ?: ?| (?:by|via|from|"
        r"of|courtesy) )(?=.{0,100}$)(?-i:[A-Z@(/\"“]|http)"
    ),
    r"(?:ap|reuters|afp|getty) photo\b.{0,60}$",
    (
        r"(?:additional |original )?(?:reporting|writing|editing|compiled|contributing|contributions)"
        r"(?: to this .{2,20})?(?: ?: ?| by )(?-i:[A-Z])"
    ),
    r"(?:\W*(?:the )?associated press|(?:the )?(?:afp|reuters)|wire reports)\b.{0,80}\bcontributed\b.{0,40}$",
    rf"(?:story|text|words|posted|written|published|reported|edited)? ?by {_NAME}(?:[,|/ (@-].{{0,60}})?(?<![.])$",
    r"(?:write|email|e-mail) (?:to |us at |the author at ).{0,60}\S@\S+",
    r"contact (?:the (?:author|writer|reporter)|us)\b.{0,60}(?:@|here)",
    # Of the page.
    (
        rf"(?:last |first |originally )?(?:updated|posted|published|modified|filed|revised|tracked|created)(?: on|"
        rf" at|:)? ?(?:{_WHEN}|{_TIME}|\d).{{0,80}}$"
    ),
    (
        rf"{_ABOUT} (?:has been|was|is|will be|originally|first|also|is being) ?(?:last |first |originally |also |"
        rf"being )?(?:updated|corrected|amended|published|republished|posted|appeared|tagged|adapted|co-published|"
        rf"produced|part of (?:a|our)|breaking|developing)"
    ),
    r"this is a (?:developing|breaking)(?: news)? story",
    rf"(?:(?:posted )?by .{{2,40}} on )?{_WHEN}(?:,? (?:at |- )?{_TIME})?\W*$",
    rf"(?:{_TIME}) ?(?:on )?{_WHEN}\W*$",
    r"(?:©|\(c\) ?|copyright (?:©|\(c\))? ?)(?:19|20)\d\d|all rights reserved\b.{0,60}$",
    r"(?:we|this (?:site|website)|our (?:site|website)) uses? cookies\b",
    r"by (?:signing up|subscribing|continuing|clicking|submitting)\b.{0,60}you (?:agree|accept|consent|acknowledge)",
    r"(?:the )?(?:views|opinions)(?: and opinions)? (?:expressed|presented|stated) (?:here|in this|by|are|above)",
    (
        r"(?:privacy policy|terms of (?:use|service)|cookie policy|contact us|about us|comments?|"
        r"leave a (?:comment|reply)|post a comment|reply|log in|sign in|newsletters?|caption|image|loading|"
        r"view comments|show comments|permalink|filed under:.{0,120}|tags?:.{0,160}|categor(?:y|ies):.{0,120}|"
        r"topics:.{0,120})\W*$"
    ),
    r"(?:view |show |see )?(?:all )?\d+ (?:comments?|shares?|repl(?:y|ies)|likes)\b.{0,20}$",
    r"\d+ min(?:ute)?s? (?:read|ago)\b.{0,10}$|reading time\b.{0,20}$",
)
# Each is sought anywhere.
_ANYWHERE = (
    r"\bcontributed (?:reporting )?to (?:this|the) (?:report|story|article|post|piece)\b.{0,60}$",
    r"\bcontributed reporting\b.{0,40}$",
    r"[.?!:)] (?:sign up|subscribe|click|read more|learn more)(?: (?:here|now|today|below|for free))?\W*$",
    r"\bfollow (?:him|her|them|me|us) (?:on|@|at)\b.{0,80}$",
    r"\bby (?:signing up|subscribing),? you (?:agree|accept|acknowledge)\b",
    r"\ball rights reserved\b.{0,60}$|\bmaterial may not be (?:published|reproduced|republished|rewritten)\b",
    r"\b(?:getty images|getty|shutterstock|ap images|afp)(?: more)?[)\]]?\W*$(?<!\.)",
    r"^.{0,40}\bnews(?:room|desk)\b.{0,14}[+(]?\d[\d ]{5,}",
)
_OPENING = re.compile("|".join(f"(?:{each})" for each in _OPENINGS), re.IGNORECASE)
_WITHIN = re.compile("|".join(f"(?:{each})" for each in _ANYWHERE), re.IGNORECASE)
_EDGE = re.compile(r"^[^\w@©(\"'“‘«„]*\(?\s*")  # no quotation mark: somebody says it


def is_evident(paragraph: str) -> bool:
    """Return whether `paragraph` is certainly about the page, not of an article."""
    line = " ".join(paragraph.split())
    if not line or len(line) > _LONGEST:
        return False
    return _OPENING.match(line, _EDGE.match(line).end()) is not None or _WITHIN.search(line) is not None

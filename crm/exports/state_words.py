"""Why somebody comes out or not, in the words of the page."""

from crm.core import formats
from crm.directory.models import Channel
from crm.exports.filters import ADDRESS_WORDS
from crm.exports.suppression import Decision, Reason


def describe(channel: Channel, decision: Decision) -> str:
    """`Suppressed: opted out of email on 3 Nov (Unsubscribe link)`, or what else the decision was."""
    match decision.reason:
        case None:
            return "Will be exported"
        case Reason.OPTED_OUT:
            return f"Suppressed: opted out of {channel.label.lower()}{_since(decision)}"
        case Reason.NO_ADDRESS:
            return f"No {ADDRESS_WORDS[channel].partition(' ')[2]}"
        case Reason.BAD_ADDRESS:
            return f"Not {ADDRESS_WORDS[channel]} that can be used"
        case Reason.DO_NOT_VISIT:
            return "Suppressed: the practice is marked do not visit"
        case Reason.NOT_ASKED:
            return "Has not said yes"
    return "Same address as somebody above"


def _since(decision: Decision) -> str:
    if decision.answer is None:
        return ""
    source = f" ({decision.answer.source})" if decision.answer.source else ""
    return f" on {formats.day(decision.answer.decided_on)}{source}"

"""What the tests of this room set up: answers about addresses, and more people."""

from datetime import date

from sqlalchemy.orm import Session

from crm.directory.models import Channel, Consent, ContactPermission
from tests.cast import Cast, contact

OPTED_OUT_ON = date(2025, 11, 3)


def say(session: Session, channel: Channel, address: str, consent: Consent, source: str = "Unsubscribe link") -> None:
    """Somebody said yes or no to a channel."""
    session.add(
        ContactPermission(channel=channel, address=address, consent=consent, decided_on=OPTED_OUT_ON, source=source)
    )
    session.commit()


def opt_out_marisol(session: Session) -> None:
    """Marisol pressed the unsubscribe link; her address is stored in capitals at the practice."""
    say(session, Channel.EMAIL, "marisol@olentangy.example", Consent.OPTED_OUT)


def many_contacts(session: Session, cast: Cast, count: int) -> None:
    """So many more people at Olentangy, each with an address."""
    for number in range(count):
        contact(session, "Ann", f"Person{number:03d}", cast.olentangy, email=f"p{number}@olentangy.example")
    session.commit()

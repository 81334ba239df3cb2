"""One-way fingerprints by which a row of a file is known again. Pure.

An event with a number of its sender is known by that number: one numbering for the whole organisation, whatever file it
comes in. Any other row is known by everything that identifies it and by how many such rows stood before it in its file,
so two like rows of one file are two referrals and the same file twice changes nothing.
"""

import base64
import hashlib
import hmac

from crm.referrals.importing.rows import Row

KEY_LENGTH = 43  # of 32 bytes in base64 without padding


class Keys:
    """Gives every row of one file its key, in the order of the file."""

    def __init__(self, secret: str) -> None:
        self._hmac = hmac.new(secret.encode(), digestmod=hashlib.sha256)
        self._counts: dict[int, int] = {}

    def key_of(self, row: Row) -> str:
        """The key of the next row."""
        identity = _identity(row)
        if not row.referral_id:
            short = hash(identity)
            number = self._counts.get(short, 0) + 1
            self._counts[short] = number
            identity = f"{identity}\x1f{number}"
        return self.of_text(identity)

    def of_text(self, text: str) -> str:
        """The fingerprint of a text."""
        digest = self._hmac.copy()
        digest.update(text.encode("utf-8", "replace"))
        return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def _identity(row: Row) -> str:
    if row.referral_id:
        return f"id\x1f{row.referral_id.casefold()}"
    source = row.source_npi or f"{row.source_name}\x1f{row.provider_name}\x1f{row.zip}".casefold()
    when = row.received_on.isoformat() if row.received_on else f"month {row.month}"
    return "\x1f".join(("row", source, when, row.service_line.casefold(), row.site.casefold(), row.payer.value))

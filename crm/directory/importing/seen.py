"""Which NPIs a file has named so far: one bit for each that there can be, whatever the file's size."""

FIRST = 100_000_000  # NPIs begin with 1 or 2; the tenth digit only checks the other nine
SPAN = 200_000_000


class SeenNumbers:
    """25 MB of zeros, of which the operating system only gives out the pages that are touched."""

    def __init__(self) -> None:
        self._bits = bytearray(SPAN // 8)

    def add(self, npi: str) -> bool:
        """Note a valid NPI; says whether it is the first time."""
        place, bit = divmod(int(npi[:9]) - FIRST, 8)
        is_new = not self._bits[place] >> bit & 1
        self._bits[place] |= 1 << bit
        return is_new

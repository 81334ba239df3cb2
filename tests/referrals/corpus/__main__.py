"""`python -m tests.referrals.corpus`: of how many hostile files something stays, how many clean ones are hindered."""

import sys
import time

from tests.referrals.corpus.figures import measured


def main() -> int:
    """Measure; 0 when both goals are met."""
    began = time.perf_counter()
    found = measured()
    print(f"Hostile files: {found.hostile}; something of a patient was kept of {len(found.kept)} of them.")
    for label in found.kept:
        print(f"  kept: {label}")
    print(
        f"Clean files: {found.clean}; refused, or short of a column or row: {len(found.hindered)} ({found.share:.1%})."
    )
    for label in found.hindered:
        print(f"  hindered: {label}")
    print(f"Known limits: {found.limits}. Measured in {time.perf_counter() - began:.0f} s.")
    return 0 if not found.kept and found.share <= 0.01 else 1


if __name__ == "__main__":
    sys.exit(main())

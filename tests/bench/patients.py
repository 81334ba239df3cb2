"""The measure of patient identity: the hostile and the clean files of tests/referrals/corpus."""

from pathlib import Path

from tests.bench.report import Rows
from tests.bench.scale import Scale
from tests.referrals.corpus.figures import measured


def measure(_kind: str, _bench_dir: Path, scale: Scale) -> Rows:
    """Of how many hostile files something stays, and how many clean ones are hindered."""
    found = measured(every=scale.corpus_every)
    return [
        ("Files with a patient in them: each identifier in many spellings and positions", f"{found.hostile:,}"),
        ("Of so many of them something of the patient was kept", f"{len(found.kept):,}"),
        ("Clean files of providers and of counts", f"{found.clean:,}"),
        ("So many of them were refused, or lost a column or a row", f"{len(found.hindered):,} ({found.share:.1%})"),
        ("Known limits, which docs/PATIENT_DATA.md lists", f"{found.limits:,}"),
    ]

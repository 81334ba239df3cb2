"""How much is measured: all of it for docs/BENCHMARKS.md, or little for a quick look and for the tests."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Scale:
    """Sizes and numbers of runs of all parts."""

    organization: str = "large"
    runs: int = 40
    crowd_runs: int = 15
    into_large: int = 100_000
    # Rows of the files that are imported; those of the first size so many times.
    imports: tuple[int, ...] = (100_000, 1_000_000, 5_000_000)
    import_runs: int = 3
    # Larger files are only imported and taken back: all other steps would say the same once more.
    all_steps_up_to: int = 1_000_000
    waits: int = 1_000_000
    alone_seconds: float = 10
    workbook: int = 100_000
    workbook_runs: int = 3
    uploads: int = 3
    upload_seconds: float = 5
    kills: int = 100
    corpus_every: int = 1

    def up_to(self, rows: int) -> "Scale":
        """The same with smaller files only."""
        sizes = tuple(size for size in self.imports if size <= rows) or (rows,)
        return replace(self, imports=sizes, waits=min(self.waits, rows))


FULL = Scale()
QUICK = Scale(
    organization="small", runs=1, crowd_runs=1, into_large=2_000, imports=(2_000,), import_runs=1, waits=2_000,
    alone_seconds=0.5, workbook=500, workbook_runs=1, uploads=1, upload_seconds=0,
    kills=1, corpus_every=200,
)  # fmt: skip

"""Fetch the pinned front-end packages, and check that the copies kept here are what was fetched.

    python static/vendor/vendor.py fetch    download with `npm pack`, verify, copy, build icons.svg, write manifest.json
    python static/vendor/vendor.py check    compare every kept file with manifest.json; exit 1 when one differs

`fetch` is for the person who changes a version below. Nothing else needs npm: the copies are part of the repository.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent
MANIFEST = HERE / "manifest.json"
ICON_LIST = STATIC / "icons.txt"
ICON_SPRITE = STATIC / "icons.svg"


@dataclass(frozen=True)
class Package:
    """One npm package: its exact version, the sha512 of its tarball, and which files we keep (source -> name here)."""

    name: str
    version: str
    sha512: str
    files: dict[str, str] = field(default_factory=dict)
    icons_from: str = ""

    @property
    def folder(self) -> str:
        """The folder that holds the copies: `<name>@<version>`, without the scope's slash."""
        return f"{self.name.replace('/', '-').lstrip('@')}@{self.version}"


PACKAGES = (
    Package(
        "bootstrap",
        "5.3.9",
        "sha512-20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w==",
        {
            "dist/css/bootstrap.min.css": "bootstrap.min.css",
            "dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
            "LICENSE": "LICENSE",
        },
    ),
    Package(
        "htmx.org",
        "2.0.11",
        "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"},
    ),
    Package(
        "plotly.js-cartesian-dist-min",
        "4.1.1",  # the version inside the Python package plotly 7.1.0; a test compares the two
        "sha512-o8GrFeusncwBIxbBynRJpY4pkgVB6caM+JLpwrLYbbsO7dZ8FJ+SVN2Fr+L7kiG/Z6w4P5O0Jus/Qr5EefHVeg==",
        {"plotly-cartesian.min.js": "plotly-cartesian.min.js", "LICENSE": "LICENSE"},
    ),
    Package(
        "leaflet",
        "1.9.4",
        "sha512-nxS1ynzJOmOlHp+iL3FyWqK89GtNL8U8rvlMOsQdTTssxZwCXh8N2NB3GDQOL+YR3XnWyZAxwQixURb+FA74PA==",
        {"dist/leaflet.js": "leaflet.js", "dist/leaflet.css": "leaflet.css", "LICENSE": "LICENSE"},
    ),
    Package(
        "leaflet.markercluster",
        "1.5.3",
        "sha512-vPTw/Bndq7eQHjLBVlWpnGeLa3t+3zGiuM7fJwCkiMFq+nmRuG3RI3f7f4N4TDX7T4NpbAXpR2+NTRSEGfCSeA==",
        {"dist/leaflet.markercluster.js": "leaflet.markercluster.js", "MIT-LICENCE.txt": "LICENSE"},
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        {"files/inter-latin-wght-normal.woff2": "inter-latin-wght-normal.woff2", "LICENSE": "LICENSE"},
    ),
    Package(
        "bootstrap-icons",
        "1.13.2",
        "sha512-fAU1Ly3dH7hwRg+CB8EZ0Vl0fF80zgXHeUVJyfUOKzoURr+TbwISbCW5tKUoQLERaWYG2emTCybcPbD96hdD1A==",
        {"LICENSE": "LICENSE"},
        icons_from="icons",
    ),
)


def digest(path: Path, algorithm: str) -> str:
    """The base64 digest in the form that browsers and npm write: `sha384-...`."""
    raw = hashlib.new(algorithm, path.read_bytes()).digest()
    return f"{algorithm}-{base64.b64encode(raw).decode()}"


def download(package: Package, into: Path) -> Path:
    """Run `npm pack` and return the unpacked package, after checking the tarball."""
    command = ["npm", "pack", f"{package.name}@{package.version}", "--silent", "--pack-destination", str(into)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 a fixed command
    tarball = into / answer.stdout.strip().splitlines()[-1]
    found = digest(tarball, "sha512")
    if found != package.sha512:
        sys.exit(
            f"{package.name}@{package.version}: the tarball is {found}, expected {package.sha512 or 'nothing yet'}"
        )
    unpacked = into / package.folder
    with tarfile.open(tarball) as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked / "package"


def build_sprite(icons: Path) -> None:
    """One SVG with a symbol for every name in icons.txt."""
    names = sorted({line.strip() for line in ICON_LIST.read_text().splitlines() if line.strip()})
    missing = [name for name in names if not (icons / f"{name}.svg").is_file()]
    if missing:
        sys.exit(f"icons.txt names icons that do not exist: {', '.join(missing)}")
    symbols = []
    for name in names:
        svg = (icons / f"{name}.svg").read_text()
        inner = re.sub(r"\s*\n\s*", "", svg[svg.index(">") + 1 : svg.rindex("</svg>")])
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{inner}</symbol>')
    ICON_SPRITE.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" fill="currentColor">\n' + "\n".join(symbols) + "\n</svg>\n"
    )


def fetch() -> None:
    """Replace every kept copy and the manifest."""
    manifest = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            source = download(package, Path(scratch))
            target = HERE / package.folder
            for old in HERE.glob(f"{package.folder.rsplit('@', 1)[0]}@*"):
                shutil.rmtree(old)
            target.mkdir()
            for kept, name in package.files.items():
                shutil.copyfile(source / kept, target / name)
                drop_source_map(target / name)
            if package.icons_from:
                build_sprite(source / package.icons_from)
            manifest.append(
                {
                    "name": package.name,
                    "version": package.version,
                    "licence": json.loads((source / "package.json").read_text()).get("license", "see LICENSE"),
                    "tarball": package.sha512,
                    "files": {
                        f"{package.folder}/{name}": digest(target / name, "sha384")
                        for name in sorted(package.files.values())
                    },
                }
            )
    MANIFEST.write_text(json.dumps({"packages": manifest, "icons.svg": digest(ICON_SPRITE, "sha384")}, indent=2) + "\n")
    sys.stdout.write(f"{len(PACKAGES)} packages kept\n")


def drop_source_map(path: Path) -> None:
    """The maps are not kept, so the line that points to one would only make the browser's tools ask for it."""
    if path.suffix in {".js", ".css"}:
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"\n?(//|/\*)# sourceMappingURL=\S+( \*/)?\s*$", "\n", text), encoding="utf-8")


def check() -> None:
    """Say which files differ from the manifest."""
    manifest = json.loads(MANIFEST.read_text())
    expected = {HERE / name: sha for entry in manifest["packages"] for name, sha in entry["files"].items()}
    expected[ICON_SPRITE] = manifest["icons.svg"]
    faults = [
        f"{path.relative_to(STATIC)} {'differs' if path.is_file() else 'is missing'}"
        for path, sha in expected.items()
        if not path.is_file() or digest(path, "sha384") != sha
    ]
    known = {path for path in expected if path != ICON_SPRITE}
    faults += [
        f"{path.relative_to(STATIC)} is not in the manifest"
        for path in sorted(HERE.glob("*@*/**/*"))
        if path.is_file() and path not in known
    ]
    pinned = {(entry["name"], entry["version"]) for entry in manifest["packages"]}
    faults += [f"{p.name} {p.version} is not fetched" for p in PACKAGES if (p.name, p.version) not in pinned]
    if faults:
        sys.exit("\n".join(faults))
    sys.stdout.write(f"{len(expected)} files as fetched\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("fetch", "check"))
    {"fetch": fetch, "check": check}[parser.parse_args().action]()

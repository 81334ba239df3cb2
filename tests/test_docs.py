"""The documents agree with the program: settings, commands, rooms, words, links; and no file names a machine."""

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

from config import Config
from crm.app import COMMANDS
from tests.source_files import ROOT

ROOMS = sorted(path.parent.name for path in (ROOT / "crm").glob("*/__init__.py"))
DOCUMENTS = sorted(path for top in ("*.md", "docs/**/*.md") for path in ROOT.glob(top))
# Settings that tests make, and that no environment names.
INNER_SETTINGS = {"testing", "extra"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".html",
    ".js",
    ".css",
    ".toml",
    ".txt",
    ".in",
    ".json",
    ".yml",
    ".yaml",
    ".sh",
    ".svg",
    "",
}
SKIPPED_FOLDERS = {
    ".git", ".venv", "instance", "vendor", "node_modules", "__pycache__",
    ".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis", "test-results",
}  # fmt: skip
# Folders and registries that exist on one machine or in one network only.
MACHINE = re.compile(
    r"(?<![\w.~}{])/(?:work|home/\w+|Users/\w+|root|mnt|private/var)/|"
    r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|artifactory|nexus|index-url|extra-index-url)\b",
    re.IGNORECASE,
)
# Where the name of a registry is the point: the tool that fetches vendored files.
MAY_NAME_REGISTRIES = {"static/vendor/vendor.py", "static/vendor/manifest.json", "tests/test_docs.py"}


@cache
def read(path: str) -> str:
    """A document's text."""
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    missing = [
        field.name.upper()
        for field in fields(Config)
        if field.name not in INNER_SETTINGS and f"`{field.name.upper()}`" not in read("docs/DEPLOY.md")
    ]
    assert missing == []


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    table = read("docs/DEPLOY.md").split("## Settings")[1].split("\n## ")[0]
    named = {name for line in table.splitlines() if line.startswith("| `") for name in CODE.findall(line.split("|")[1])}
    assert named == {field.name.upper() for field in fields(Config) if field.name not in INNER_SETTINGS}


def commands() -> Iterator[str]:
    """Every command of the program, as one types it."""
    for command in COMMANDS:
        if isinstance(command, click.Group):
            yield from (f"{command.name} {name}" for name in command.commands)
        else:
            yield str(command.name)


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_documented_and_says_what_it_does(name: str) -> None:
    assert any(name in document.read_text(encoding="utf-8") for document in DOCUMENTS), f"no document names {name}"
    *groups, last = name.split()
    found = next(command for command in COMMANDS if command.name == (groups or [last])[0])
    command = found.commands[last] if isinstance(found, click.Group) else found
    assert command.help or command.short_help


def test_documents_name_only_commands_that_exist() -> None:
    known = {*commands(), *(str(command.name) for command in COMMANDS)}
    named = {
        words.strip()
        for document in DOCUMENTS
        for words in re.findall(r"--app wsgi ([a-z-]+(?: [a-z-]+)?)", document.read_text(encoding="utf-8"))
    }
    unknown = {
        n for n in named if n not in known and n.split()[0] not in known and n.split()[0] not in ("db", "routes")
    }
    assert unknown == set()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_where_readers_look_for_it(room: str) -> None:
    assert f"crm/{room}" in read("README.md").split("## Where is")[1]
    assert f"crm/{room}/" in read("docs/ARCHITECTURE.md")
    floors = read("docs/ARCHITECTURE.md").split("Floors,")[1].split("```")[1]
    assert re.search(rf"\b{room}\b", floors), f"{room} has no floor"


def test_documents_name_only_rooms_that_exist() -> None:
    named = {
        room for document in DOCUMENTS for room in re.findall(r"\bcrm/([a-z_]+)/", document.read_text(encoding="utf-8"))
    }
    assert named <= set(ROOMS)


@cache
def program() -> str:
    """All of the program's own source."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "crm").rglob("*.py")))


def glossary_names() -> list[str]:
    rows = [line.split("|") for line in read("docs/GLOSSARY.md").splitlines() if line.startswith("| ")][2:]
    return [name for row in rows for name in CODE.findall(row[3])]


@pytest.mark.parametrize("name", glossary_names())
def test_words_of_the_glossary_are_names_of_the_program(name: str) -> None:
    room, _, member = name.partition(".")
    if room in ROOMS and member:
        path = ROOT / "crm" / room
        text = "\n".join(file.read_text(encoding="utf-8") for file in path.rglob("*.py"))
        assert (path / f"{member}.py").is_file() or re.search(rf"\b{member}\b", text), name
    elif member and room in program():
        assert re.search(rf"^class {room}\b[\s\S]*?^    {member}\b", program(), re.MULTILINE), name
    else:
        assert re.search(rf"\b{name}\b", program()), name


def relative_links() -> list[tuple[str, str]]:
    return [
        (document.relative_to(ROOT).as_posix(), link)
        for document in DOCUMENTS
        for link in LINK.findall(document.read_text(encoding="utf-8"))
        if not urlsplit(link).scheme and not link.startswith("#")
    ]


@pytest.mark.parametrize(("document", "link"), relative_links())
def test_links_lead_somewhere(document: str, link: str) -> None:
    target = (ROOT / document).parent / unquote(urlsplit(link).path)
    assert target.exists(), f"{document} links to {link}"
    assert target.resolve().is_relative_to(ROOT.resolve())


def named_files(document: str) -> list[str]:
    """What a document says in code type that looks like a file or folder of the project, without placeholders."""
    tops = {path.name for path in ROOT.iterdir()}
    names = {name.split("::")[0] for name in CODE.findall(read(document))}
    return sorted(n for n in names if n.split("/")[0] in tops and not re.search(r"[<>*{} ]|\.\.\.", n))


@pytest.mark.parametrize("document", ["README.md", "docs/RECIPES.md", "docs/ARCHITECTURE.md", "docs/DESIGN.md"])
def test_files_that_documents_name_exist(document: str) -> None:
    assert [name for name in named_files(document) if not (ROOT / name).exists()] == []


def test_documents_in_recipes_end_with_the_checks() -> None:
    assert "make lint test" in read("docs/RECIPES.md")
    assert "CHANGELOG.md" in read("docs/RECIPES.md")


def text_files() -> Iterator[Path]:
    """Every text file of the project itself."""
    waiting = [ROOT]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.is_dir() and not path.is_symlink():
                waiting += [path] if path.name not in SKIPPED_FOLDERS else []
            elif path.suffix in TEXT_SUFFIXES:
                yield path


def test_no_file_names_a_machine_or_a_registry() -> None:
    faults = []
    for path in text_files():
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        found = MACHINE.search(text) if name not in MAY_NAME_REGISTRIES else None
        if found:
            faults.append(f"{name}:{text[: found.start()].count(chr(10)) + 1} {found.group()}")
    assert faults == []

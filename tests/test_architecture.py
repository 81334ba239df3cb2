"""The house rules that a machine can check: import floors, file and function sizes, names, and banned calls."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.source_files import ROOT, Source, sources

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
CLOCK = "crm/core/clock.py"
VAGUE_NAME = re.compile(r"(^|_)(utils?|helpers?|common|managers?|base_service|misc)(_|$)")
# Folders under crm/, templates/ and tests/ that are no rooms.
NOT_ROOMS = {"core", "demo", "e2e", "bench", "security", "_macros", "errors", "__pycache__"}

# Where a module stands inside its room; pure rules and doors of other kinds have no floor.
FLOORS = {"models": 0, "queries": 1, "services": 2, "forms": 3, "views": 4, "jobs": 4, "cli": 4}
WEB = {"flask", "flask_login", "flask_sqlalchemy", "flask_wtf", "werkzeug", "wtforms"}
# What may not stand in a Python file, as a dotted call, with the reason.
BANNED_CALLS = {
    "eval": "runs text as a program",
    "exec": "runs text as a program",
    "Markup": "switches escaping off",
    "markupsafe.Markup": "switches escaping off",
    "render_template_string": "compiles text as a template",
    "flask.render_template_string": "compiles text as a template",
    "pickle.load": "runs what it reads",
    "pickle.loads": "runs what it reads",
    "pd.read_pickle": "runs what it reads",
    "os.system": "goes through a shell",
}
REAL_CLOCK = {
    "date.today",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.time",
}
BANNED_IN_TEMPLATES = {
    r"\|\s*safe\b": "switches escaping off",
    r"\{%-?\s*autoescape\s+false": "switches escaping off",
    r"<[^>{]*\sstyle\s*=": "the content security policy forbids inline styles: use a class",
    r"<style\b": "the content security policy forbids inline styles: use static/css",
    r"<[^>]*\son[a-z]+\s*=\s*[\"']": "the content security policy forbids inline handlers: use static/js",
    r"javascript:": "a link that runs a script",
    # Data for a script is no script: browsers never run that type.
    r"<script(?![^>]*\ssrc=)(?![^>]*type=[\"']application/json[\"'])": "no inline script: use static/js",
}


OURS = sources("config.py", "wsgi.py", "crm")
ALL_PYTHON = OURS + sources("migrations", "tests")


def none_of(faults: Iterable[str]) -> None:
    """Fail with every fault at once, one a line."""
    found = sorted(set(faults))
    assert not found, "\n" + "\n".join(found)


def test_imports_point_down() -> None:
    """import-linter's contracts in pyproject.toml: floors of rooms, layers in rooms, who may import what."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_nobody_but_the_app_imports_pages() -> None:
    """The contract in pyproject.toml says so of `views`; a room may have more files of pages (`import_views`)."""
    none_of(
        f"{source} imports {name}: only crm.app may"
        for source in OURS
        if str(source) != "crm/app.py"
        for name in source.imports
        if name.rpartition(".")[2].endswith("_views")
    )


def floor_in_room(module: str) -> int | None:
    """How high a module stands inside its room, by the last word of its name: `people_queries` is a `queries`."""
    match module.split("."):
        case ["crm", _room, name, *_]:
            return FLOORS.get(name.rpartition("_")[2])
    return None


def test_floors_inside_a_room() -> None:
    """As the contracts in pyproject.toml, also for a room's `people_queries` and `people_services`."""

    def faults(source: Source, floor: int) -> Iterator[str]:
        room = ".".join(source.path.parts[:2])
        for name in source.imports:
            if name.startswith(f"{room}.") and (floor_in_room(name) or 0) > floor:
                yield f"{source} looks up to {name}"
            if floor <= FLOORS["services"] and name.partition(".")[0] in WEB:
                yield f"{source} knows {name}: leave the web to forms and views"

    floors = [(source, floor_in_room(source.module)) for source in OURS]
    none_of(fault for source, floor in floors if floor is not None for fault in faults(source, floor))


def test_the_first_line_says_the_purpose() -> None:
    def faults(source: Source) -> Iterator[str]:
        if source.path.name == "__init__.py" and not source.text:
            return  # an empty one only makes a folder importable
        if not (ast.get_docstring(source.tree) or "").strip():
            yield f"{source} has no docstring that says what it is for"
        elif not source.text.startswith(('"""', "#!")):
            yield f"{source}: the docstring is not the first line"

    none_of(fault for source in ALL_PYTHON for fault in faults(source))


def test_files_are_short() -> None:
    lengths = {source: len(source.text.splitlines()) for source in OURS}
    none_of(
        f"{source} has {n} lines: split it by what its parts do" for source, n in lengths.items() if n > MAX_FILE_LINES
    )


def test_functions_are_short() -> None:
    none_of(
        f"{source}:{node.lineno} {node.name} has more than {MAX_FUNCTION_LINES} lines"
        for source in OURS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    )


def test_files_are_named_after_what_they_hold() -> None:
    none_of(
        f"{source}: {part!r} says nothing; name it after the thing inside"
        for source in ALL_PYTHON
        for part in (*source.path.parts[:-1], source.path.stem)
        if VAGUE_NAME.search(part)
    )


def test_no_banned_calls() -> None:
    none_of(
        f"{source}:{call.lineno} {name}: {BANNED_CALLS[name]}"
        for source in OURS
        for name, call in source.calls()
        if name in BANNED_CALLS
    )


def test_no_shell() -> None:
    none_of(
        f"{source}:{call.lineno} {name} goes through a shell"
        for source in OURS
        for name, call in source.calls()
        for keyword in call.keywords
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    )


def test_sql_text_is_never_put_together() -> None:
    def is_sql_text(source: Source, name: str) -> bool:
        return name in {"sa.text", "sqlalchemy.text"} or (name == "text" and "sqlalchemy.text" in source.imports)

    none_of(
        f"{source}:{call.lineno} {name}: bind parameters instead of putting SQL together"
        for source in OURS
        for name, call in source.calls()
        if is_sql_text(source, name) and not (call.args and isinstance(call.args[0], ast.Constant))
    )


def test_time_comes_from_the_clock() -> None:
    none_of(
        f"{source}:{line} {name}: use crm.core.clock"
        for source in OURS
        if str(source) != CLOCK
        for name, line in source.attributes()
        if name in REAL_CLOCK
    )


def test_nothing_is_pickled() -> None:
    none_of(
        f"{source} imports {name}: such data run when they are read"
        for source in OURS
        for name in source.imports & {"pickle", "marshal", "shelve", "dill"}
    )


def test_templates_keep_the_content_security_policy() -> None:
    def faults(path: Path) -> Iterator[str]:
        markup = re.sub(r"\{#.*?#\}", _only_its_lines, path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for pattern, reason in BANNED_IN_TEMPLATES.items():
            for match in re.finditer(pattern, markup, re.IGNORECASE):
                line = markup.count("\n", 0, match.start()) + 1
                yield f"{path.relative_to(ROOT)}:{line} {match.group(0)!r}: {reason}"

    none_of(fault for path in (ROOT / "templates").rglob("*.*") if path.is_file() for fault in faults(path))


def _only_its_lines(comment: re.Match[str]) -> str:
    return "\n" * comment.group(0).count("\n")


def rooms(top: str) -> set[str]:
    """The room folders under crm/, templates/ or tests/ that hold at least one file."""
    folders = [folder for folder in (ROOT / top).glob("*/") if folder.is_dir() and any(folder.glob("*.*"))]
    return {folder.name for folder in folders} - NOT_ROOMS


def test_folders_carry_the_names_of_the_rooms() -> None:
    unknown = {f"{top}/{name}" for top in ("templates", "tests") for name in rooms(top) - rooms("crm")}
    none_of(f"{folder} is named after no room of crm/" for folder in unknown)


def test_rooms_have_their_templates_and_tests() -> None:
    def has(room: str, part: str) -> bool:
        return (ROOT / "crm" / room / part).exists() or (ROOT / "crm" / room / f"{part}.py").exists()

    none_of(
        f"crm/{room}/ has pages but no templates/{room}/"
        for room in rooms("crm") - rooms("templates")
        if has(room, "views")
    )
    none_of(f"crm/{room}/ has no tests/{room}/" for room in rooms("crm") - rooms("tests") if has(room, "services"))

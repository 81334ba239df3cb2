"""The house rules that a machine can check: import floors, file and function sizes, names, and banned calls."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
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


def python_files(*tops: str) -> list[Path]:
    """Every Python file under these places, as paths from the root."""
    paths = [path for top in tops for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))]
    return sorted(path.relative_to(ROOT) for path in paths if path.is_file() and "__pycache__" not in path.parts)


OURS = python_files("config.py", "wsgi.py", "crm")
ALL_PYTHON = OURS + python_files("migrations", "tests")
TEMPLATES = sorted(path.relative_to(ROOT) for path in (ROOT / "templates").rglob("*.*"))
by_path = {"ids": str}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call in a file with the dotted name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an expression of that shape, otherwise nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (left := dotted(node.value)):
        return f"{left}.{node.attr}"
    return ""


def imports(tree: ast.AST) -> set[str]:
    """Everything that a file imports, as dotted names: for `from a import b` both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module}, (f"{node.module}.{alias.name}" for alias in node.names))
    return found


def is_sql_text(name: str, imported: set[str]) -> bool:
    """Whether a call is SQLAlchemy's `text`, and not a function of ours with that name."""
    return name in {"sa.text", "sqlalchemy.text"} or (name == "text" and "sqlalchemy.text" in imported)


def floor_in_room(module: str) -> int | None:
    """How high a module stands inside its room, by the last word of its name: `people_queries` is a `queries`."""
    parts = module.split(".")
    return FLOORS.get(parts[2].rpartition("_")[2]) if len(parts) > len(("crm", "room")) else None


def is_false(node: ast.AST) -> bool:
    """Whether an expression is a literal that counts as false."""
    return isinstance(node, ast.Constant) and not node.value


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def test_imports_point_down() -> None:
    """import-linter's contracts in pyproject.toml: floors of rooms, layers in rooms, who may import what."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", [p for p in OURS if p.as_posix() != "crm/app.py"], **by_path)
def test_nobody_but_the_app_imports_pages(path: Path) -> None:
    """The contract in pyproject.toml says so of `views`; a room may have more files of pages (`import_views`)."""
    pages = {name for name in imports(parsed(path)) if name.rpartition(".")[2].endswith("_views")}
    assert not pages, f"{path} imports {pages}: only crm.app may"


@pytest.mark.parametrize("path", OURS, **by_path)
def test_floors_inside_a_room(path: Path) -> None:
    """As the contract in pyproject.toml, also for a room's `people_queries` and `people_services`."""
    own = ".".join(path.with_suffix("").parts)
    floor = floor_in_room(own)
    if floor is None or not own.startswith("crm."):
        return
    room = ".".join(path.parts[:2])
    imported = imports(parsed(path))
    above = {name for name in imported if name.startswith(f"{room}.") and (floor_in_room(name) or 0) > floor}
    assert not above, f"{path} looks up to {sorted(above)}"
    web = WEB & {name.partition(".")[0] for name in imported}
    assert floor > FLOORS["services"] or not web, f"{path} knows {sorted(web)}: leave the web to forms and views"


@pytest.mark.parametrize("path", ALL_PYTHON, **by_path)
def test_first_line_says_the_purpose(path: Path) -> None:
    if path.name == "__init__.py" and not (ROOT / path).read_bytes():
        return  # an empty one only makes a folder importable
    docstring = ast.get_docstring(parsed(path))
    first_line = (ROOT / path).read_text(encoding="utf-8").splitlines()[:1]
    assert docstring, f"{path} has no docstring that says what it is for"
    assert first_line[0].startswith(('"""', "#!")), f"{path}: the docstring is not the first line"
    assert len(docstring.splitlines()[0]) >= len("Tests x."), f"{path}: the first line says nothing"


@pytest.mark.parametrize("path", OURS, **by_path)
def test_file_is_short(path: Path) -> None:
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{path} has {lines} lines: split it by what its parts do"


@pytest.mark.parametrize("path", OURS, **by_path)
def test_functions_are_short(path: Path) -> None:
    functions = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f.name: (f.end_lineno or 0) - f.lineno + 1 for f in functions}
    too_long = {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES}
    assert not too_long, f"{path}: more than {MAX_FUNCTION_LINES} lines in {too_long}"


@pytest.mark.parametrize("path", ALL_PYTHON, **by_path)
def test_file_is_named_after_what_it_holds(path: Path) -> None:
    vague = [part for part in (*path.parts[:-1], path.stem) if VAGUE_NAME.search(part)]
    assert not vague, f"{path}: {vague[0]!r} says nothing; name it after the thing inside"


@pytest.mark.parametrize("path", OURS, **by_path)
def test_no_banned_calls(path: Path) -> None:
    found, imported = [], imports(parsed(path))
    for name, call in calls(parsed(path)):
        if name in BANNED_CALLS:
            found.append(f"{path}:{call.lineno} {name}: {BANNED_CALLS[name]}")
        if any(
            k.arg == "shell" and not (isinstance(k.value, ast.Constant) and not k.value.value) for k in call.keywords
        ):
            found.append(f"{path}:{call.lineno} {name}: goes through a shell")
        if is_sql_text(name, imported) and call.args and not isinstance(call.args[0], ast.Constant):
            found.append(f"{path}:{call.lineno} {name}: SQL put together from pieces; bind parameters instead")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", [p for p in OURS if p.as_posix() != CLOCK], **by_path)
def test_time_comes_from_the_clock(path: Path) -> None:
    found = [f"{path}:{call.lineno} {name}" for name, call in calls(parsed(path)) if name in REAL_CLOCK]
    references = [
        f"{path}:{node.lineno} {dotted(node)}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and dotted(node) in REAL_CLOCK
    ]
    assert not found + references, f"use crm.core.clock: {sorted(set(found + references))}"


@pytest.mark.parametrize("path", OURS, **by_path)
def test_no_pickle(path: Path) -> None:
    assert not imports(parsed(path)) & {"pickle", "cPickle", "marshal", "shelve", "dill"}, (
        f"{path}: pickled data runs when read"
    )


@pytest.mark.parametrize("path", TEMPLATES, **by_path)
def test_template_keeps_the_content_security_policy(path: Path) -> None:
    markup = re.sub(r"\{#.*?#\}", "", (ROOT / path).read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [
        f"{path}:{markup[: match.start()].count(chr(10)) + 1} {match.group(0)!r}: {reason}"
        for pattern, reason in BANNED_IN_TEMPLATES.items()
        for match in re.finditer(pattern, markup, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)


def rooms(top: str) -> set[str]:
    """The room folders under crm/, templates/ or tests/ that hold at least one file."""
    folders = [folder for folder in (ROOT / top).iterdir() if folder.is_dir() and any(folder.glob("*.*"))]
    return {folder.name for folder in folders} - NOT_ROOMS


@pytest.mark.parametrize("top", [top for top in ("templates", "tests") if (ROOT / top).is_dir()])
def test_folders_carry_the_names_of_the_rooms(top: str) -> None:
    unknown = rooms(top) - rooms("crm")
    assert not unknown, f"{top}/ has folders that are no rooms of crm/: {sorted(unknown)}"


@pytest.mark.parametrize("room", sorted(rooms("crm")))
def test_room_has_its_templates_and_tests(room: str) -> None:
    if (ROOT / "crm" / room / "views.py").is_file():
        assert (ROOT / "templates" / room).is_dir(), f"crm/{room}/views.py has no templates/{room}/"
    if (ROOT / "crm" / room / "services.py").is_file():
        assert (ROOT / "tests" / room).is_dir(), f"crm/{room}/ has no tests/{room}/"

"""The house rules, as tests: sizes, directions, names, and that each deliberate breach is caught."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import TOGETHER, Scheduling

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "elicence"
MODULES = sorted(SOURCE.rglob("*.py"))
STORIES = {"issue", "verify", "new_version", "change_status", "reap", "publish_statuses"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "service", "handler"}


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_is_longer_than_400_lines(module: Path) -> None:
    assert len(module.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_functions_are_short_and_have_few_positional_parameters(module: Path) -> None:
    for function in functions(parsed(module)):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= (120 if function.name in STORIES else 60), f"{function.name} has {length} lines"
        positional = [a for a in function.args.posonlyargs + function.args.args if a.arg not in {"self", "cls"}]
        is_command = module.is_relative_to(SOURCE / "cli")
        assert is_command or len(positional) <= 4, f"{function.name} takes {len(positional)} positional parameters"


def test_the_median_function_has_at_most_twelve_lines() -> None:
    lengths = sorted((f.end_lineno or 0) - f.lineno + 1 for m in MODULES for f in functions(parsed(m)))
    assert lengths[len(lengths) // 2] <= 12


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_broad_except_and_no_print_outside_the_command_line(module: Path) -> None:
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, "bare except"
            assert not (isinstance(node.type, ast.Name) and node.type.id == "Exception" and not reraised(node))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert module.is_relative_to(SOURCE / "cli")


def reraised(handler: ast.ExceptHandler) -> bool:
    """A broad except is a cleanup if it raises again, or hands the exception to the caller's future."""
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Attribute) and node.attr == "set_exception")
        for node in ast.walk(handler)
    )


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    not_ours = {"__pycache__", "node_modules", "vendor"}  # what npm brings has the names that npm gives it
    names = {path.stem for path in SOURCE.rglob("*") if not not_ours & set(path.parts)}
    assert not names & FORBIDDEN_NAMES


def test_every_public_module_class_and_function_says_what_it_is() -> None:
    silent = []
    for module in MODULES:
        if "migrations" in module.parts:
            continue
        tree = parsed(module)
        if not ast.get_docstring(tree):
            silent.append(str(module))
        silent += [
            f"{module}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert not silent


def test_every_error_code_used_exists_and_every_code_that_exists_is_used() -> None:
    from elicence import errors

    used: dict[str, set[str]] = {}
    text = "\n".join(module.read_text("utf-8") for module in MODULES if module.name != "errors.py")
    for module in MODULES:
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    used.setdefault(node.func.id, set()).add(first.value)
    for name in errors.__all__:
        raised = getattr(errors, name)
        codes = getattr(raised, "codes", frozenset()) | getattr(raised, "problem_codes", frozenset())
        if name != "Problem":
            assert used.get(name, set()) <= codes
        never = {code for code in codes if f'"{code}"' not in text}
        assert not never, f"{name} has codes nothing raises: {sorted(never)}"


def collected() -> str:
    command = [sys.executable, "-m", "pytest", "tests", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout.rpartition("\n\n")[0]


def test_the_tests_have_the_same_names_whenever_they_are_collected() -> None:
    """Workers that collect in different seconds, with different hashes, must agree, or none of them runs anything."""
    first, second = collected().splitlines(), collected().splitlines()
    assert len(first) > 1000
    assert [names for names in zip(first, second, strict=True) if names[0] != names[1]] == []


def test_tests_that_stay_together_are_there_and_given_to_one_worker() -> None:
    for file in TOGETHER:
        assert (ROOT / file).is_file(), file
        assert Scheduling._split_scope(None, f"{file}::test_a[x]") == file  # type: ignore[arg-type]
    assert Scheduling._split_scope(None, "tests/a.py::test_a[x]") == "tests/a.py::test_a[x]"  # type: ignore[arg-type]


def test_no_private_key_and_no_registry_host_is_tracked() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    hosts = re.compile(
        "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(?:org|com)", "deb" + r"\.debian\.org"))
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if not path.is_file() or path.suffix in {".png", ".bin", ".csv"}:
            continue
        text = path.read_text("utf-8", errors="replace")
        assert not hosts.search(text), name
        if not name.startswith("tests/vectors/"):
            assert "-----BEGIN" + " ENCRYPTED PRIVATE KEY" not in text, name
            assert "-----BEGIN" + " PRIVATE KEY" not in text, name


CONTRACTS = {
    "floors": "The floors",
    "verifier": "A verifier needs",
    "sql": "Only the registry speaks",
    "pure": "The pure floor",
    "private-keys": "Only keys holds",
    "wiring": "Nothing below the wiring",
}
BREACHES = [
    ("floors", "formats/did.py", "from elicence.licences import ids"),
    ("verifier", "verifier/policy.py", "import sqlmodel"),
    ("sql", "issuer/desk.py", "import sqlalchemy"),
    ("pure", "formats/did.py", "import os"),
    ("private-keys", "issuer/desk.py", "import cryptography"),
    ("wiring", "accounts/agencies.py", "import elicence.settings"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    # The editable install must not be found in place of the copy.
    code = (
        f"import sys; sys.path.insert(0, {str(folder / 'src')!r}); "
        "from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def copy_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_house_as_it_stands_keeps_every_import_contract(copy_of_the_house: Path) -> None:
    result = lint_imports(copy_of_the_house)
    assert result.returncode == 0, result.stdout
    assert f"{len(BREACHES)} kept, 0 broken" in result.stdout


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES, ids=[breach[0] for breach in BREACHES])
def test_a_deliberate_breach_of_each_import_contract_fails(
    copy_of_the_house: Path, contract: str, file: str, line: str
) -> None:
    path = copy_of_the_house / "src" / "elicence" / file
    before = path.read_text("utf-8")
    path.write_text(f"{before}\n{line}\n", "utf-8")
    try:
        result = lint_imports(copy_of_the_house)
    finally:
        path.write_text(before, "utf-8")
    assert result.returncode != 0
    assert any(
        row.startswith(CONTRACTS[contract]) and row.rstrip().endswith("BROKEN") for row in result.stdout.splitlines()
    ), result.stdout


def test_a_folder_without_a_floor_is_refused(copy_of_the_house: Path) -> None:
    stray = copy_of_the_house / "src" / "elicence" / "utils"
    stray.mkdir()
    (stray / "__init__.py").touch()
    try:
        assert lint_imports(copy_of_the_house).returncode != 0
    finally:
        shutil.rmtree(stray)

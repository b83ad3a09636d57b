"""The house's own rules: style, types, contracts, and documentation that says what the program does."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from canary.cli.program import app
from canary.config import SETTINGS
from canary.errors import CanaryError

ROOT = Path(__file__).parents[2]


def run(program: str, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / program), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_style() -> None:
    run("ruff", "check", "canary", "tests", "scripts")


def test_format() -> None:
    run("ruff", "format", "--check", "canary", "tests", "scripts")


def test_types() -> None:
    run("mypy")


def test_imports_go_down_only() -> None:
    run("lint-imports")


def docs() -> ModuleType:
    spec = util.spec_from_file_location("docs", ROOT / "scripts" / "docs.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_of_the_documentation_are_up_to_date() -> None:
    assert [page.name for page in docs().stale()] == []


def documentation() -> str:
    return "\n".join(page.read_text() for page in docs().pages())


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield " ".join(("canary", *path)), command
    for name, child in children.items():
        yield from commands(child, (*path, name))


def test_every_command_and_option_is_documented() -> None:
    text = documentation()
    for name, command in commands(typer.main.get_command(app)):
        assert f"<!-- help: {name} -->" in text, name
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("--") or option in text, f"{name} {option}"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_setting_is_documented(setting: object) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert f"`{setting.key}`" in text  # type: ignore[attr-defined]
    assert f"`{setting.variable}`" in text  # type: ignore[attr-defined]


def errors(error: type[CanaryError]) -> Iterator[type[CanaryError]]:
    yield error
    for child in error.__subclasses__():
        yield from errors(child)


def test_every_exit_code_is_documented() -> None:
    table = re.findall(r"^\| `(\d+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {int(code) for code in table} == {0, 2, 3, 130} | {
        error.exit_code for error in errors(CanaryError)
    }


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in docs().pages():
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_examples_and_name_tables_are_in_the_wheel(tmp_path: Path) -> None:
    run("uv", "build", "--wheel", "--offline", "--no-build-isolation", "--out-dir", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    import zipfile  # noqa: PLC0415 - only here

    names = zipfile.ZipFile(wheel).namelist()
    assert "canary/demo/examples/reviews.csv" in names
    assert any(name.startswith("canary/persona/data/") for name in names)

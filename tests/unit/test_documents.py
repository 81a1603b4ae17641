"""Documentation is tested: generated pages are current, every command and setting is described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer.main

from bot.cli import app
from bot.commands.doctor import settings_documents
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def commands(group: Any = None, above: str = "") -> list[str]:
    """Every command's full name, at any depth."""
    names: list[str] = []
    for name, command in (group or typer.main.get_command(app)).commands.items():  # type: ignore[union-attr]
        names += commands(command, f"{above}{name} ") if hasattr(command, "commands") else [above + name]
    return names


@pytest.mark.parametrize("path", sorted(settings_documents()), ids=lambda p: p.name)
def test_generated_documents_are_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == settings_documents()[path], "run: wenyu doctor --write-docs"


@pytest.mark.parametrize("name", commands())
def test_every_command_has_a_heading(name: str) -> None:
    assert f"## wenyu {name}\n" in (ROOT / "docs" / "命令.md").read_text(encoding="utf-8")


def test_every_setting_is_described_in_chinese() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert any("\u4e00" <= c <= "\u9fff" for c in field.description), name


@pytest.mark.parametrize("readme", ["README.md", "README.en.md"])
def test_the_readmes_name_the_two_commands_and_only_files_that_exist(readme: str) -> None:
    import re

    text = (ROOT / readme).read_text(encoding="utf-8")
    assert "make run" in text
    assert "make test" in text
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


def test_every_link_between_documents_leads_somewhere() -> None:
    import re

    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!http|javascript:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

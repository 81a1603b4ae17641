"""What every folder with weights owes: the artefact contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.artefact import ArtefactError, verify, write_manifest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "models").rglob("manifest.json"))
FIELDS = {"name": "x", "version": "1", "data": [], "commercial_use": True, "metrics": {}, "command": "x", "commit": "x"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.relative_to(ROOT).as_posix())
class TestEveryArtefact:
    def test_its_files_are_those_of_the_manifest(self, folder: Path) -> None:
        manifest = verify(folder)
        weights = {p.name for p in folder.glob("*.safetensors")}
        assert weights
        assert weights <= set(manifest["sha256"])

    def test_it_is_small_and_not_pickled(self, folder: Path) -> None:
        for file in folder.rglob("*"):
            assert file.suffix not in {".pkl", ".pickle", ".pt", ".pth", ".joblib", ".bin"}, file
            if file.is_file():
                assert file.stat().st_size <= 10_000_000, file

    def test_it_says_where_it_comes_from(self, folder: Path) -> None:
        manifest = verify(folder)
        card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
        assert manifest["metrics"]
        assert manifest["command"] in card
        for data in manifest["data"]:
            assert data["name"] in card
            assert data["terms"]


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    (tmp_path / "weights.safetensors").write_bytes(b"1234")
    write_manifest(tmp_path, **FIELDS)
    return tmp_path


def test_an_untouched_artefact_is_accepted(artefact: Path) -> None:
    assert verify(artefact)["name"] == "x"


def test_a_changed_file_is_refused_before_parsing(artefact: Path) -> None:
    (artefact / "weights.safetensors").write_bytes(b"1235")
    with pytest.raises(ArtefactError, match="不一致"):
        verify(artefact)


def test_a_missing_file_is_refused(artefact: Path) -> None:
    (artefact / "weights.safetensors").unlink()
    with pytest.raises(ArtefactError):
        verify(artefact)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_broken_manifest_is_refused(artefact: Path, text: str) -> None:
    (artefact / "manifest.json").write_text(text)
    with pytest.raises(ArtefactError):
        verify(artefact)


def test_an_incomplete_manifest_is_refused(artefact: Path) -> None:
    manifest = json.loads((artefact / "manifest.json").read_text())
    del manifest["data"]
    (artefact / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtefactError, match="清单"):
        verify(artefact)

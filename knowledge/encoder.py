"""Sentence encoders: texts to unit-length vectors, so that a dot product is a cosine.

The embedded one runs in ONNX Runtime with a Rust tokenizer: no torch in the process, which saves ~300 MB resident and
seconds of start. Any other model (a local directory or a name on the hub) is loaded through sentence-transformers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from knowledge.checksum import fingerprint_of
from knowledge.errors import EncoderError
from knowledge.static_vectors import WordVectors

Floats = npt.NDArray[np.float32]
BATCH = 32


class Encoder(Protocol):
    """What retrieval needs of an encoder."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text may get another vector."""

    @property
    def words(self) -> WordVectors | None:
        """Vectors of single words, where the encoder has a table of them."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [len(texts), dim], every row of unit length; thread-safe."""


class OnnxEncoder:
    """The embedded encoder, built by knowledge.encoder_build."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Load from `folder`; raises EncoderError when it has not been built there."""
        import onnxruntime
        from tokenizers import Tokenizer

        settings = read_build(folder)
        if settings is None:
            raise EncoderError(
                "句子编码器还没有构建好。",
                hint=f"{folder} 不完整；运行 make run 会重新构建，或用 WENYU_ENCODER 指定其他模型。",
            )
        self._dim: int = settings["dim"]
        self._fingerprint: str = settings["fingerprint"]
        self._prefix: str = settings["prefix"]
        self.words = WordVectors(folder / "static") if (folder / "static").is_dir() else None
        self._tokenizer = Tokenizer.from_file(str(folder / "st" / "tokenizer.json"))
        self._tokenizer.enable_truncation(settings["max_tokens"])
        self._tokenizer.enable_padding(pad_id=settings["pad_id"], pad_token="<pad>")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A busy-waiting pool would take the cores from the other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / "onnx" / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def fingerprint(self) -> str:
        """Names the weights, the adapter, the precision and the build's version."""
        return self._fingerprint

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [len(texts), dim], unit length. Texts of like length share a batch, so little is padded."""
        out = np.empty((len(texts), self._dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            encoded = self._tokenizer.encode_batch([self._prefix + texts[i] for i in rows])
            feed = {
                "input_ids": np.array([e.ids for e in encoded], dtype=np.int64),
                "attention_mask": np.array([e.attention_mask for e in encoded], dtype=np.int64),
            }
            out[rows] = self._session.run(None, feed)[0]
        return out


class SentenceTransformerEncoder:
    """Any sentence-transformers model: a local directory, or a hub name such as BAAI/bge-base-zh-v1.5."""

    def __init__(self, name: str) -> None:
        """Load the model; raises EncoderError when it can be neither read nor downloaded."""
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"无法加载句子编码器“{name}”。",
                hint="WENYU_ENCODER 应为本地模型目录，或可下载的模型名；留空则使用内置编码器。",
            ) from error
        self._dim = int(self._model.get_embedding_dimension())
        self.words = None
        probe = self._model.encode(["编码器"], normalize_embeddings=True)
        self._fingerprint = fingerprint_of(name, np.round(probe, 4).tobytes().hex())

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def fingerprint(self) -> str:
        """Names the model and what it makes of a probe sentence."""
        return self._fingerprint

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [len(texts), dim], unit length."""
        vectors: Floats = self._model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return vectors.astype(np.float32)


def read_build(folder: Path) -> dict[str, Any] | None:
    """The description that knowledge.encoder_build left in a finished `folder`, or None."""
    path = folder / "build.json"
    if not path.is_file():
        return None
    description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return description


def load_encoder(setting: str, embedded: Path, *, threads: int = 1) -> Encoder:
    """The encoder that the setting names.

    Args:
        setting: "" for the embedded one, a local directory, or a hub name.
        embedded: where the embedded encoder was built (var/encoder).
        threads: cores for one call of the embedded encoder.
    """
    if setting:
        return SentenceTransformerEncoder(setting)
    return OnnxEncoder(embedded, threads=threads)

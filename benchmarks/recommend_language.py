"""Figures of understanding in the recommendation skill: on the development files, and on held-out ones beside them.

    python -m benchmarks.recommend_language

Prints the share of film mentions that are resolved to the right film, by kind of noise; of ambiguous and unknown
mentions that are recognised as such; of slot values understood; and of dialogue turns that meet what is expected.
Only figures are printed, never a text of the held-out files.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from actions.recommend_service import RecommendService
from knowledge.normalise import normalise
from models.recommender.language import Language
from models.recommender.title_keys import han_key
from tests.unit.recommend.dialogues import play
from tests.unit.recommend.slot_scores import score

NLU_DATA = Path(__file__).resolve().parents[1] / "nlu_data"
SETS = {"开发": NLU_DATA / "development", "保留": NLU_DATA / "heldout"}

Figures = dict[str, tuple[int, int]]
"""Name of a figure → (right, total)."""


def titles(data: dict[str, Any], service: RecommendService) -> Figures:
    """Resolution of mentions: only the right film counts, asking back does not."""
    language = _language(service)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for mention in data["mentions"]:
        meant = {mention["movie_id"], *mention.get("also", ())}
        if mention.get("where") == "sentence":
            good = meant >= {int(i) for i in language.understand(mention["text"]).titles} != set()
        else:
            found = language.titles.resolve(mention["text"])
            good = found.status == "resolved" and int(found.items[0]) in meant
        for name in ("片名提及", f"  {mention['kind']}"):
            total[name] += 1
            right[name] += good
    asked = [(language.titles.resolve(m["text"]), {str(i) for i in m["movie_ids"]}) for m in data["ambiguous"]]
    full = sum(f.status == "ambiguous" and ids <= set(f.items) for f, ids in asked)
    # A film that has been given its Chinese title since the list was written is not unknown any more.
    catalogue = service.shelves["film"].recommender.catalogue
    listed = {han_key(catalogue[i].title) for i in catalogue.ids}
    absent = [m for m in data["unknown"] if han_key(normalise(m)) not in listed]
    unknown = sum(language.titles.resolve(m).status == "unknown" for m in absent)
    figures = {name: (right[name], total[name]) for name in sorted(total, key=lambda n: (n[0] == " ", n))}
    return figures | {
        "有歧义的反问": (sum(f.status == "ambiguous" for f, _ in asked), len(asked)),
        "  候选齐全": (full, len(asked)),
        "库里没有的认出": (unknown, len(absent)),
    }


def slots(data: dict[str, Any], service: RecommendService) -> Figures:
    """Values understood: a value too many counts like one missed."""
    result = score(_language(service), data["utterances"])
    faults = {f"  {name} 错": (count, result.total) for name, count in (+result.faults).most_common()}
    return {"槽位值": (result.right, result.total), "  整句": (result.whole, result.utterances)} | faults


def dialogues(data: dict[str, Any], service: RecommendService) -> Figures:
    """Turns and whole dialogues in which everything expected is met."""
    played = [play(dialogue, service) for dialogue in data["dialogues"]]
    turns = [faults for dialogue in played for faults in dialogue]
    faults = Counter(f"  {name} 错" for turn in turns for name in turn)
    return {
        "对话轮次": (sum(not f for f in turns), len(turns)),
        "  整段": (sum(not any(dialogue) for dialogue in played), len(played)),
    } | {name: (count, len(turns)) for name, count in faults.most_common()}


PARTS: dict[str, Callable[[dict[str, Any], RecommendService], Figures]] = {
    "recommend_titles.yml": titles, "recommend_slots.yml": slots, "recommend_dialogues.yml": dialogues,
}  # fmt: skip


def _language(service: RecommendService) -> Language:
    return service.shelves["film"].language


def _milliseconds(service: RecommendService) -> float:
    """Processor time of one resolution, the mean over the development mentions."""
    mentions = yaml.safe_load((SETS["开发"] / "recommend_titles.yml").read_text(encoding="utf-8"))["mentions"]
    began = time.process_time()
    for mention in mentions:
        _language(service).titles.resolve(mention["text"])
    return (time.process_time() - began) / len(mentions) * 1000


def main() -> None:
    """Print everything."""
    service = RecommendService.open(commercial_use=False)
    if "film" not in service.shelves:
        raise SystemExit(service.notice)
    columns: dict[str, Figures] = {}
    for name, folder in SETS.items():
        files = {file: folder / file for file in PARTS if (folder / file).exists()}
        columns[name] = {}
        for file, path in files.items():
            columns[name] |= PARTS[file](yaml.safe_load(path.read_text(encoding="utf-8")), service)
    print(f"{'':<22}" + "".join(f"{name:<22}" for name in columns))
    for row in dict.fromkeys(row for figures in columns.values() for row in figures):
        cells = (figures.get(row) for figures in columns.values())
        print(
            f"{row:<22}"
            + "".join(f"{c[0] / c[1]:.3f}（{c[0]}/{c[1]}）".ljust(22) if c and c[1] else "—".ljust(22) for c in cells)
        )
    print(f"解析一个片名 {_milliseconds(service):.1f} ms（处理器时间）")


if __name__ == "__main__":
    main()

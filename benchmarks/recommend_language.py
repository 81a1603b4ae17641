"""Figures of understanding in the recommendation skill, on files that were never used for developing it.

    python -m benchmarks.recommend_language

Prints the share of film mentions that are resolved to the right film, by kind of noise; of ambiguous and unknown
mentions that are recognised as such; of slot values understood; and of dialogue turns that meet what is expected.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from actions.recommend_service import RecommendService
from models.recommender.language import Language
from tests.unit.recommend.dialogues import play
from tests.unit.recommend.slot_scores import score

HELD_OUT = Path(__file__).resolve().parents[1] / "nlu_data" / "heldout"


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HELD_OUT / name).read_text(encoding="utf-8"))
    return loaded


def titles(language: Language) -> None:
    """Resolution of mentions: only the right film counts, asking back does not."""
    data = load("recommend_titles.yml")
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    began = time.perf_counter()
    for mention in data["mentions"]:
        found = language.titles.resolve(mention["text"])
        total[mention["kind"]] += 1
        right[mention["kind"]] += found.status == "resolved" and int(found.items[0]) in {
            mention["movie_id"],
            *mention.get("also", ()),
        }
    each = (time.perf_counter() - began) / len(data["mentions"]) * 1000
    print(f"片名提及 {right.total() / total.total():.3f}（{right.total()}/{total.total()}），每个 {each:.1f} ms")
    for kind in sorted(total):
        print(f"  {kind:<12} {right[kind] / total[kind]:.3f}（{right[kind]}/{total[kind]}）")
    asked = [language.titles.resolve(m["text"]) for m in data["ambiguous"]]
    pairs = list(zip(asked, data["ambiguous"], strict=True))
    full = sum(f.status == "ambiguous" and {str(i) for i in m["movie_ids"]} <= set(f.items) for f, m in pairs)
    unknown = sum(language.titles.resolve(m).status == "unknown" for m in data["unknown"])
    print(f"有歧义的：反问 {sum(f.status == 'ambiguous' for f in asked)}/{len(asked)}，其中候选齐全 {full}")
    print(f"库里没有的：认出没有 {unknown}/{len(data['unknown'])}")


def slots(language: Language) -> None:
    """Values understood: a value too many counts like one missed."""
    result = score(language, load("recommend_slots.yml")["utterances"])
    print(f"槽位值 {result.accuracy:.3f}（{result.right}/{result.total}），整句全对 {result.whole}/{result.utterances}")
    for name, faults in (+result.faults).most_common():
        print(f"  {name:<18} 错 {faults}")


def dialogues(service: RecommendService) -> None:
    """Turns and whole dialogues in which everything expected is met."""
    played = [play(dialogue, service) for dialogue in load("recommend_dialogues.yml")["dialogues"]]
    turns = [faults for dialogue in played for faults in dialogue]
    whole = sum(not any(dialogue) for dialogue in played)
    print(f"对话轮次 {sum(not f for f in turns)}/{len(turns)}，整段全对 {whole}/{len(played)}")
    for name, faults in Counter(name for turn in turns for name in turn).most_common():
        print(f"  {name:<18} 错 {faults}")


def main() -> None:
    """Print everything."""
    service = RecommendService.open(commercial_use=False)
    if "film" not in service.shelves:
        raise SystemExit(service.notice)
    language = service.shelves["film"].language
    titles(language)
    slots(language)
    dialogues(service)


if __name__ == "__main__":
    main()

"""What speech costs in understanding, and how long it takes.

    python -m benchmarks.voice [--folder var/voice-benchmark] [--only-made]

Held-out questions and wishes (see benchmarks/voice_sounds.py) are said by three synthetic voices at two speeds, without noise
and with noise at 20 and 10 dB, recognised, and understood by the FAQ and the recommendation's language. Beside them the same
texts as typed. Figures only, no text. The first run synthesises the sounds, which takes most of the time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from actions.recommend_service import RecommendService
from benchmarks.voice_sounds import RATE, Utterance, make, read, utterances
from knowledge.answer import FaqService
from knowledge.encoder import load_encoder
from knowledge.normalise import match_key
from models.speech.recogniser import Recogniser
from models.speech.spoken import pieces, spoken
from models.speech.synthesiser import Synthesiser
from models.speech.vocabulary import faq_vocabulary
from tests.unit.recommend.slot_scores import score

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "voice.json"
ANSWERS = (
    "自动续费可以在会员中心关闭，关闭后会员用到期满为止。",
    "为您找到三部影片。第一，星际穿越，二零一四年。",
    "您好，请问有什么可以帮您？",
)


@dataclass
class Row:
    """One condition: FAQ right first and slot values right, typed and spoken; character and syllable errors."""

    name: str
    faq: int
    faq_typed: float
    faq_spoken: float
    slots: int
    slots_typed: float
    slots_spoken: float
    characters_wrong: float
    syllables_wrong: float


def errors(pairs: Iterable[tuple[str, str]]) -> tuple[float, float]:
    """Share of wrong characters, and of wrong syllables without tones; punctuation and the form of numbers do not count."""
    wrong, total, syllables, all_syllables = 0, 0, 0, 0
    for typed, heard in pairs:
        a, b = (match_key(spoken(text)) for text in (typed, heard))
        wrong, total = wrong + Levenshtein.distance(a, b), total + len(a)
        one, other = lazy_pinyin(a), lazy_pinyin(b)
        syllables, all_syllables = syllables + Levenshtein.distance(one, other), all_syllables + len(one)
    return wrong / max(1, total), syllables / max(1, all_syllables)


def judge(name: str, heard: list[tuple[Utterance, str]], faq: FaqService, service: RecommendService) -> Row:
    """The figures of some utterances."""

    def right(utterance: Utterance, text: str) -> bool:
        candidates = faq.answer(text).candidates
        return bool(candidates) and candidates[0].entry_id in utterance.entries

    questions = [(u, text) for u, text in heard if u.entries]
    wishes = [(u, text) for u, text in heard if u.slots is not None]
    language = service.shelves["film"].language

    def accuracy(texts: Iterable[tuple[Utterance, str]]) -> float:
        labelled = [{"text": text, "slots": u.slots, "also_ok": u.also_ok} for u, text in texts]
        return score(language, labelled).accuracy if labelled else 0.0

    count = max(1, len(questions))
    characters, syllables = errors((u.text, text) for u, text in heard)
    return Row(
        name,
        len(questions),
        sum(right(u, u.text) for u, _ in questions) / count,
        sum(right(u, text) for u, text in questions) / count,
        len(wishes),
        accuracy((u, u.text) for u, _ in wishes),
        accuracy(wishes),
        characters,
        syllables,
    )


def first_sound(synthesiser: Synthesiser) -> tuple[float, float]:
    """Median wall and processor seconds until the first piece of an answer is made."""
    walls, processor = [], []
    for text in ANSWERS:
        wall, cpu = time.perf_counter(), time.process_time()
        synthesiser.speak(pieces(spoken(text))[0])
        walls.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(processor)


def main() -> None:
    """Print the table and write benchmarks/results/voice.json."""
    parser = argparse.ArgumentParser(description="语音理解与时延")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "voice-benchmark")
    parser.add_argument("--only-made", action="store_true", help="只用已经合成好的句子")
    arguments = parser.parse_args()
    models = ROOT / "var" / "speech"
    synthesiser = Synthesiser(models, 2)
    synthesiser.speak("您好")
    if not arguments.only_made:
        make(arguments.folder, synthesiser)
    sound_wall, sound_cpu = first_sound(synthesiser)
    del synthesiser

    recogniser = Recogniser(models, 2, faq_vocabulary(ROOT / "knowledge" / "faq"))
    heard: list[tuple[Utterance, str]] = []
    walls: list[tuple[float, float, float]] = []
    for utterance in utterances():
        path = arguments.folder / utterance.file
        if not path.exists():
            continue
        samples = read(path)
        wall, cpu = time.perf_counter(), time.process_time()
        found = recogniser.recognise(samples)
        walls.append((len(samples) / RATE, time.perf_counter() - wall, time.process_time() - cpu))
        heard.append((utterance, found.text))
    del recogniser

    faq = FaqService.open(
        ROOT / "knowledge" / "faq",
        ROOT / "var" / "index" / "faq",
        load_encoder("", ROOT / "var" / "encoder", threads=2),
    )
    service = RecommendService.open(commercial_use=False)
    groups = [("全部", heard)]
    groups += [(f"噪声 {n} dB" if n else "无噪声", [h for h in heard if h[0].noise_db == n]) for n in (None, 20, 10)]
    groups += [(voice, [h for h in heard if h[0].voice == voice]) for voice in sorted({u.voice for u, _ in heard})]
    groups += [
        (f"语速 {speed}", [h for h in heard if h[0].speed == speed]) for speed in sorted({u.speed for u, _ in heard})
    ]
    rows = [judge(name, some, faq, service) for name, some in groups]
    print(f"{len(heard)} 句；FAQ 首位与槽位值：打字 → 说话；字错率；音节错率")
    for row in rows:
        print(
            f"{row.faq_typed:6.1%} → {row.faq_spoken:6.1%} ({row.faq:3})  {row.slots_typed:6.1%} → {row.slots_spoken:6.1%} "
            f"({row.slots:2})  {row.characters_wrong:6.1%}  {row.syllables_wrong:6.1%}  {row.name}"
        )
    five = [w for w in walls if 4 <= w[0] <= 6] or walls
    wall, cpu = statistics.median(w[1] for w in five), statistics.median(w[2] for w in five)
    print(f"识别 4–6 秒的句子（{len(five)} 句）：{wall:.2f} 秒，处理器 {cpu:.2f} 秒")
    print(f"第一段声音（未缓存）：{sound_wall:.2f} 秒，处理器 {sound_cpu:.2f} 秒")
    content = {
        "date": time.strftime("%Y-%m-%d"),
        "utterances": len(heard),
        "rows": [{k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(row).items()} for row in rows],
        "recognition_5s": {"wall_s": round(wall, 3), "cpu_s": round(cpu, 3), "utterances": len(five)},
        "first_sound": {"wall_s": round(sound_wall, 3), "cpu_s": round(sound_cpu, 3)},
    }
    RESULTS.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What a mood means in music: tempo, mode, register and density; docs/作曲.md shows the same table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mood:
    """Quarters a minute, whether the mode is a minor one, shift of the melody's range in semitones, notes a bar."""

    tempo: int
    minor: bool
    register: int
    density: int


MOODS: dict[str, Mood] = {
    "欢快": Mood(132, False, 3, 8),
    "喜庆": Mood(138, False, 3, 8),
    "激昂": Mood(144, False, 0, 8),
    "紧张": Mood(150, True, 0, 9),
    "庄严": Mood(72, False, -3, 4),
    "明亮": Mood(112, False, 3, 6),
    "悠扬": Mood(84, False, 0, 5),
    "温暖": Mood(88, False, 0, 5),
    "浪漫": Mood(80, False, 0, 5),
    "安静": Mood(66, False, 0, 4),
    "助眠": Mood(56, False, -3, 3),
    "怀旧": Mood(76, True, 0, 5),
    "忧伤": Mood(66, True, -3, 4),
    "悲壮": Mood(80, True, -5, 5),
    "神秘": Mood(72, True, -3, 4),
}
"""By the mood's leading word."""
WORDS: dict[str, str] = {
    "欢快": "欢快 开心 快乐 高兴 轻快 活泼 俏皮 愉快 欢乐 欢喜 跳跃 搞笑 嗨 热闹",
    "喜庆": "喜庆 过年 新年 春节 婚礼 庆祝 开业 节日 大喜",
    "激昂": "激昂 热血 激动 振奋 澎湃 愤怒 燃 有劲 雄壮 辉煌 昂扬 励志 刺激",
    "紧张": "紧张 急迫 悬疑 追逐 打仗 惊险",
    "庄严": "庄严 神圣 典雅 大气 肃穆 庄重 史诗 宏大 祭祀",
    "明亮": "明亮 清新 阳光 清爽 春天 早晨 清晨 朝气",
    "悠扬": "悠扬 辽阔 开阔 悠远 舒展 抒情 草原",
    "温暖": "温暖 温馨 治愈 温柔 感人 暖心 甜蜜 可爱 生日",
    "浪漫": "浪漫 深情 爱情 梦幻",
    "安静": "安静 平静 宁静 舒缓 放松 轻松 解压 慵懒 清幽 冥想 瑜伽 空灵 淡淡",
    "助眠": "助眠 睡前 睡觉 入睡 催眠 失眠 哄睡 摇篮曲 晚安",
    "怀旧": "怀旧 思念 想家 乡愁 遗憾 回忆 往事 释然 故乡",
    "忧伤": "忧伤 悲伤 伤感 哀伤 忧郁 难过 悲凉 悲 催泪 孤独 孤单 凄凉 伤心 哀 低沉 深沉 压抑 沉重 忧桑 丧 听哭",
    "悲壮": "悲壮 苍凉 壮烈",
    "神秘": "神秘 阴森 诡异 阴郁 幽暗 恐怖",
}
MOOD_OF = {word: mood for mood, words in WORDS.items() for word in words.split()}


def find_mood(text: str) -> str | None:
    """The mood that a text names first; the longest word at a place counts."""
    found = [(text.index(word), -len(word), mood) for word, mood in MOOD_OF.items() if word in text]
    return min(found)[2] if found else None

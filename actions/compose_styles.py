"""Whose music is asked for: styles that the models learned and others, composers whose works are free, and other people's songs."""

from __future__ import annotations

import re

_STYLES = (
    (
        "chinese",
        "中国风|中国|国风|古风|国潮|民族|民乐|五声|江南|丝竹|戏曲|京剧|昆曲|越剧|黄梅|信天游|山歌|民歌|小调儿|茉莉花|广东音乐|秧歌|山水|唐|宋词",
    ),
    ("fiddle", "爱尔兰|凯尔特|苏格兰|民谣|乡村|舞曲|进行曲|儿歌|小曲|踢踏|里尔|吉格|号笛|酒馆|欧洲民间|轻音乐|流行"),
    ("chorale", "古典|巴洛克|巴赫|圣咏|赞美诗|教堂|赋格|合唱|宗教|圣诞"),
)
NOT_LEARNED = (
    "摇滚", "后摇", "朋克", "金属", "爵士", "布鲁斯", "蓝调", "放克", "雷鬼", "拉丁", "探戈", "桑巴", "波萨诺瓦",
    "弗拉门戈", "电子", "嘻哈", "说唱", "蒸汽波", "lofi", "trap", "house", "techno", "ambient", "EDM", "R&B",
    "8bit", "印象派", "极简", "弗拉明戈", "city", "pop", "雷盖", "电音", "迪斯科", "布吉",
)  # fmt: skip
ARTISTS = (
    "周杰伦", "林俊杰", "陈奕迅", "邓紫棋", "薛之谦", "毛不易", "李荣浩", "王菲", "张学友", "刘德华", "五月天",
    "王力宏", "孙燕姿", "蔡依林", "张杰", "周深", "华晨宇", "许嵩", "汪苏泷", "朴树", "李健", "崔健", "罗大佑",
    "方文山", "久石让", "菅野洋子", "谭盾", "汉斯季默", "汉斯·季默", "Taylor", "BTS", "Adele", "披头士",
    "坂本龙一", "邓丽君", "张国荣", "黄家驹", "Beyond", "凤凰传奇", "刀郎",
)  # fmt: skip
"""Of living people, and of others whose songs are protected."""
FREE_COMPOSERS = (
    "巴赫", "莫扎特", "贝多芬", "肖邦", "舒伯特", "舒曼", "李斯特", "海顿", "亨德尔", "维瓦尔第", "勃拉姆斯",
    "柴可夫斯基", "德彪西", "门德尔松", "施特劳斯", "比才", "德沃夏克", "阿炳",
)  # fmt: skip
_IMITATE = re.compile(
    r"(?:模仿|仿照?|照抄|抄袭?|照着|照搬|翻唱|复刻|翻版|扒(?:一下)?|山寨)\s*([\u4e00-\u9fffA-Za-z·. ]{2,12}?)(?:的|那|一样|写|来|唱|《|$|[,，。])"
)
_TITLED = re.compile(r"《([^》]{1,30})》")


def find_style(text: str) -> str | None:
    """The first style of the models that the text names."""
    return next((style for style, words in _STYLES if re.search(words, text)), None)


def find_not_learned(text: str) -> str | None:
    """A style that no model learned."""
    return next((style for style in NOT_LEARNED if style.lower() in text.lower()), None)


def find_composer(text: str) -> str | None:
    """A composer whose works are free."""
    return next((name for name in FREE_COMPOSERS if name in text), None)


def find_copied(text: str) -> str | None:
    """The song or artist that the piece should imitate; composers whose works are free are no one's to protect."""
    title = _TITLED.search(text)
    if title and re.search(r"唱|歌|像|一样|版|改编|续|后半|副歌|模仿|抄|仿|照", text):
        return f"《{title.group(1)}》"
    artist = next((name for name in ARTISTS if name.lower() in text.lower()), None)
    if artist:
        return artist
    match = _IMITATE.search(text)
    name = match.group(1).strip() if match else ""
    if not name or find_composer(name) or find_style(name):
        return None
    return name

"""One turn about a painting: from the picture and what was said to the reply and the new memory."""

from __future__ import annotations

from dataclasses import replace

from actions import appraise_replies as say
from actions.appraise_language import Wish, understand
from actions.appraise_service import NOT_BUILT, AppraiseService
from actions.appraise_state import SLOT, State
from actions.reply import Band, Button, Card, Media, Reply
from actions.skill import ANSWERED, Outcome, Turn
from models.appraisal.errors import AppraisalError
from models.appraisal.gallery import GalleryWork
from models.appraisal.model import Appraisal

GALLERY_SHOWN = 3
NO_GALLERY = "本馆的画廊还没有作品。运营者用 wenyu gallery add 加进来之后，我就能推荐了。"
NO_SCHOOLS = "我还没有学过哪一家的风格，不乱认。运营者用 wenyu gallery add 为每一家加五幅以上的作品，我就能比了。"
NO_MOOD = "这台服务器没有启用判断意境的模型。能从画面上算出来的，是构图、色彩、光影、笔触和空间。"
LEAST_CONFIDENT_SCHOOL = 0.5
ALIKE = 0.6
"""Cosine from which a picture is like the known schools at all."""


def converse(turn: Turn, service: AppraiseService) -> Outcome:
    """Answer one turn; slot ``appraise_state``."""
    sure = min(1.0, max(0.0, turn.intent_confidence))
    state = State.from_dict(turn.slots.get(SLOT))
    if service.appraiser is None:
        return Outcome(Reply(text=NOT_BUILT, capability="appraise", band="refuse", confidence=sure), ANSWERED)
    talk = Talk(turn, service, state, understand(turn.text), sure)
    try:
        reply = talk.answer()
    except AppraisalError as error:
        reply = Reply(text=error.user_message, capability="appraise", band="refuse", confidence=sure)
        talk.state = replace(talk.state, picture="")
    return Outcome(reply, {SLOT: talk.state.as_dict() if talk.state != State() else None, **ANSWERED})


class Talk:
    """A turn in the making: ``state`` is the memory after it."""

    def __init__(self, turn: Turn, service: AppraiseService, state: State, wish: Wish, sure: float) -> None:
        self.turn, self.service, self.state, self.wish, self.sure = turn, service, state, wish, sure

    def answer(self) -> Reply:
        """Find out what is wanted and say it."""
        pictures = [a["path"] for a in self.turn.attachments if a.get("kind") == "image" and "path" in a]
        if len(pictures) > 1:
            self.state = replace(self.state, before=pictures[-2])
        elif pictures and self.state.picture:
            self.state = replace(self.state, before=self.state.picture)
        if pictures:
            self.state = replace(self.state, picture=pictures[-1], insists=False, child=False)
        if self.wish.child:
            self.state = replace(self.state, child=True)
        asked = self.wish.act == "recommend" or (self.wish.act == "more_like" and not self.state.picture)
        if asked and not pictures:
            return self._recommend()
        if not self.state.picture:
            return self._said(say.NO_PICTURE, band="suggest")
        if pictures and not self.turn.text.strip():
            return self._said("收到图片了。想让我做什么？", band="suggest", buttons=say.CHOICES)
        return self._about()

    def _about(self) -> Reply:  # noqa: PLR0911, PLR0912 - one short case for each question
        act = self.wish.act
        if act in ("expert", "simple"):
            self.state = replace(self.state, tone=act)
        if act == "insist":
            self.state = replace(self.state, insists=True)
        found = self.service.appraise(self.state.picture, insists=self.state.insists)
        if act == "compare":
            return self._compare(found)
        if act == "genre":
            return self._genre(found)
        if act == "tags":
            return self._said("标签：" + "、".join(say.tags(found)), found, buttons=say.buttons("鉴赏", "识别类型"))
        if not found.is_painting:
            return self._said(say.not_a_painting(found), found, band="refuse", buttons=say.buttons("这是画"))
        match act:
            case "attribute":
                lines = say.attribute_lines(found, self.wish.attribute, self.state.tone)
                if self.wish.attribute == "colour":
                    lines.append("主要的颜色：" + say.palette_line(found) + "。")
                return self._said("\n".join(lines), found, buttons=say.buttons("怎么改进", "为什么扣分"))
            case "why":
                lines = ["分数这样来的：", *say.why(found, self.state.tone), say.BASIS]
                return self._said("\n".join(lines), found, media=self._heat(found), buttons=say.buttons("怎么改进"))
            case "improve":
                lines = say.advice(found, 3) or [
                    "五项属性都没有明显的短处，保持就好；再往上要靠立意，那是我看不出来的。"
                ]
                lead = "可以试试（最值得改的在前）："
                if self.state.child:
                    lead = "已经画得很好了。想更进一步，可以试试："
                return self._said("\n".join([lead, *lines]), found, buttons=say.buttons("构图怎么样", "颜色呢"))
            case "strengths":
                good = say.strengths(found, 3)
                lines = [f"· {a.name}：{say.finding(p, self.state.tone)}" for a, p in good]
                return self._said("\n".join(["最好的几处：", *lines]), found)
            case "style":
                return self._style(found)
            case "mood":
                return self._mood(found)
            case "palette":
                text = "主要的颜色：" + say.palette_line(found) + "。"
                return self._said(text, found, media=(self._chart(found),))
            case "heat":
                heat = self._heat(found)
                text = "热力图在下面：红处把分数往上带，蓝处往下拉。" if heat else say.score_line(found, "")
                return self._said(text, found, media=heat)
            case "more_like":
                return self._more_like(found)
            case _:
                return self._card(found)

    def _reference(self) -> str:
        appraiser = self.service.appraiser
        return appraiser.learned.reference if appraiser and appraiser.learned else ""

    def _mood(self, found: Appraisal) -> Reply:
        learned = self.service.appraiser.learned if self.service.appraiser else None
        buttons = say.buttons("构图怎么样", "颜色呢")
        if not found.moods or learned is None or learned.mood is None:
            return self._said(NO_MOOD, found, band="refuse", buttons=buttons)
        return self._said("\n".join(say.moods(found, learned.mood.areas)), found, buttons=buttons)

    def _card(self, found: Appraisal) -> Reply:
        state, lines = self.state, []
        hidden = state.child and state.tone == "simple"
        if state.child:
            lines.append("谢谢你给我看这幅画！孩子的画最可贵的是大胆和真，分数只当参考，不用放在心上。")
        elif state.tone == "simple":
            lines.append("我们一起来看看这幅画。")
        if not hidden:
            lines.append(say.score_line(found, self._reference()))
        if state.tone == "expert":
            lines.append(say.UNLEARNED_MEDIUM)
        lines += say.sentences(found, state)
        suggestions = say.advice(found)
        if suggestions:
            lines.append(("小建议：" if state.child else "建议：") + " ".join(suggestions))
        if state.tone == "expert":
            lines.append(say.BASIS)
        card = Card(
            title="五项属性",
            subtitle=" · ".join(part for part in (say.genre_line(found), say.mood_line(found)) if part),
            reason=say.attributes_line(found),
        )
        media = (self._chart(found), *self._heat(found))
        near = self._gallery_cards([(w, c) for w, c in self._near(found) if c >= ALIKE])
        again = ("构图怎么样", "颜色呢", "为什么扣分", "怎么改进")
        tone = () if state.tone != "usual" else ("换专业一点的说法", "说简单点，给孩子听")
        return self._said("\n".join(lines), found, cards=(card, *near), media=media, buttons=say.buttons(*again, *tone))

    def _genre(self, found: Appraisal) -> Reply:
        if not found.is_painting:
            return self._said(say.not_a_painting(found), found, band="refuse", buttons=say.buttons("这是画"))
        line = say.genre_line(found)
        text = f"是绘画，{line}。" if line else "看起来是绘画；题材的模型没有启用。"
        return self._said(text + say.UNLEARNED_MEDIUM, found, buttons=say.buttons("鉴赏", "打标签"))

    def _compare(self, found: Appraisal) -> Reply:
        if not self.state.before:
            return self._said("还没有上一张可以比。再发一张图，我就把两张放在一起比。", band="suggest")
        before = self.service.appraise(self.state.before)
        if not (found.is_painting and before.is_painting):
            which = "这一张" if not found.is_painting else "上一张"
            return self._said(f"{which}看起来不是绘画作品，没法放在一起比。", found, band="refuse")
        return self._said("\n".join(say.compared(found, before)), found, buttons=say.buttons("为什么扣分", "怎么改进"))

    def _style(self, found: Appraisal) -> Reply:
        schools = self.service.gallery.school_of(found.vector)
        if not schools:
            return self._said(NO_SCHOOLS, found, band="refuse")
        nearest = self.service.gallery.nearest(found.vector, 1)
        name, probability = schools[0]
        known = f"我认识的有{'、'.join(n for n, _ in schools)}"
        if nearest[0][1] < ALIKE or probability < LEAST_CONFIDENT_SCHOOL:
            return self._said(f"和我认识的几家都不太像，不敢说像谁。（{known}）", found, band="refuse")
        others = "，".join(f"{n} {p:.0%}" for n, p in schools[1:3])
        text = f"在我认识的几家里，最像{name}（把握 {probability:.0%}；{others}）。{known}，别家的我认不出。"
        return self._said(text, found)

    def _near(self, found: Appraisal) -> list[tuple[GalleryWork, float]]:
        return list(self.service.gallery.nearest(found.vector, GALLERY_SHOWN, self.state.shown))

    def _more_like(self, found: Appraisal) -> Reply:
        near = self.service.gallery.nearest(found.vector, GALLERY_SHOWN, self.state.shown)
        if not near:
            return self._said(NO_GALLERY if not self.service.gallery.works else "像这幅的都给您看过了。", band="refuse")
        self.state = replace(self.state, shown=(*self.state.shown, *(w.id for w, _ in near)))
        text = f"馆里和它最像的：{say.listed([w.title for w, _ in near])}。"
        return self._said(text, found, cards=self._gallery_cards(near), buttons=say.buttons("像这幅的再来几幅"))

    def _recommend(self) -> Reply:
        gallery = self.service.gallery
        if not gallery.works:
            return self._said(NO_GALLERY, band="refuse")
        liked = []
        if self.state.picture:
            liked.append(self.service.appraise(self.state.picture, insists=True).vector)
        found = gallery.recommended(GALLERY_SHOWN, liked, self.state.shown)
        if not found:
            self.state = replace(self.state, shown=())
            found = gallery.recommended(GALLERY_SHOWN, liked)
        self.state = replace(self.state, shown=(*self.state.shown, *(w.id for w, _ in found)))
        text = f"推荐您看：{say.listed([w.title for w, _ in found])}。"
        if liked:
            text += "排序时看了分数，也看了和您发来的画像不像。"
        return self._said(text, cards=self._gallery_cards(found), buttons=say.buttons("再推荐几幅好画"))

    def _gallery_cards(self, works: list[tuple[GalleryWork, float]]) -> tuple[Card, ...]:
        cards = []
        for work, likeness in works:
            picture = self.service.picture(self.service.gallery.picture(work), self.turn.conversation)
            score = f"馆藏评分 {work.score:.0f}" if work.score is not None else ""
            reason = f"相似度 {likeness:.0%}" if likeness else ""
            subtitle = " · ".join(part for part in (work.school, score) if part)
            cards.append(Card(title=work.title, subtitle=subtitle, reason=reason, image=picture))
        return tuple(cards)

    def _chart(self, found: Appraisal) -> Media:
        return self.service.chart(found, self.turn.conversation)

    def _heat(self, found: Appraisal) -> tuple[Media, ...]:
        heat = self.service.heat(found, self.state.picture, self.turn.conversation)
        return () if heat is None else (heat,)

    def _said(
        self,
        text: str,
        found: Appraisal | None = None,
        *,
        band: Band = "answer",
        cards: tuple[Card, ...] = (),
        media: tuple[Media, ...] = (),
        buttons: tuple[Button, ...] = (),
    ) -> Reply:
        return Reply(
            text=text,
            capability="appraise",
            band=band,
            confidence=self.sure,
            cards=cards,
            media=media,
            buttons=buttons,
            data=say.data(found) if found is not None else {},
            ai_generated=found is not None,
        )

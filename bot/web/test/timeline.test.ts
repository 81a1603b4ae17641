import { describe, expect, it } from "vitest";
import { Timeline, UNKNOWN } from "../src/widget/timeline";
import { parsePage, parseReply, type Reply } from "../src/widget/wire";

const reply = (id: string, replyTo = ""): Reply => parseReply({ id, reply_to: replyTo, text: id })!;
const say = (timeline: Timeline, clientId: string, position = UNKNOWN): void =>
  timeline.addUser({ clientId, text: clientId, attachments: [], at: 1, position, delivery: "sending", problem: "" });
const keys = (timeline: Timeline): string[] => timeline.entries.map((entry) => entry.key);

describe("Timeline", () => {
  it("shows a reply once, whichever way it comes first", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    expect(timeline.addReply(reply("r1", "a"), 2, 2)).toBe(true);
    expect(timeline.addReply(reply("r1", "a"), 2, 2)).toBe(false);
    expect(keys(timeline)).toEqual(["u:a", "b:r1"]);
  });

  it("shows the visitor's message once when the server echoes it, and keeps its time and its pictures", () => {
    const timeline = new Timeline();
    const picture = { id: "u1", name: "画.png", kind: "image", url: "" };
    timeline.addUser({ clientId: "a", text: "a", attachments: [picture], at: 1, position: UNKNOWN, delivery: "sending", problem: "" });
    timeline.addUser({ clientId: "a", text: "a", attachments: [], at: 99, position: 1, delivery: "sent", problem: "" });
    expect(timeline.entries).toEqual([expect.objectContaining({ delivery: "sent", at: 1, attachments: [picture] })]);
  });

  it("puts replies behind the message they answer, in order", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    say(timeline, "b");
    timeline.addReply(reply("r3", "b"), 2, 5);
    timeline.addReply(reply("r2", "a"), 2, 4);
    timeline.addReply(reply("r1", "a"), 2, 3);
    expect(keys(timeline)).toEqual(["u:a", "b:r1", "b:r2", "u:b", "b:r3"]);
  });

  it("gives the same order however things arrive", () => {
    const arrivals: ((timeline: Timeline) => void)[] = [
      (timeline) => say(timeline, "a", 1),
      (timeline) => say(timeline, "b", 2),
      (timeline) => timeline.addReply(reply("r1", "a"), 2, 3),
      (timeline) => timeline.addReply(reply("r2", "b"), 2, 4),
      (timeline) => timeline.addReply(reply("r0"), 3, 5),
      (timeline) => say(timeline, "c", 6),
    ];
    const expected = ["u:a", "b:r1", "u:b", "b:r2", "b:r0", "u:c"];
    for (let turn = 0; turn < arrivals.length; turn += 1) {
      const timeline = new Timeline();
      for (const arrive of [...arrivals.slice(turn), ...arrivals.slice(0, turn)]) arrive(timeline);
      expect(keys(timeline)).toEqual(expected);
    }
  });

  it("keeps what is not sent yet behind the history that loads later", () => {
    const timeline = new Timeline();
    say(timeline, "unsent");
    say(timeline, "also unsent");
    say(timeline, "a", 1);
    timeline.addReply(reply("r1", "a"), 2, 2);
    expect(keys(timeline)).toEqual(["u:a", "b:r1", "u:unsent", "u:also unsent"]);
    // Its answer is here before the history tells its position.
    timeline.addReply(reply("r2", "unsent"), 2, 4);
    expect(keys(timeline)).toEqual(["u:a", "b:r1", "u:unsent", "b:r2", "u:also unsent"]);
  });

  it("shows the answer to a message of which it knows nothing", () => {
    const timeline = new Timeline();
    say(timeline, "a", 1);
    timeline.addReply(reply("r1", "gone"), 2, 2);
    expect(keys(timeline)).toEqual(["u:a", "b:r1"]);
  });

  it("removes only the named message", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    say(timeline, "b");
    timeline.removeUser("a");
    expect(keys(timeline)).toEqual(["u:b"]);
  });
});

describe("parsePage", () => {
  it("survives any nonsense", () => {
    for (const value of [null, 1, "x", [], {}, { messages: 3 }, { messages: [null, 1, "x", {}, { id: 7 }, { role: "user" }] }]) {
      expect(parsePage(value).items).toEqual([]);
    }
  });

  it("drops wrong fields and keeps the rest", () => {
    const page = parsePage({
      messages: [
        {
          id: "r1",
          position: 4,
          role: "assistant",
          text: { no: 1 },
          cards: [{ title: "片" }, 3],
          buttons: [{ title: "x" }, { title: "y", payload: "z" }],
          media: [{ kind: "html", url: "/x" }, { kind: "audio", url: "/media/a.wav" }],
          created_at: "2026-01-31T08:00:00.000Z",
        },
      ],
      more: true,
    });
    expect(page).toMatchObject({ position: "4", more: true });
    const item = page.items[0]!;
    expect(item.at).toBe(Date.parse("2026-01-31T08:00:00Z"));
    if (item.role !== "bot") throw new Error("not a reply");
    expect(item.reply.text).toBe("");
    expect(item.reply.cards.map((card) => card.title)).toEqual(["片", ""]);
    expect(item.reply.buttons).toEqual([{ title: "y", payload: "z" }]);
    expect(item.reply.media.map((media) => media.url)).toEqual(["/media/a.wav"]);
  });
});

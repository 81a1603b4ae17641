import { describe, expect, it } from "vitest";
import { Timeline, type Entry } from "../src/widget/timeline";
import { parsePage, parseReply, type Reply } from "../src/widget/wire";

const reply = (id: string, replyTo = ""): Reply => parseReply({ id, reply_to: replyTo, text: id })!;
const say = (timeline: Timeline, clientId: string): void =>
  timeline.addUser({ clientId, text: clientId, attachments: [], at: 1, delivery: "sending", problem: "" });
const keys = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.key);

describe("Timeline", () => {
  it("shows a reply once, whichever way it comes first", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    expect(timeline.addReply(reply("r1", "a"), 2)).toBe(true);
    expect(timeline.addReply(reply("r1", "a"), 2)).toBe(false);
    expect(keys(timeline.entries)).toEqual(["u:a", "b:r1"]);
  });

  it("shows the visitor's message once when the server echoes it, and keeps its time", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    timeline.addUser({ clientId: "a", text: "a", attachments: [], at: 99, delivery: "sent", problem: "" });
    expect(timeline.entries).toHaveLength(1);
    expect(timeline.user("a")).toMatchObject({ delivery: "sent", at: 1 });
  });

  it("puts replies behind the message they answer, in order", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    say(timeline, "b");
    timeline.addReply(reply("r1", "a"), 2);
    timeline.addReply(reply("r2", "a"), 2);
    timeline.addReply(reply("r3", "b"), 2);
    expect(keys(timeline.entries)).toEqual(["u:a", "b:r1", "b:r2", "u:b", "b:r3"]);
  });

  it("gives the same order live and from the history", () => {
    const live = new Timeline();
    say(live, "a");
    say(live, "b");
    live.addReply(reply("r1", "a"), 2);
    live.addReply(reply("r2", "b"), 2);
    live.addReply(reply("r0"), 3);
    const loaded = new Timeline();
    say(loaded, "a");
    say(loaded, "b");
    for (const id of [reply("r1", "a"), reply("r2", "b"), reply("r0")]) loaded.addReply(id, 9);
    expect(keys(loaded.entries)).toEqual(keys(live.entries));
  });

  it("appends a reply to an unknown message and one that nobody asked for", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    timeline.addReply(reply("r1", "gone"), 2);
    timeline.addReply(reply("r2"), 2);
    expect(keys(timeline.entries)).toEqual(["u:a", "b:r1", "b:r2"]);
  });

  it("removes only the named message", () => {
    const timeline = new Timeline();
    say(timeline, "a");
    say(timeline, "b");
    timeline.removeUser("a");
    expect(keys(timeline.entries)).toEqual(["u:b"]);
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

import { describe, expect, it } from "vitest";
import { parseClassification, partsOf } from "../src/widget/classification";
import { parseReply } from "../src/widget/wire";

const data = {
  text: "😀打戏拳拳到肉",
  labels: [
    { label: "影视", probability: 0.82 },
    { label: "", probability: 0.1 },
    { label: "综艺", probability: 7 },
  ],
  polarity: { label: "正面", probability: 0.9 },
  tags: ["打戏", "", 3],
  evidence: [
    { text: "打戏", start: 1, end: 3, weight: 1 },
    { text: "?", start: 2, end: 99, weight: 1 },
    { text: "肉", start: 6, end: 7, weight: 0.3 },
  ],
};

describe("classification", () => {
  it("reads labels, polarity and tags, and leaves out what makes no sense", () => {
    const found = parseClassification("classify", data)!;
    expect(found.labels).toEqual([
      { label: "影视", probability: 0.82 },
      { label: "综艺", probability: 1 },
      { label: "正面", probability: 0.9 },
    ]);
    expect(found.tags).toEqual(["打戏"]);
  });

  it("cuts the text at the evidence by characters, not by UTF-16 units", () => {
    expect(parseClassification("classify", data)!.parts).toEqual([
      { text: "😀", weight: 0 },
      { text: "打戏", weight: 1 },
      { text: "拳拳到", weight: 0 },
      { text: "肉", weight: 0.3 },
    ]);
  });

  it("puts the parts together to the whole text", () => {
    const evidence = [
      { start: 2, end: 4, weight: 0.5 },
      { start: 3, end: 5, weight: 1 },
    ];
    const parts = partsOf("一二三四五六", evidence);
    expect(parts.map((part) => part.text).join("")).toBe("一二三四五六");
  });

  it("draws nothing for other skills, for several texts and for rubbish", () => {
    expect(parseClassification("faq", data)).toBeNull();
    expect(parseClassification("classify", { ...data, items: [{}, {}] })).toBeNull();
    for (const rubbish of [null, 3, "x", [], { labels: "影视", tags: {} }]) {
      expect(parseClassification("classify", rubbish)).toBeNull();
    }
  });

  it("is part of a reply", () => {
    expect(parseReply({ id: "r", capability: "classify", data })?.classification?.labels[0]?.label).toBe("影视");
    expect(parseReply({ id: "r", capability: "faq", data: {} })?.classification).toBeNull();
  });
});

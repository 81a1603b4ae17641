import { describe, expect, it } from "vitest";
import { contrast, inkOn, parseHex, readableOn } from "../src/widget/color";
import { readOptions } from "../src/widget/options";
import { strings } from "../src/widget/strings";

describe("readOptions", () => {
  it("has a default for everything", () => {
    expect(readOptions("https://chat.example/sub/wenyu.js?v=1", {})).toEqual({
      base: "https://chat.example/sub/",
      language: "zh-CN",
      title: "",
      greeting: "",
      color: "",
      theme: "auto",
      position: "right",
      open: false,
    });
  });

  it("takes what is valid and ignores the rest", () => {
    const options = readOptions("https://chat.example/wenyu.js", {
      lang: "en-GB",
      color: "#0a7",
      theme: "dark",
      position: "left",
      open: "",
      title: "  客服  ",
    });
    expect(options).toMatchObject({ language: "en", color: "#0a7", theme: "dark", position: "left", open: true, title: "客服" });
    const wrong = readOptions("https://chat.example/wenyu.js", { color: "url(x)", theme: "blue", position: "top", open: "false" });
    expect(wrong).toMatchObject({ color: "", theme: "auto", position: "right", open: false });
  });
});

describe("colours", () => {
  it("writes readably on any accent and in any accent", () => {
    for (const accent of ["#ffd400", "#b23a2a", "#000", "#fff", "#0a7f5a", "#8899aa"]) {
      const rgb = parseHex(accent)!;
      expect(contrast(rgb, parseHex(inkOn(rgb))!)).toBeGreaterThanOrEqual(4.5);
      for (const ground of ["#faf7f0", "#1d1b18"]) {
        expect(contrast(parseHex(readableOn(rgb, parseHex(ground)!))!, parseHex(ground)!)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

describe("strings", () => {
  it("has every sentence in both languages", () => {
    const [zh, en] = [strings("zh-CN"), strings("en")];
    expect(Object.keys(en)).toEqual(Object.keys(zh));
    for (const value of Object.values(en)) expect(value).not.toBe("");
  });
});

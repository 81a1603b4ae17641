import { describe, expect, it } from "vitest";
import { splitLinks, webAddress } from "../src/widget/links";

const links = (text: string): string[] => splitLinks(text).flatMap((part) => (part.href ? [part.text] : []));

describe("splitLinks", () => {
  it.each([
    ["见https://example.com/帮助，谢谢", ["https://example.com/"]],
    ["详见（https://example.com/a?b=1&c=2）。", ["https://example.com/a?b=1&c=2"]],
    ["See (https://example.com/wiki/A_(film)), please.", ["https://example.com/wiki/A_(film)"]],
    ["http://a.cn https://b.cn/x.", ["http://a.cn", "https://b.cn/x"]],
    ["《https://example.com/x》", ["https://example.com/x"]],
    ["HTTPS://EXAMPLE.COM/A!", ["HTTPS://EXAMPLE.COM/A"]],
    ["没有链接 www.example.com", []],
    ["javascript:alert(1) data:text/html,x ftp://a.b file:///etc/passwd", []],
    ["javascript:https://example.com/%0aalert(1)", ["https://example.com/%0aalert(1)"]],
    ["https://user:secret@evil.example/", []],
    ["https://", []],
    ["https://bank.example\u202e/moc", ["https://bank.example"]],
    ['https://example.com/"onclick="alert(1)', ["https://example.com/"]],
    ["https://example.com/<script>", ["https://example.com/"]],
  ])("%s", (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  it("loses no character", () => {
    const samples = ["", "一", "a https://x.cn, b\nhttps://y.cn/(z))。", "<b>https://x.cn</b>", "https://x.cn"];
    for (const sample of samples) expect(splitLinks(sample).map((part) => part.text).join("")).toBe(sample);
  });

  it("reads a long hostile text in reasonable time", () => {
    const started = performance.now();
    splitLinks("https://a" + ")".repeat(4000) + " http://".repeat(500));
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe("webAddress", () => {
  it("resolves against the base and refuses anything but the web", () => {
    expect(webAddress("media/a.png", "https://chat.example/wenyu/")).toBe("https://chat.example/wenyu/media/a.png");
    for (const bad of ["javascript:alert(1)", " java\nscript:alert(1)", "data:image/svg+xml,<svg/>", "blob:x", "vbscript:x"]) {
      expect(webAddress(bad, "https://chat.example/")).toBeNull();
    }
  });
});

/** What a site may set on the script tag, checked. Everything has a default; a wrong value counts as not set. */
import { parseHex } from "./color";

export interface Options {
  /** Folder that serves wenyu.js, with a trailing slash; the API is below it. */
  base: string;
  language: "zh-CN" | "en";
  title: string;
  greeting: string;
  /** `#rrggbb` or empty. */
  color: string;
  theme: "auto" | "light" | "dark";
  position: "left" | "right";
  open: boolean;
}

export function readOptions(scriptUrl: string, data: Readonly<Record<string, string | undefined>>): Options {
  const { lang = "", title = "", greeting = "", color = "", theme = "", position = "", open } = data;
  return {
    base: new URL(".", scriptUrl).href,
    language: lang.toLowerCase().startsWith("en") ? "en" : "zh-CN",
    title: title.trim().slice(0, 40),
    greeting: greeting.trim().slice(0, 500),
    color: parseHex(color) ? color.trim() : "",
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    position: position === "left" ? "left" : "right",
    open: open !== undefined && open !== "false",
  };
}

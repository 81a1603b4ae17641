/**
 * Entry of wenyu.js, the one script that a site embeds:
 *
 *     <script src="https://chat.example.com/wenyu.js" async></script>
 *
 * It reads the attributes of its own tag and puts one `<wenyu-chat>` at the end of the page. Loading it twice is
 * harmless.
 */
import { Chat } from "./chat";
import { readOptions } from "./options";
import { AudioPlayer } from "./views/audio";
import { Composer } from "./views/composer";

// currentScript is null when a tag manager evaluates the code later; the tag itself is still in the page then.
const script =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector<HTMLScriptElement>('script[src*="wenyu.js"]');

if (script && !customElements.get("wenyu-chat")) {
  customElements.define("wenyu-audio", AudioPlayer);
  customElements.define("wenyu-composer", Composer);
  customElements.define("wenyu-chat", Chat);
  const chat = new Chat(readOptions(script.src, script.dataset));
  const mount = (): void => void document.body.append(chat);
  if (document.body) mount();
  else document.addEventListener("DOMContentLoaded", mount, { once: true });
}

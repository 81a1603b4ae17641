/** The demo site's only behaviour: buttons that hand a question to the chat widget. */

interface ChatElement extends HTMLElement {
  open(): void;
  ask(question: string): void;
}

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-ask]")) {
  button.addEventListener("click", () => {
    const chat = document.querySelector<ChatElement>("wenyu-chat");
    const question = button.dataset.ask ?? "";
    if (question === "") chat?.open();
    else chat?.ask(question);
  });
}

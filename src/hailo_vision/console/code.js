// The panel with what was just asked as a command and as a program.

import { address } from "./api.js";
import { byId, make, show, write } from "./dom.js";
import { key } from "./key.js";
import { curl, python } from "./snippets.js";

export class Code {
  #asked = null;

  constructor() {
    for (const radio of document.getElementsByName("language")) radio.onchange = () => this.#draw();
    byId("copy").onclick = () => this.#copy();
  }

  // Exchanges as they were asked: the last one has no answer yet.
  show({ model, exchanges }) {
    this.#asked = { url: address("./"), model, exchanges, needsKey: key() !== "" };
    show(byId("code"), true);
    const files = exchanges.flatMap(({ pictures }) => pictures);
    const links = files.map(({ url, fileName }) => make("a", { href: url, download: fileName, textContent: fileName }));
    byId("saves").replaceChildren(...(links.length ? ["Reads ", ...links.flatMap((link) => [link, " "])] : []));
    this.#draw();
  }

  clear() {
    show(byId("code"), false);
  }

  #draw() {
    const chosen = document.querySelector("input[name=language]:checked").value;
    write(byId("snippet"), chosen === "curl" ? curl(this.#asked) : python(this.#asked));
    write(byId("copy"), "Copy");
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(byId("snippet").textContent);
      write(byId("copy"), "Copied");
    } catch {
      // Not over plain http: the text is chosen, so that the keys or the phone's own menu copy it.
      getSelection().selectAllChildren(byId("snippet"));
      write(byId("copy"), "Selected: copy it with your keys");
    }
  }
}

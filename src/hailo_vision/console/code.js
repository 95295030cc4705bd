// The panel with what was just asked as a command and as a program.

import { address } from "./api.js";
import { copy } from "./copy.js";
import { byId, make, show, write } from "./dom.js";
import { key } from "./key.js";
import { curl, python } from "./snippets.js";

export class Code {
  #asked = null;

  constructor() {
    for (const radio of document.getElementsByName("language")) radio.onchange = () => this.#draw();
    byId("copy").onclick = () => copy(byId("copy"), byId("snippet").textContent, byId("snippet"));
  }

  // Keeps the request as it is now: the answer that comes later is no part of it.
  show({ model, exchanges, options }) {
    const request = { model, options, exchanges: exchanges.map((exchange) => ({ ...exchange })) };
    this.#asked = { url: address("./"), request, needsKey: key() !== "" };
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
}

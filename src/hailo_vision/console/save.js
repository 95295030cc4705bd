// The conversation as a text file, and the question whether to leave one that was not saved.

import { textOf } from "./conversation.js";
import { make } from "./dom.js";

export class Saving {
  #saved = 0; // answers that a file has

  // `conversation` gives the exchanges so far.
  constructor({ conversation }) {
    this.conversation = conversation;
    addEventListener("beforeunload", (event) => {
      if (conversation().length > this.#saved) event.preventDefault();
    });
  }

  save() {
    const url = URL.createObjectURL(new Blob([textOf(this.conversation())], { type: "text/plain" }));
    const day = new Date().toISOString().slice(0, 10);
    make("a", { href: url, download: `hailo-vision-${day}.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
    this.#saved = this.conversation().length;
  }

  forget() {
    this.#saved = 0;
  }
}

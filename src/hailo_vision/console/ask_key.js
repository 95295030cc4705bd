// The dialog that asks for an API key, when the server wants one.

import { byId, show, write } from "./dom.js";
import { keepKey, key } from "./key.js";

export class AskKey {
  #isRefused = false; // by the person: what only polls must not ask again

  // `onKey` is called when there is a new one.
  constructor({ onKey }) {
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      keepKey(byId("key-text").value.trim());
      this.#close();
      onKey();
    };
    byId("key-close").onclick = () => this.#refuse();
    byId("key").oncancel = () => this.#refuse();
    byId("forget-key").onclick = () => {
      keepKey("");
      show(byId("forget-key"), false);
      write(byId("said"), "The API key is forgotten.");
      byId("question").focus();
    };
    show(byId("forget-key"), key() !== "");
  }

  // For an answer of 401; `isAsked` when a person did something that needs the key.
  open(error, { isAsked }) {
    if (byId("key").open || (this.#isRefused && !isAsked)) return;
    if (key()) write(byId("key-said"), `${firstSentence(error.message)} Look whether it is complete.`);
    byId("key-text").value = "";
    byId("key").showModal();
  }

  #refuse() {
    this.#isRefused = true;
    this.#close();
  }

  #close() {
    byId("key-text").value = "";
    byId("key").close();
    show(byId("forget-key"), key() !== "");
  }
}

// The rest of it is for programs: which header a key belongs in.
const firstSentence = (text) => text.match(/^.*?[.!?](?=\s|$)/)?.[0] ?? text;

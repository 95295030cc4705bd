// The pictures of the next question: chosen, dropped, pasted or taken, and taken away again.

import { isLive, photo } from "./camera.js";
import { byId, make, show, write } from "./dom.js";
import { enlargeable } from "./enlarge.js";
import { picture, UnreadablePicture } from "./pictures.js";

export class Tray {
  pictures = [];
  #taken = 0; // pictures so far, whose number stands in their file names
  #adding = Promise.resolve();

  // `onChange` is called when the tray's pictures changed, `onOpened` after some files with the sentences about those that
  // are no pictures; `isOpen` says whether the tray takes any.
  constructor({ onChange, onOpened, isOpen }) {
    this.onChange = onChange;
    this.onOpened = onOpened;
    this.isOpen = isOpen;
    byId("choose").onclick = () => byId("files").click();
    byId("welcome").onclick = () => byId("files").click();
    byId("take").onclick = () => this.#take();
    for (const input of [byId("files"), byId("capture")]) {
      input.onchange = async () => {
        const files = [...input.files];
        input.value = ""; // so that the same file can be chosen again
        await this.add(files);
      };
    }
    document.addEventListener("paste", (event) => this.#drop(event, event.clipboardData));
    this.#watchDrops();
  }

  // One after the other, so that they keep their order and each has a number of its own.
  add(files) {
    const added = this.#adding.then(() => this.#addAll(files));
    this.#adding = added.catch(() => {}); // the caller's matter
    return added;
  }

  // Resolves when all pictures that were handed over are in the tray: opening a large one takes a moment.
  settled() {
    return this.#adding;
  }

  async #addAll(files) {
    const troubles = this.isOpen() ? await this.#opened(files) : ["Pictures can't be asked about here."];
    this.#draw();
    this.onOpened(troubles);
  }

  // Takes in what can be opened, and gives a sentence about each file that can't.
  async #opened(files) {
    const troubles = [];
    for (const file of files) {
      this.#opening(file); // a large one takes seconds
      try {
        this.pictures.push(await picture(file, this.#taken + 1));
        this.#taken += 1;
      } catch (error) {
        if (!(error instanceof UnreadablePicture)) throw error;
        troubles.push(error.message);
      }
    }
    return troubles;
  }

  #opening({ name }) {
    const words = make("p", { className: "small", textContent: `Opening ${name || "a picture"} …` });
    byId("tray").replaceChildren(...byId("tray").querySelectorAll(".tray-item"), make("li", {}, words));
    show(byId("tray"), true);
  }

  // Pictures that were asked about are given back, after a failure or for a new question.
  put(pictures) {
    this.pictures = [...pictures];
    this.#draw();
  }

  async #take() {
    if (!isLive()) {
      byId("capture").click();
      return;
    }
    const file = await photo();
    if (file) await this.add([file]);
  }

  #drop(event, data) {
    const files = [...(data?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.add(files);
  }

  #watchDrops() {
    const dragging = (isDragging) => document.body.classList.toggle("is-dragging", isDragging);
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      dragging(true);
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) dragging(false);
    });
    document.addEventListener("drop", (event) => {
      dragging(false);
      this.#drop(event, event.dataTransfer);
    });
  }

  #draw() {
    byId("tray").replaceChildren(...this.pictures.map((shown, index) => this.#item(shown, index)));
    show(byId("tray"), this.pictures.length > 0);
    const notes = this.pictures.map(({ note }, index) => `Picture ${index + 1}: ${note}.`);
    write(byId("said"), notes.join(" "));
    this.onChange();
  }

  // Pictures are sent in their order; a button moves one, as it works by touch and by keyboard too.
  #earlier(shown, index) {
    const label = `Move picture ${index + 1}, ${shown.name}, to the front by one`;
    const move = make("button", { type: "button", className: "remove", textContent: "↑", title: "Move to the front by one" });
    move.setAttribute("aria-label", label);
    move.onclick = () => {
      this.pictures = this.pictures.with(index - 1, shown).with(index, this.pictures[index - 1]);
      this.#draw();
      byId("question").focus();
    };
    return move;
  }

  #item(shown, index) {
    const remove = make("button", { type: "button", className: "remove", textContent: "×" });
    remove.setAttribute("aria-label", `Remove picture ${index + 1}, ${shown.name}`);
    remove.onclick = () => {
      this.pictures = this.pictures.filter((other) => other !== shown);
      this.#draw();
      byId("question").focus();
    };
    const label = `Picture ${index + 1}: ${shown.name}`;
    const image = enlargeable(make("img", { src: shown.url, alt: `Picture ${index + 1}` }), label);
    const words = make(
      "div",
      { className: "tray-words" },
      make("p", { className: "tray-name", textContent: shown.name }),
      make("p", { className: "small", textContent: shown.note }),
    );
    const buttons = index > 0 ? [this.#earlier(shown, index), remove] : [remove];
    return make("li", { className: "tray-item" }, image, words, make("div", { className: "tray-buttons" }, ...buttons));
  }
}

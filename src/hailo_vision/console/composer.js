// Where the next question is made: its pictures, its words, and the question that it replaces, if it does.

import { byId, show, write } from "./dom.js";
import { Tray } from "./tray.js";
import { quiet, tell } from "./trouble.js";
import { tooMany, whither } from "./words.js";

const TYPES = "Choose a JPEG, PNG, WebP, GIF or BMP.";
const BLIND = "The model that answers here reads text alone and takes no pictures.";

export class Composer {
  #isEditing = false; // the next question replaces the last one

  constructor({ talk, models }) {
    this.talk = talk;
    this.models = models;
    this.tray = new Tray({
      onChange: () => this.draw(),
      onOpened: (troubles) => this.#told(troubles),
      isOpen: () => models.seesPictures,
    });
    byId("question").onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId("composer").requestSubmit();
    };
    byId("editing-stop").onclick = () => {
      this.stopEditing();
      this.startOver([]);
    };
    for (const preset of document.querySelectorAll(".preset")) preset.onclick = () => this.#fill(preset.dataset.question);
  }

  // The question with its pictures, which leave the composer; null when there is none.
  async take() {
    await this.tray.settled();
    const question = byId("question").value.trim();
    if (!question) return null;
    const isFine = byId("fine").checked;
    const taken = {
      pictures: this.tray.pictures.map((shown) => ({ ...shown, isFine })),
      question,
      replacesLast: this.#isEditing,
    };
    byId("question").value = "";
    this.#isEditing = false;
    this.tray.put([]);
    return taken;
  }

  giveBack({ pictures, question }) {
    byId("question").value ||= question;
    this.tray.put([...pictures, ...this.tray.pictures]);
  }

  edit({ pictures, question }) {
    this.#isEditing = true;
    byId("question").value = question;
    byId("fine").checked = pictures.some(({ isFine }) => isFine);
    this.tray.put(pictures);
    byId("question").focus();
  }

  stopEditing() {
    if (!this.#isEditing) return;
    this.#isEditing = false;
    byId("question").value = "";
    this.tray.put([]);
  }

  startOver(pictures) {
    this.#isEditing = false;
    this.tray.put(pictures);
    byId("question").focus();
  }

  draw() {
    const [hasBegun, sees] = [byId("exchanges").children.length > 0, this.models.seesPictures];
    const hasPictures = this.tray.pictures.length > 0;
    show(byId("talk-head"), hasBegun);
    show(byId("welcome"), !hasBegun && !hasPictures && sees);
    show(byId("welcome-text"), !hasBegun && !sees);
    show(byId("sources"), sees);
    show(byId("presets"), sees);
    show(byId("editing"), this.#isEditing);
    for (const id of ["same-pictures", "start-over", "save"]) byId(id).disabled = this.talk.isRunning;
    show(byId("same-pictures"), sees);
    document.body.classList.toggle("has-begun", hasBegun);
    document.body.classList.toggle("is-answering", this.talk.isRunning);
    const isAboutNew = !hasBegun || hasPictures || !sees;
    byId("question").placeholder = !sees ? "Ask anything" : isAboutNew ? "Ask about it" : "Ask more about it";
    this.#drawLimits();
    this.#swap();
  }

  #drawLimits() {
    const { maxPictures, asksAnother } = this.models;
    for (const place of document.querySelectorAll(".whither")) write(place, whither(asksAnother));
    const shown = this.#isEditing ? this.talk.exchanges.slice(0, -1) : this.talk.exchanges;
    const count = shown.flatMap(({ pictures }) => pictures).length + this.tray.pictures.length;
    show(byId("too-many"), maxPictures !== null && this.tray.pictures.length > 0 && count > maxPictures);
    write(byId("too-many"), tooMany(count, maxPictures));
  }

  // Focus stays with the one place that starts and stops an answer.
  #swap() {
    const [from, to] = this.talk.isRunning ? ["submit", "stop"] : ["stop", "submit"];
    const hadFocus = document.activeElement === byId(from);
    show(byId(from), false);
    show(byId(to), true);
    if (hadFocus) byId(to).focus();
  }

  // What could not be opened of the last files, in sentences; without any, an older trouble with files is over.
  #told(troubles) {
    if (troubles.length === 0) quiet("pictures");
    else tell(troubles.join(" "), this.models.seesPictures ? TYPES : BLIND, { kind: "pictures" });
  }

  // A question to start from; what stands in brackets is chosen, to be typed over.
  #fill(template) {
    const field = byId("question");
    const start = template.indexOf("[");
    field.value = template.replace(/[[\]]/g, "");
    field.focus();
    if (start >= 0) field.setSelectionRange(start, template.indexOf("]") - 1);
  }
}

// The models that the server answers with, the one that a person chose, and what it can do.

import { ApiError, getJson } from "./api.js";
import { byId, make, show, write } from "./dom.js";

const CHATS = ["vision", "text"]; // kinds of models; the others embed, detect or transcribe

export class Models {
  #all = [];
  #chosen = null; // by a person; else the server's default is asked
  #default = "";
  #engines = []; // of all models, as /health has them
  #seen = ""; // what /health said last of which models are ready
  #lacksKey = false; // then only a person's doing asks the server again, as it counts failed tries

  // `onModel` is called when another model is asked from now on, or something new is known of it.
  constructor({ onModel, onKeyWanted }) {
    this.onModel = onModel;
    this.onKeyWanted = onKeyWanted;
    byId("model-choice").onchange = () => {
      this.#chosen = byId("model-choice").value;
      onModel();
    };
  }

  get name() {
    return this.#chosen ?? this.#default;
  }

  get isOneOfMany() {
    return this.#all.length > 1;
  }

  get contextTokens() {
    return this.#entry?.max_model_len ?? null;
  }

  // The model must read them and one of its engines be allowed to get them. What is not known is taken to be so.
  get seesPictures() {
    const engines = this.#enginesOfModel;
    const isAllowed = engines.length === 0 || engines.some(({ sees_pictures }) => sees_pictures);
    return isAllowed && (this.#entry?.input_modalities?.includes("image") ?? true);
  }

  // How many pictures it takes in one conversation; null where only the context bounds them.
  get maxPictures() {
    return this.#entry?.max_images ?? null;
  }

  // Whether one of the engines that answer is another server.
  get asksAnother() {
    return this.#enginesOfModel.some(({ engine }) => engine === "remote");
  }

  get #enginesOfModel() {
    return this.#engines.filter(({ model }) => model === this.#entry?.id);
  }

  get #entry() {
    return this.#all.find(({ id, aliases }) => id === this.name || aliases?.includes(this.name));
  }

  follow(health) {
    this.#engines = health.engines ?? [];
    const seen = JSON.stringify([health.model, health.models, this.#engines]);
    if (this.#lacksKey || seen === this.#seen) return;
    this.#seen = seen;
    this.#default = health.model;
    this.learn();
  }

  async learn() {
    this.#lacksKey = false;
    try {
      this.#take((await getJson("v1/models")).data);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#lacksKey = error.status === 401;
      if (this.#lacksKey) this.onKeyWanted(error);
      else this.#seen = ""; // the next /health asks again
    }
    this.#draw();
  }

  // Each model once, by its first name.
  #take(entries) {
    const chats = entries.filter(({ kind }) => CHATS.includes(kind ?? "vision"));
    this.#all = chats.filter(({ aliases }, index) => !chats.slice(0, index).some(({ id }) => aliases?.includes(id)));
    if (!this.#all.some(({ id }) => id === this.#chosen)) this.#chosen = null;
  }

  #draw() {
    const hasChoice = this.isOneOfMany;
    write(byId("model"), hasChoice ? "" : this.name);
    show(byId("model"), !hasChoice);
    show(byId("model-choice"), hasChoice);
    byId("model-choice").replaceChildren(...this.#all.map(({ id }) => make("option", { value: id, textContent: id })));
    byId("model-choice").value = this.#entry?.id ?? "";
    this.onModel();
  }
}

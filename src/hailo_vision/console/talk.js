// The conversation: questions are asked one at a time, again when the model was still loading, and end in one way or another.

import { answer } from "./answer.js";
import { ApiError } from "./api.js";
import { bodyOf, imagePart } from "./conversation.js";
import { isLoading } from "./words.js";
import { ExchangeItem } from "./transcript.js";

export class Talk {
  exchanges = [];
  #running = null; // { controller, item, exchange } of the answer on its way
  #last = null; // the item of the last exchange
  #onHealth = null; // who waits for the model

  // `models` knows whom to ask. `on` has the page's part: start(request), end(exchange, figures), failure(exchange, error),
  // and `actions`, what a person can do with the last answer, by the words of their buttons.
  constructor({ models, on }) {
    this.models = models;
    this.on = on;
  }

  get isRunning() {
    return this.#running !== null;
  }

  // With the one on its way, whose answer grows.
  get all() {
    return this.isRunning ? [...this.exchanges, this.#running.exchange] : this.exchanges;
  }

  stop() {
    this.#running?.controller.abort();
  }

  forget() {
    this.exchanges = [];
    this.#last = null;
  }

  // `health` is null when the server does not answer.
  follow(health) {
    if (health !== null) this.#running?.item.follow(health);
    this.#onHealth?.(health);
  }

  // Asks, and with `replacesLast` takes the last exchange away as soon as this one has a word of an answer.
  async ask({ pictures, question }, options, { replacesLast = false } = {}) {
    const exchange = { pictures, question, answer: "" };
    const before = replacesLast ? this.exchanges.slice(0, -1) : this.exchanges;
    const replaced = replacesLast ? this.#last : null;
    replaced?.remove();
    const request = { model: this.models.name, exchanges: [...before, exchange], options };
    const item = new ExchangeItem(exchange, this.on.actions);
    this.#running = { controller: new AbortController(), item, exchange };
    this.on.start(request);
    const { figures, error } = await this.#outcome(request, item);
    this.#running = null;
    const isStopped = error?.name === "AbortError";
    if (figures || (exchange.answer && isStopped)) {
      this.exchanges = request.exchanges;
      this.#last = item;
    } else if (replaced && !exchange.answer) replaced.putBack();
    else if (replaced) this.forgetLast(before);
    if (exchange.answer || figures) item.end(figures ?? endWithout(isStopped ? "stopped" : "failed", item));
    else item.remove();
    this.on.end({ exchange, figures, error, isStopped });
  }

  // The replaced exchange is gone, and what came in its place broke off.
  forgetLast(before) {
    this.exchanges = before;
    this.#last = null;
  }

  // { figures } of an answer that ended, or { error } of one that did not.
  async #outcome(request, item) {
    try {
      return { figures: await this.#answered(request, item) };
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof ApiError)) throw error;
      return { error };
    }
  }

  async #answered(request, item) {
    const { signal } = this.#running.controller;
    const exchange = request.exchanges.at(-1);
    const onText = (text, afterS) => {
      item.firstTokenS = afterS;
      exchange.answer += text;
      item.add(text);
    };
    const body = bodyOf(request, imagePart);
    for (;;) {
      try {
        const figures = await answer(body, { signal, onText });
        return { ...figures, answeredBy: this.#answeredBy(request.model, figures.engine) };
      } catch (error) {
        if (error.code !== "model_loading") throw error;
      }
      item.isLoading = true;
      await this.#loaded(request.model, signal);
      item.isLoading = false;
    }
  }

  // Until /health says anything else of the model than that it loads: a failure too is then told by the next try.
  #loaded(model, signal) {
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason);
      this.#onHealth = (health) => {
        if (isLoading(health, model)) return;
        this.#onHealth = null;
        signal.removeEventListener("abort", stop);
        resolve();
      };
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  #answeredBy(model, engine) {
    return [this.models.isOneOfMany && model, engine && `the engine ${engine}`].filter(Boolean).join(" on ");
  }
}

const endWithout = (finishReason, { firstTokenS }) => ({
  firstTokenS,
  tokensPerS: null,
  usage: null,
  isSimulated: false,
  finishReason,
});

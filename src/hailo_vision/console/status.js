// What the server says of itself, asked every two seconds while somebody looks.

import { ApiError, getJson } from "./api.js";
import { Chart } from "./chart.js";
import { byId, show, write } from "./dom.js";
import { count, degrees, duration, rate } from "./figures.js";
import { History } from "./history.js";
import { stateOf } from "./words.js";

const EVERY_MS = 2000;

export class Status {
  #history = new History();
  #charts = {
    queue: new Chart({ title: "Requests running and waiting", most: 4, format: count }),
    rate: new Chart({ title: "Tokens a second, over a minute", most: 4, format: rate }),
    temperature: new Chart({ title: "Chip temperature", least: 30, most: 70, format: degrees }),
  };

  isAwaited = false; // a question waits for what is said here, so that it is asked in the background too

  // `onHealth` gets each answer, null for none; `onKeyWanted` is called when the server asks for a key.
  constructor({ onHealth, onKeyWanted }) {
    this.onHealth = onHealth;
    this.onKeyWanted = onKeyWanted;
    byId("charts").append(...Object.values(this.#charts).map(({ element }) => element));
    document.addEventListener("visibilitychange", () => this.#schedule(0));
    byId("server").open = matchMedia("(min-width: 60rem)").matches; // on a phone the answer comes first
    this.#schedule(0);
  }

  #schedule(ms) {
    clearTimeout(this.timer);
    if (!document.hidden || this.isAwaited) this.timer = setTimeout(() => this.#ask(), ms);
  }

  async #ask() {
    let health = null;
    try {
      health = await getJson("health", AbortSignal.timeout(10_000));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.onKeyWanted(error);
    }
    this.#show(health);
    this.#schedule(EVERY_MS);
  }

  #show(health) {
    const [word, mood] = stateOf(health);
    write(byId("state-word"), word);
    byId("state").dataset.mood = mood;
    const message = health === null ? "The server does not answer. The page keeps asking." : health.message;
    show(byId("state-message"), Boolean(message) && mood !== "good" && mood !== "busy");
    write(byId("state-message"), message ?? "");
    byId("state-message").dataset.mood = mood;
    if (health !== null) {
      this.#add(health);
      this.#describe(health);
    }
    this.onHealth(health);
  }

  #add({ queue, tokens, chip }) {
    this.#history.add({
      atS: performance.now() / 1000,
      queue: queue.running + queue.waiting,
      tokens: tokens.completion,
      temperature: chip?.temperature_c ?? null,
    });
    this.#charts.queue.draw(this.#history.queue());
    this.#charts.rate.draw(this.#history.rate());
    const temperatures = this.#history.temperature();
    this.#charts.temperature.draw(temperatures);
    show(this.#charts.temperature.element, temperatures.length > 0); // only a chip has one
  }

  #describe(health) {
    const temperature = health.chip?.temperature_c;
    show(byId("temperature"), temperature !== undefined);
    if (temperature !== undefined) write(byId("temperature"), degrees(temperature));
    byId("temperature").title = "Temperature of the chip";
    show(byId("simulated"), health.runtime === "simulated");
    const { waiting, depth } = health.queue;
    const restarts = health.worker_restarts ? `, worker restarted ${health.worker_restarts} times` : "";
    write(byId("server-facts"), `Up for ${duration(health.uptime_seconds)}${restarts}. Queue: ${waiting} of ${depth} places.`);
    write(byId("version"), `hailo-vision ${health.version}`);
  }
}

// A small line chart as SVG. Its sentence for screen readers says what the line shows.

import { make, write } from "./dom.js";
import { spanS } from "./history.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 44;
const EDGE = 2; // so that a line at the very top or bottom is not cut in half

export class Chart {
  // `least` and `most` are what the axis shows at the least; it grows with the values.
  constructor({ title, least = 0, most, format }) {
    this.title = title;
    this.least = least;
    this.most = most;
    this.format = format;
    this.now = make("span", { className: "chart-now", textContent: "–" });
    this.area = shape("path", { class: "chart-area" });
    this.line = shape("path", { class: "chart-line" });
    this.base = shape("path", { class: "chart-base", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` });
    this.svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    this.svg.setAttribute("aria-label", `${title}: nothing measured yet`);
    this.svg.append(this.area, this.base, this.line);
    const head = make("p", { className: "chart-head" }, make("span", { textContent: title }), this.now);
    this.element = make("div", { className: "chart" }, head, this.svg);
  }

  draw(points) {
    const values = points.map(({ value }) => value);
    const top = Math.max(this.most, ...values);
    const bottom = Math.min(this.least, ...values);
    const x = ({ agoS }) => (WIDTH * (1 - agoS / spanS)).toFixed(1);
    const y = ({ value }) => (HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * (value - bottom)) / (top - bottom)).toFixed(1);
    const runs = split(points);
    const lineOf = (run) => `M${run.map((point) => `${x(point)} ${y(point)}`).join("L")}`;
    const areaOf = (run) => `${lineOf(run)}L${x(run.at(-1))} ${HEIGHT}L${x(run[0])} ${HEIGHT}Z`;
    this.line.setAttribute("d", runs.map(lineOf).join(""));
    this.area.setAttribute("d", runs.map(areaOf).join(""));
    this.#say(values);
  }

  #say(values) {
    const now = values.length ? this.format(values.at(-1)) : "–";
    write(this.now, now);
    const words = values.length ? `now ${now}, most ${this.format(Math.max(...values))}` : "no reading";
    this.svg.setAttribute("aria-label", `${this.title}, last 5 minutes: ${words}`);
  }
}

function split(points) {
  const runs = [];
  for (const point of points) {
    if (point.isAfterGap) runs.push([]);
    runs.at(-1).push(point);
  }
  return runs;
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// The conversation on the page: one item for each exchange.

import { byId, make, show } from "./dom.js";
import { count, rate, seconds } from "./figures.js";

const ENDS = {
  length: "cut at the longest answer allowed",
  stopped: "stopped",
  failed: "broken off",
};

// A new item at the end of the list, with what belongs to an answer as it comes.
export function exchangeItem({ pictures, question }) {
  const answer = make("p", { className: "answer" });
  const facts = make("p", { className: "facts" });
  const waiting = make("p", { className: "waiting", textContent: "Looking" });
  const item = make("li", { className: "exchange" });
  if (pictures.length) item.append(make("div", { className: "shown" }, ...pictures.map(shownPicture)));
  item.append(make("h3", { className: "question", textContent: question, tabIndex: -1 }), waiting, answer, facts);
  byId("exchanges").append(item);
  item.scrollIntoView({ block: "nearest", behavior: scrolling() });
  return {
    remove: () => item.remove(),
    add(text) {
      show(waiting, false);
      following(item, () => answer.append(text));
    },
    end(figures) {
      show(waiting, false);
      following(item, () => facts.append(...factsOf(figures, pictures)));
    },
  };
}

function shownPicture(picture, index) {
  const image = make("img", { src: picture.url, alt: `Picture ${index + 1}: ${picture.name}` });
  return make("figure", {}, image, make("figcaption", { textContent: picture.note }));
}

// Keeps the end of an item in view while it grows, unless the reader has scrolled away from it.
function following(item, grow) {
  const wasInView = item.getBoundingClientRect().bottom <= innerHeight;
  grow();
  if (wasInView) item.scrollIntoView({ block: "end" });
}

function factsOf({ firstTokenS, tokensPerS, usage, finishReason, isSimulated }, pictures) {
  const parts = [
    firstTokenS !== null && `first token after ${seconds(firstTokenS)}`,
    tokensPerS !== null && `${rate(tokensPerS)} tokens/s`,
    usage && `${count(usage.completion_tokens)} tokens`,
    ENDS[finishReason],
  ];
  const words = make("span", { textContent: parts.filter(Boolean).join(" · ") });
  if (!isSimulated) return [words];
  const badge = pictures.length ? "Simulated: no model looked at this picture" : "Simulated: no model answered";
  return [words, make("span", { className: "badge", textContent: badge })];
}

const scrolling = () => (matchMedia("(prefers-reduced-motion: no-preference)").matches ? "smooth" : "auto");

// What a person reads until the first word of an answer comes. Pure: what is known comes from /health.

import { wholeSeconds } from "./figures.js";

// The place in the queue is a bound: /health counts who waits, and those that came later wait behind. A `place` is null
// before anything is known, and 0 once nobody waits, that is when it is this request's turn.
export function placeAfter(place, { running, waiting }) {
  if (place === 0 || (running === 0 && waiting === 0)) return place; // not there yet: its pictures are on their way
  return Math.min(place ?? Infinity, waiting);
}

export function waitingWords({ elapsedS, place, isLoading, hasPictures }) {
  const since = elapsedS >= 1 ? `, ${wholeSeconds(elapsedS)}` : "";
  if (isLoading) return `The model is being loaded; your question is asked when it is ready${since}`;
  if (place) return `Waiting, place ${place} in the queue at most${since}`;
  return `${hasPictures ? "Looking" : "Reading"}${since}`;
}

// The box that says what went wrong and what to do next. It is brought into sight: on a phone it may be above the screen.

import { byId, show, write } from "./dom.js";

let about = null; // what the trouble is about, so that only its own cure takes it away

export function tell(message, next, { canTryAgain = false, kind = "question" } = {}) {
  about = kind;
  write(byId("trouble-message"), message);
  write(byId("trouble-next"), next);
  show(byId("again"), canTryAgain);
  show(byId("trouble"), true);
  byId("trouble").scrollIntoView({ block: "nearest" });
}

export function quiet(kind = about) {
  if (kind !== about) return;
  about = null;
  show(byId("trouble"), false);
}

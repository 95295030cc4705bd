// A picture as large as the window, in a dialog.

import { byId, make } from "./dom.js";

// A picture as a button that enlarges it.
export function enlargeable(image, label) {
  const button = make("button", { type: "button", className: "enlarge", title: "Enlarge" }, image);
  button.setAttribute("aria-label", `Enlarge ${label}`);
  button.onclick = () => {
    Object.assign(byId("large-picture"), { src: image.src, alt: label });
    byId("large").showModal();
  };
  return button;
}

export function watchEnlarged() {
  byId("large").onclick = () => byId("large").close(); // anywhere: the picture, what is beside it, and the button
}

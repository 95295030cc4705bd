// Text on its way to the clipboard, and what the button says of it.

import { write } from "./dom.js";

// `element` is where the text is shown: over plain http there is no clipboard for a page, so that it is selected instead.
export async function copy(button, text, element) {
  try {
    await navigator.clipboard.writeText(text);
    write(button, "Copied");
  } catch {
    getSelection().selectAllChildren(element);
    write(button, "Selected: copy it with your keys");
  }
}

// The page's elements: by their id, and new ones. Text goes in as text, never as HTML.

export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function show(element, isShown) {
  element.hidden = !isShown;
}

// Writes only what changed, so that nothing is announced or painted twice.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

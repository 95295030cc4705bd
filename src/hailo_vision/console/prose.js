// An answer's Markdown on the page. Every letter of it goes in as text, and no attribute is made out of it.

import { make } from "./dom.js";
import { markdown } from "./markdown.js";

const TAGS = { strong: "strong", em: "em", del: "s" };
const UNDER_QUESTION = 3; // a heading in an answer stands below the question, which is an h3

export const prose = (text) => markdown(text).map(block);

function block(part) {
  switch (part.kind) {
    case "heading":
      return make(`h${Math.min(6, part.level + UNDER_QUESTION)}`, {}, ...words(part.children));
    case "code":
      return scrolling(make("pre", {}, make("code", { textContent: part.text })), "Code in the answer");
    case "list":
      return make(part.isOrdered ? "ol" : "ul", part.isOrdered ? { start: part.start } : {}, ...part.items.map(item));
    case "table":
      return scrolling(make("div", { className: "table" }, table(part)), "Table in the answer");
    case "quote":
      return make("blockquote", {}, ...part.children.map(block));
    case "rule":
      return make("hr");
    default:
      return make("p", {}, ...words(part.children));
  }
}

// An item of one paragraph is its words alone.
function item(children) {
  const isLine = children.length > 0 && children[0].kind === "paragraph";
  const [first, ...rest] = children;
  return make("li", {}, ...(isLine ? words(first.children) : []), ...(isLine ? rest : children).map(block));
}

function table({ head, rows }) {
  const row = (tag, cells) => make("tr", {}, ...cells.map((cell) => make(tag, {}, ...words(cell))));
  return make("table", {}, make("thead", {}, row("th", head)), make("tbody", {}, ...rows.map((cells) => row("td", cells))));
}

const words = (parts) =>
  parts.map((part) => {
    if (typeof part === "string") return part;
    if (part.kind === "break") return make("br");
    if (part.kind === "code") return make("code", { textContent: part.text });
    return make(TAGS[part.kind], {}, ...words(part.children));
  });

// What is wider than the page scrolls by itself, also by keyboard.
function scrolling(element, label) {
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
  return element;
}

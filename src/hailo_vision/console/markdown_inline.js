// What stands inside a line of Markdown: bold, italics, struck out, code, escapes and line breaks. Pure, and linear in
// the length of the text: a mark whose end was looked for once and does not exist is not looked for again.

const MAX_DEPTH = 4;
const MARKS = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "del"],
  ["*", "em"],
  ["_", "em"],
];
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;

export function inline(text, depth = 0) {
  const parts = [];
  const missing = new Set();
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = partAt(text, at, depth, missing);
    if (typeof found.part === "string") {
      plain += found.part;
    } else {
      if (plain) parts.push(plain);
      plain = "";
      parts.push(found.part);
    }
    at = found.end;
  }
  return plain ? [...parts, plain] : parts;
}

// The part that begins here, and where the next one does.
function partAt(text, at, depth, missing) {
  const letter = text[at];
  if (letter === "\n") return { part: { kind: "break" }, end: at + 1 };
  if (letter === "\\" && PUNCTUATION.test(text[at + 1] ?? "")) return { part: text[at + 1], end: at + 2 };
  if (letter === "`") return codeAt(text, at, missing);
  for (const [mark, kind] of depth < MAX_DEPTH ? MARKS : []) {
    if (letter !== mark[0] || !text.startsWith(mark, at) || missing.has(mark) || !opens(text, at, mark)) continue;
    const close = closing(text, at + mark.length, mark);
    if (close === -1) {
      missing.add(mark);
      continue;
    }
    const children = inline(text.slice(at + mark.length, close), depth + 1);
    return { part: { kind, children }, end: close + mark.length };
  }
  return { part: letter, end: at + 1 };
}

function codeAt(text, at, missing) {
  let end = at;
  while (text[end] === "`") end += 1;
  const ticks = text.slice(at, end);
  const literal = { part: ticks, end };
  if (missing.has(ticks)) return literal;
  for (let close = text.indexOf(ticks, end); close !== -1; close = text.indexOf(ticks, close + 1)) {
    if (text[close - 1] === "`" || text[close + ticks.length] === "`") continue;
    return { part: { kind: "code", text: text.slice(end, close).replaceAll("\n", " ").trim() }, end: close + ticks.length };
  }
  missing.add(ticks);
  return literal;
}

// `2 * 3` and snake_case are no marks.
function opens(text, at, mark) {
  const after = text[at + mark.length];
  if (after === undefined || /\s/.test(after)) return false;
  if (mark === "*" && after === "*") return false;
  return mark[0] !== "_" || !WORD.test(text[at - 1] ?? "");
}

function closing(text, from, mark) {
  for (let at = text.indexOf(mark, from + 1); at !== -1; at = text.indexOf(mark, at + 1)) {
    if (closes(text, at, mark)) return at;
  }
  return -1;
}

function closes(text, at, mark) {
  const [before, after] = [text[at - 1], text[at + mark.length]];
  if (/\s/.test(before) || before === "\\") return false;
  if (mark.length === 2) return after !== mark[0]; // of three the last two close, and the first belongs inside
  // A single one is no part of a double one; of three in a row the last closes.
  if (before === mark || after === mark) return before === mark && text[at - 2] === mark && after !== mark;
  return mark !== "_" || !WORD.test(after ?? "");
}

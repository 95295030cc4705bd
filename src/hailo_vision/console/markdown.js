// Markdown as models write it becomes a tree of plain objects. Pure: no HTML is read, none is made, and links and images
// stay the text that they are, so that an answer can neither run nor load nor lead anywhere.
//
// A block is { kind: "paragraph" | "heading" | "code" | "list" | "table" | "quote" | "rule", ... }; what stands in a line
// is an array of strings and { kind: "strong" | "em" | "del", children }, { kind: "code", text }, { kind: "break" }.

import { inline } from "./markdown_inline.js";

const MAX_DEPTH = 6; // of lists and quotes in each other; what is deeper stays text

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(\S.*)$/;
const RULE = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+•]|\d{1,9}[.)])( +)(.*)$/;

export const markdown = (text) => blocks(text.replace(/\r\n?/g, "\n").split("\n"), 0);

function blocks(lines, depth) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = firstBlock(lines, at, depth) ?? readParagraph(lines, at, depth);
    found.push(block);
    at = next;
  }
  return found;
}

// A block that is no paragraph and begins at this line, with the line after it; null when there is none.
function firstBlock(lines, at, depth) {
  for (const read of [readCode, readHeading, readRule, readQuote, readList, readTable]) {
    const block = read(lines, at, depth);
    if (block !== null) return block;
  }
  return null;
}

function readParagraph(lines, at, depth) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== "" && !begins(lines, end, depth)) end += 1;
  return [{ kind: "paragraph", children: inline(lines.slice(at, end).map((line) => line.trim()).join("\n")) }, end];
}

// Whether a block that is no paragraph begins at this line, without reading it.
function begins(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line)) return true;
  return (depth < MAX_DEPTH && (QUOTE.test(line) || ITEM.test(line))) || readTable(lines, at) !== null;
}

// A fence that is never closed goes on to the end: the rest is on its way, or was cut off.
function readCode(lines, at) {
  const [, fence, language] = lines[at].match(FENCE) ?? [];
  if (fence === undefined) return null;
  const isEnd = (line) => line.trim().length >= fence.length && line.trim().replaceAll(fence[0], "") === "";
  let end = at + 1;
  while (end < lines.length && !isEnd(lines[end])) end += 1;
  return [{ kind: "code", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function readHeading(lines, at) {
  const [, marks, title] = lines[at].match(HEADING) ?? [];
  return marks === undefined ? null : [{ kind: "heading", level: marks.length, children: inline(title.trim()) }, at + 1];
}

function readRule(lines, at) {
  return RULE.test(lines[at]) ? [{ kind: "rule" }, at + 1] : null;
}

function readQuote(lines, at, depth) {
  if (depth >= MAX_DEPTH || !QUOTE.test(lines[at])) return null;
  let end = at + 1;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  const quoted = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [{ kind: "quote", children: blocks(quoted, depth + 1) }, end];
}

function readList(lines, at, depth) {
  const first = itemAt(lines, at);
  if (depth >= MAX_DEPTH || first === null) return null;
  const items = [];
  let next = at;
  for (let item = first; item !== null && item.isOrdered === first.isOrdered; item = itemAt(lines, next)) {
    const end = endOfItem(lines, next, item.indent);
    const rest = lines.slice(next + 1, end).map((line) => line.slice(Math.min(indentOf(line), item.width)));
    items.push(blocks([item.text, ...rest], depth + 1));
    next = afterBlanks(lines, end);
  }
  return [{ kind: "list", isOrdered: first.isOrdered, start: first.number, items }, next];
}

function itemAt(lines, at) {
  const [, indent, mark, gap, text] = lines[at]?.match(ITEM) ?? [];
  if (indent === undefined || RULE.test(lines[at])) return null;
  const isOrdered = /\d/.test(mark);
  const width = indent.length + mark.length + Math.min(gap.length, 4);
  return { indent: indent.length, width, isOrdered, number: isOrdered ? parseInt(mark, 10) : 1, text };
}

// Lines that stand further in belong to the item, also after blank ones; so does a line right below that begins nothing.
function endOfItem(lines, at, indent) {
  let end = at + 1;
  while (end < lines.length) {
    const next = afterBlanks(lines, end);
    if (next === lines.length) return end;
    const isInside = indentOf(lines[next]) > indent;
    const isContinued = next === end && itemAt(lines, next) === null && !FENCE.test(lines[next]) && !HEADING.test(lines[next]);
    if (!isInside && !isContinued) return end;
    end = next + 1;
  }
  return end;
}

function afterBlanks(lines, at) {
  let next = at;
  while (next < lines.length && lines[next].trim() === "") next += 1;
  return next;
}

const indentOf = (line) => line.length - line.trimStart().length;

function readTable(lines, at) {
  if (!lines[at].includes("|") || !lines[at + 1]?.includes("-")) return null;
  const [head, marks] = [cells(lines[at]), cells(lines[at + 1])];
  if (head.length !== marks.length || !marks.every((mark) => /^:?-+:?$/.test(mark))) return null;
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  const rows = lines.slice(at + 2, end).map(cells).map((row) => head.map((_, index) => inline(row[index] ?? "")));
  return [{ kind: "table", head: head.map((cell) => inline(cell)), rows }, end];
}

// A bar after a backslash belongs to its cell.
function cells(line) {
  const bare = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

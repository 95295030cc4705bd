// The API key: kept for this tab alone, gone when it closes, and never written into the page.

const NAME = "hailo-vision-key";
let kept = "";

try {
  kept = sessionStorage.getItem(NAME) ?? "";
} catch {
  // A browser that stores nothing for this site: the key then lives as long as the page.
}

export const key = () => kept;

export function keepKey(text) {
  kept = text;
  try {
    if (text) sessionStorage.setItem(NAME, text);
    else sessionStorage.removeItem(NAME);
  } catch {
    // As above.
  }
}

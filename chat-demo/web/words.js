// What people write, as elements: links, `code`, emoji. Only `textContent` ever takes their words: they cannot become markup.

const CODE = /```(?:[\w+#-]*\n)?([^]+?)\n?```|`([^`\n]+)`/g;

// No other scheme is one of a link's; and nothing in it that turns or hides what stands beside it.
const LINK = /\b(?:https?:\/\/|mailto:)[^\s\p{C}<>"“”„`]+/giu;

// Signs of their own, with what joins and colours them; no digits, which are among \p{Emoji}.
const EMOJI = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]+$/u;
const MOST_EMOJI = 24; // code points: some flags have seven

export const isEmoji = (text) => EMOJI.test(text) && [...text].length <= MOST_EMOJI;

// Puts the text into the element, in the place of what was there.
export function write(element, text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(CODE)) {
    const [whole, block, inline] = match;
    parts.push(...linked(text.slice(end, match.index)));
    const code = make("code", block ?? inline);
    code.classList.toggle("block", block !== undefined);
    parts.push(code);
    end = match.index + whole.length;
    // A block stands on lines of its own; the line's end behind it would be an empty one.
    if (block !== undefined && text[end] === "\n") end++;
  }
  parts.push(...linked(text.slice(end)));
  element.replaceChildren(...parts);
}

function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address) || !["http:", "https:", "mailto:"].includes(new URL(address).protocol)) continue;
    const link = make("a", address);
    link.href = address;
    link.rel = "noopener noreferrer nofollow";
    link.target = "_blank";
    parts.push(text.slice(end, match.index), link);
    end = match.index + address.length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

// Without what ends the sentence around it: marks, and brackets that were opened before.
function trimmed(address) {
  for (;;) {
    const last = address.at(-1);
    const opening = { ")": "(", "]": "[", "}": "{" }[last];
    const isSurplus = opening ? address.split(last).length > address.split(opening).length : /[.,;:!?'"*_~]/.test(last);
    if (!isSurplus) return address;
    address = address.slice(0, -1);
  }
}

function make(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

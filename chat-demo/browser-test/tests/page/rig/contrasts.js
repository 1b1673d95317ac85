// The contrast of each text to its background, and of each edge to what is beside it, as WCAG 2.2 measures it.
const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

// The canvas turns every notation of a colour into bytes.
function luminance(colour) {
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function background(element) {
  const colour = getComputedStyle(element).backgroundColor;
  return colour === "rgba(0, 0, 0, 0)" ? background(element.parentElement) : colour;
}

function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const measured = [];
const measure = (what, one, other) => measured.push([what, contrast(one, other)]);
const name = (element) => element.id || `${element.tagName} "${element.textContent.trim()}"`;
const text = (what, element, pseudo) => measure(what, getComputedStyle(element, pseudo).color, background(element));

for (const element of document.querySelectorAll("h1, h2, p, span, time, button, input, textarea, summary, a, code")) {
  // A message's text has no box of its own.
  if (element.checkVisibility() || element.matches("li p")) text(name(element), element);
}
for (const input of document.querySelectorAll("input, textarea")) {
  text(`placeholder of ${input.id}`, input, "::placeholder");
}
for (const tick of document.querySelectorAll("[data-state=sent] .meta span")) text("the tick", tick, "::before");
for (const message of document.querySelectorAll("li:not(.mine)")) {
  for (let hue = 0; hue < 360; hue += 5) {
    message.style.setProperty("--hue", hue);
    text(`name in hue ${hue}`, message.querySelector("strong"));
    const face = getComputedStyle(message, "::after");
    if (face.content !== "none") measure(`face in hue ${hue}`, face.color, face.backgroundColor);
  }
}
for (const element of document.querySelectorAll("input, textarea, .actions button, [data-state=failed] div, [data-state=pending] div")) {
  measure(`edge of ${name(element)}`, getComputedStyle(element).borderTopColor, background(element.parentElement));
}
const focused = document.activeElement;
for (const element of [document.getElementById("log"), ...document.querySelectorAll("input, textarea, button")]) {
  element.focus({ focusVisible: true, preventScroll: true });
  const ring = getComputedStyle(element).outlineColor;
  measure(`edge of the focus on ${name(element)}`, ring, background(element.parentElement));
  // That of a button stands outside of it.
  if (!element.matches("button")) measure(`edge of the focus in ${name(element)}`, ring, background(element));
}
focused.focus();
return measured;

// The text with the least contrast to its background, as WCAG 2.2 measures it.
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

function contrast(element, pseudo) {
  const text = luminance(getComputedStyle(element, pseudo).color);
  const behind = luminance(background(element));
  return (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
}

const measured = [];
const measure = (text, element, pseudo) => measured.push({ text, contrast: contrast(element, pseudo) });

for (const element of document.querySelectorAll("h1, p, span, time, button, input")) {
  measure(element.id || element.tagName, element);
}
for (const input of document.querySelectorAll("input")) measure(`placeholder of ${input.id}`, input, "::placeholder");
for (const message of document.querySelectorAll("li")) {
  for (let hue = 0; hue < 360; hue += 5) {
    message.style.setProperty("--hue", hue);
    measure(`name in hue ${hue}`, message.querySelector("strong"));
  }
}
return measured.reduce((a, b) => (a.contrast < b.contrast ? a : b));

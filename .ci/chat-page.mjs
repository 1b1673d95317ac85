// The chat's page before axe and Lighthouse; see .ci/chat-page, which starts it.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, program, chromium] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const puppeteer = (await load("puppeteer-core")).default;
const lighthouse = (await load("lighthouse")).default;
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const server = spawn(program, ["--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
const [url] = await new Promise((resolve) => createInterface(server.stdout).once("line", (line) => resolve([line])));
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
let failures = 0;

// What the page can show beside messages.
const STATES = {
  empty: async () => {},
  talk: async (page) => {
    await post(page, "Ada", "Look: https://www.rfc-editor.org/rfc/rfc6455 and `code`");
    await post(page, "Ada", "🎉");
  },
  "too long, people shown": async (page) => {
    await page.$eval("#people", (people) => (people.open = true));
    await page.$eval("#text", (text) => {
      text.value = "x".repeat(503);
      text.dispatchEvent(new Event("input"));
    });
    await page.$eval("#form", (form) => form.requestSubmit());
  },
  "name unfolded": async (page) => page.click("#rename"),
  "refused, typing": async (page) => {
    await page.evaluate(() => {
      const other = new WebSocket("/ws", "json-delta");
      other.onopen = () => {
        ['{"here":"Ben"}', '{"user":"Ben","text":"Hm"}'].forEach((word) => other.send(word));
        // Again and again: the server passes on one in a while, and the page shows each for a while.
        setInterval(() => other.send('{"typing":true}'), 1000);
      };
    });
    await page.waitForFunction(() => document.getElementById("typing").textContent);
    // Faster than it is allowed.
    for (let n = 0; n < 11; n++) await post(page, "Ada", `number ${n}`);
    await page.waitForSelector("[data-state=failed]");
  },
};

function post(page, user, words) {
  return page.evaluate(
    (user, words) => {
      for (const [id, value] of [["name", user], ["text", words]]) {
        document.getElementById(id).value = value;
        document.getElementById(id).dispatchEvent(new Event("input"));
      }
      document.getElementById("name").dispatchEvent(new Event("blur"));
      document.getElementById("form").requestSubmit();
    },
    user,
    words,
  );
}

async function checkWithAxe(width, height, scheme) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setBypassCSP(true); // axe is not the page's own
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.goto(url);
  await page.waitForSelector("[data-presence=online]");
  for (const [state, reach] of Object.entries(STATES)) {
    await reach(page);
    await page.evaluate(axe);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations, passes } = await page.evaluate((tags) => axe.run({ runOnly: tags }), tags);
    if (passes.length < 15) throw new Error(`axe has seen ${passes.length} rules pass: too few to believe it`);
    failures += violations.length;
    for (const { id, help, nodes } of violations) {
      console.log(`${width} px, ${scheme}, ${state}: ${id}: ${help}`);
      for (const { html, failureSummary } of nodes.slice(0, 3)) console.log(`  ${html}\n  ${failureSummary}`);
    }
  }
  await context.close();
}

// On a machine that has other work, the page is not to blame for each slow answer: one of five times is enough.
async function checkWithLighthouse(formFactor, more = 4) {
  const page = await browser.newPage();
  const screens = { mobile: {}, desktop: { screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1 } } };
  const { lhr } = await lighthouse(url, { logLevel: "error" }, {
    extends: "lighthouse:default",
    settings: { formFactor, ...screens[formFactor], throttlingMethod: formFactor === "mobile" ? "simulate" : "provided" },
  }, page);
  await page.close();
  if (more > 0 && lhr.categories.performance.score < 1) return checkWithLighthouse(formFactor, more - 1);
  for (const { id, score, auditRefs } of Object.values(lhr.categories)) {
    console.log(`Lighthouse, ${formFactor}, ${id}: ${Math.round(score * 100)}`);
    // How fast it is, is the machine's merit too.
    if (score >= (id === "performance" ? 0.95 : 1)) continue;
    failures++;
    for (const { id, weight } of auditRefs) {
      const audit = lhr.audits[id];
      if (weight > 0 && audit.score !== null && audit.score < 1) console.log(`  ${id}: ${audit.title} (${audit.displayValue ?? ""})`);
    }
  }
}

try {
  for (const [width, height] of [[320, 568], [768, 1024], [1440, 900]]) {
    for (const scheme of ["light", "dark"]) await checkWithAxe(width, height, scheme);
  }
  console.log(`axe: ${failures} violations in 30 combinations of width, scheme and state`);
  for (const formFactor of ["mobile", "desktop"]) await checkWithLighthouse(formFactor);
} finally {
  await browser.close();
  server.kill();
}
process.exitCode = failures ? 1 : 0;

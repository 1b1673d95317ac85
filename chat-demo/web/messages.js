// The list of messages: their order, their days and authors, and the place where one reads.

import { isEmoji, write } from "./words.js";

const AT_BOTTOM_PX = 40;
const GROUP_MS = 5 * 60_000; // whoever goes on within that is not named again
const COPIED_MS = 1_500;
const MARKS = { pending: "Sending…", sent: "Sent", failed: "Not sent" };

const log = document.getElementById("log");
const messages = document.getElementById("messages");
const latest = document.getElementById("latest");

// ---- One message ----

// What each was told, for what needs more than is seen: copies, other tabs.
const told = new WeakMap();

export const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

export function item(message) {
  const li = clone("item");
  li.classList.toggle("new", log.ariaLive === "polite");
  tell(li, message);
  return li;
}

export function tell(li, message) {
  const { user, text, time } = message;
  const date = new Date(time);
  told.set(li, message);
  li.dataset.user ??= user;
  li.dataset.day = date.toDateString();
  li.dataset.initial = initial(user);
  li.style.setProperty("--hue", hue(user));
  li.querySelector("strong").textContent = user;
  write(li.querySelector("p"), text);
  li.classList.toggle("emoji", isEmoji(text));
  li.querySelector("time").dateTime = date.toISOString();
  showTime(li);
}

function showTime(li) {
  const clock = li.querySelector("time");
  clock.textContent = new Date(clock.dateTime).toLocaleTimeString([], { timeStyle: "short" });
}

// What has become of our own.
export function mark(li, state) {
  li.classList.add("mine");
  li.dataset.state = state;
  li.dataset.user = ""; // whatever the name was
  li.querySelector(".mark").textContent = MARKS[state];
  li.querySelector(".actions")?.remove();
}

// Those with one of these keys are ours, as another tab has found.
export function markOwn(keys) {
  for (const li of messages.children) {
    if (!li.dataset.state && keys.has(told.get(li).key)) {
      mark(li, "sent");
      arrangeFrom(li);
    }
  }
}

export const initial = (user) => [...user.trim()][0]?.toUpperCase() ?? "";

// One colour for one name, on every screen.
export function hue(user) {
  let hash = 0;
  for (const character of user) hash = ((hash + character.codePointAt(0)) * 137) % 360;
  return hash;
}

// ---- Their order ----

export function insert(li, before) {
  const after = li.nextElementSibling;
  if (!li.isConnected || after !== before) messages.insertBefore(li, before);
  if (after && after !== before) arrange(after); // it has moved
  arrangeFrom(li);
}

export function remove(li) {
  const next = li.nextElementSibling;
  li.remove();
  if (next) arrange(next);
}

export function letGo(count) {
  for (; count > 0; count--) messages.firstElementChild.remove();
  if (messages.firstElementChild) arrange(messages.firstElementChild);
}

function arrangeFrom(li) {
  arrange(li);
  if (li.nextElementSibling) arrange(li.nextElementSibling);
}

// What depends on the message before: a day has a heading, and who goes on is not named again.
function arrange(li) {
  const before = li.previousElementSibling;
  const isNewDay = before?.dataset.day !== li.dataset.day;
  const goesOn = !isNewDay && before.dataset.user === li.dataset.user && told.get(li).time - told.get(before).time < GROUP_MS;
  li.classList.toggle("continued", goesOn);
  before?.classList.toggle("goes-on", goesOn);
  if (!li.nextElementSibling) li.classList.remove("goes-on");
  const heading = li.querySelector("h2");
  if (!isNewDay) heading?.remove();
  else if (!heading) li.prepend(document.createElement("h2"));
  renameDays();
}

// Also at midnight, when today becomes yesterday.
function renameDays() {
  const today = new Date().setHours(0, 0, 0, 0);
  for (const heading of messages.querySelectorAll("h2")) {
    const date = new Date(heading.parentElement.dataset.day);
    const ago = Math.round((today - date) / 86_400_000); // a day may have 23 hours
    const day = ["Today", "Yesterday"][ago] ?? date.toLocaleDateString([], { dateStyle: "full" });
    if (heading.textContent !== day) heading.textContent = day; // else it would be read out again
  }
}

// ---- Staying at the newest message, unless the reader has scrolled up ----

let following = true;
let unread = 0; // since the reader has scrolled up
let heights; // of the list and of its window, when we last followed

const measure = () => `${log.scrollHeight} in ${log.clientHeight}`;

export function follow() {
  if (following) log.scrollTop = log.scrollHeight;
  heights = measure();
}

export function followAgain() {
  following = true;
  follow();
  showUnread();
}

// Once per change of the list. As one goes out for one that comes in, its height may stay the same, and no observer is told.
export function changed(fromOthers = 0) {
  if (!following) unread += fromOthers;
  moveStop();
  follow();
  showUnread();
}

function noticeScroll() {
  // When heights change it is the browser that scrolls, not the reader; follow() comes right after.
  if (heights !== measure()) return;
  following = log.scrollHeight - log.clientHeight - log.scrollTop < AT_BOTTOM_PX;
  showUnread();
}

function showUnread() {
  if (following) unread = 0;
  latest.hidden = unread === 0;
  latest.textContent = unread === 1 ? "1 new message" : `${unread} new messages`;
}

// ---- Copies: a click on the time, or Enter where the arrows have led ----

async function copy(button) {
  const li = button.closest("li");
  try {
    await navigator.clipboard.writeText(told.get(li).text);
  } catch {
    // Not allowed, or not over https: as it is seen, then.
    getSelection().selectAllChildren(li.querySelector("p"));
    document.execCommand("copy");
  }
  // The log is live: so it is read out, too.
  button.firstElementChild.textContent = "Copied";
  setTimeout(() => showTime(li), COPIED_MS);
}

// Nobody wants to tab through five hundred times: the newest is reached so, the others by arrows.
let stop;

function moveStop() {
  if (stop) stop.tabIndex = -1;
  stop = messages.lastElementChild?.querySelector(".meta button");
  if (stop) stop.tabIndex = 0;
}

function noticeKey(event) {
  const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
  const li = event.target.closest("li");
  if (!step || !li) return;
  event.preventDefault();
  li[step]?.querySelector(".meta button").focus();
}

log.onkeydown = noticeKey;
log.onscroll = noticeScroll;
log.onclick = ({ target }) => {
  const button = target.closest(".meta button");
  if (button) copy(button);
};
latest.onclick = () => {
  followAgain();
  log.focus();
};
setInterval(renameDays, 60_000);

// New messages, a turned phone and its keyboard all change one of these two heights.
for (const element of [log, messages]) new ResizeObserver(follow).observe(element);

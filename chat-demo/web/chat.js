// The chat page: one WebSocket in, one list of messages out.
//
// Two subprotocols, the server chooses. Both carry JSON:
//   json-delta  {"msg": [newest first]} once, then {"new": [oldest first]} and {"online": n};
//               a message has an "id", and the "key" that its author gave it
//   json        {"msg": [newest first]}, the whole list each time, without ids and keys
// We post {"user", "text", "key"}; the answer may be {"error": "…", "key"}.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const REST_MS = 5_000; // before we return to a server that has put us out
const SILENCE_MS = 10_000; // a post that is not back by then was sent into the void
const AT_BOTTOM_PX = 40;
const MOST_SHOWN = 500; // messages; older ones are let go
const MOST_CHARACTERS = 500;
const COUNTED_CHARACTERS = 50; // the last ones
const LIGHTS = { connecting: "🟡", online: "🟢", offline: "🔴" };

const [light, state, online, log, messages, latest, form, name, text, notice, left] = [
  "light", "state", "online", "log", "messages", "latest", "form", "name", "text", "notice", "left",
].map((id) => document.getElementById(id));

// ---- The connection ----

let socket;
let isGreeted = false; // whether this connection has brought the history; we post after that
let failures = 0; // in a row, since the server last spoke to us
let retry; // the timer of the next attempt, while we wait for one
let isResting = false; // whether the server has put us out

function connect() {
  clearTimeout(retry);
  retry = undefined;
  isGreeted = false;
  socket = new WebSocket(new URL("ws", location.href.replace("http", "ws")), ["json-delta", "json"]);
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = reconnectLater;
}

// The wait doubles with each failure, up to a limit. A random half of it is left out, so that a server
// that comes back does not meet all at the same instant.
function reconnectLater({ code, reason } = {}) {
  isResting = code === 1008;
  if (isResting) say(`${reason || "The server has hung up."} We reconnect in some seconds.`);
  const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
  retry = setTimeout(connect, wait * (1 - Math.random() / 2) + (isResting ? REST_MS : 0));
  // The light stays red until we are through: a lamp that flickers at each attempt says less.
  showPresence("offline");
}

function reconnectNow() {
  if (retry !== undefined && !isResting) connect();
}

// A browser may take minutes to see that nobody is at the other end.
function giveUp() {
  socket.onmessage = socket.onclose = null;
  socket.close();
  reconnectLater();
}

function receive(data) {
  if (data.msg) {
    failures = 0;
    if (isGreeted) return show(data.msg.toReversed());
    showPresence("online");
    say("");
    greet(data.msg.toReversed());
  }
  if (data.new) show(data.new);
  if (data.online) online.textContent = data.online === 1 ? "only you here" : `${data.online} people here`;
  if (data.error) {
    say(data.error);
    const post = posts.get(data.key);
    if (post) fail(post);
  }
}

// What we posted and is not in the history got lost.
function greet(history) {
  isGreeted = true;
  log.ariaLive = "off";
  show(history);
  for (const post of posts.values()) fail(post);
  setTimeout(() => (log.ariaLive = "polite"));
}

// ---- What we post ----

// What the server has not shown to all yet, by key, in the order in which it ends the list.
const posts = new Map();

// The keys of what this browser has posted: a name can be anybody's.
const own = new Set(recall("localStorage", "own", []));

function submit(event) {
  event.preventDefault();
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const post = { user: name.value.trim(), text: text.value.trim(), time: Date.now(), key };
  if (!post.user) {
    say("Please choose a name first.");
    return name.focus();
  }
  text.focus();
  if (!post.text) return;
  if (excess() > 0) return say(`Please shorten it: ${left.textContent}.`);
  if (send(post)) write("");
}

// Tells whether it could be tried.
function send({ user, text, time, key, li }) {
  if (!isGreeted || socket.readyState !== WebSocket.OPEN) {
    say("Not connected. Your text stays here until you can send it.");
    return false;
  }
  say("");
  socket.send(JSON.stringify({ user, text, key }));
  own.add(key);
  keep("localStorage", "own", [...recall("localStorage", "own", []), key].slice(-MOST_SHOWN));
  const post = { user, text, time, key, li };
  following = true;
  showPost(post);
  const sentOn = socket;
  setTimeout(() => {
    if (socket === sentOn && posts.get(key) === post && !post.failed) giveUp();
  }, SILENCE_MS);
  return true;
}

// At the end of the list, also when it had failed before.
function showPost(post) {
  post.li ??= item(post);
  posts.delete(post.key);
  posts.set(post.key, post);
  mark(post.li, "pending");
  insert(post.li);
}

function fail(post) {
  post.failed = true;
  mark(post.li, "failed");
  const actions = clone("actions");
  const [again, edit] = actions.children;
  again.onclick = () => send(post) && text.focus();
  edit.onclick = () => takeBack(post);
  post.li.append(actions);
}

// Into the input, before what is there.
function takeBack(post) {
  posts.delete(post.key);
  const next = post.li.nextElementSibling;
  post.li.remove();
  if (next) arrange(next);
  write(`${post.text}\n${text.value}`.trim());
  text.focus();
}

// ---- What we write ----

function write(words) {
  text.value = words;
  noticeWriting();
}

function noticeWriting() {
  const over = excess();
  left.textContent = over > 0 ? `${over} too many` : over >= -COUNTED_CHARACTERS ? `${-over} left` : "";
  text.ariaInvalid = String(over > 0);
}

// In characters, as the server counts them.
const excess = () => [...text.value.trim()].length - MOST_CHARACTERS;

// Enter sends, Shift+Enter begins a new line; an input method's Enter is its own.
function noticeKey(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
}

// ---- What we show ----

function showPresence(now) {
  document.body.dataset.presence = state.textContent = now;
  light.textContent = LIGHTS[now];
  if (now !== "online") online.textContent = "";
}

// The server's messages in the list, oldest first; the history after a reconnect has most of them again.
const shown = new Set();

function show(list) {
  for (const message of list) {
    // What is sent again, because nobody could tell that it had come, is said once.
    const { id, key, user, text, time } = message;
    const identity = JSON.stringify(key ? [key, user, text] : (id ?? [time, user, text]));
    if (shown.has(identity)) continue;
    shown.add(identity);
    settle(message);
  }
  while (shown.size > MOST_SHOWN) {
    shown.delete(shown.values().next().value);
    messages.firstElementChild.remove();
    arrange(messages.firstElementChild);
  }
  showUnread();
}

function settle(message) {
  const { id, key, user, text } = message;
  const isSame = (post) => (id ? post.key === key : post.user === user && post.text === text);
  const post = [...posts.values()].find(isSame);
  const li = post?.li ?? item(message);
  if (post) {
    posts.delete(post.key);
    tell(li, message); // it stands in the list already, but the time is the server's
  } else if (!following) {
    unread++;
  }
  if (post || own.has(key) || (!id && user === name.value.trim())) mark(li, "sent");
  insert(li);
}

// Before what of ours the server has not shown yet; that goes to the very end.
function insert(li) {
  const waiting = [...posts.values()].map((post) => post.li);
  const before = waiting.includes(li) ? null : (waiting[0] ?? null);
  if (!li.isConnected || li.nextElementSibling !== before) messages.insertBefore(li, before);
  for (const other of [li, ...waiting]) arrange(other);
}

function item(message) {
  const li = clone("item");
  li.classList.toggle("new", log.ariaLive === "polite");
  tell(li, message);
  return li;
}

const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

// Only `textContent` ever takes what people wrote: it cannot become markup.
function tell(li, { user, text, time }) {
  const date = new Date(time);
  li.dataset.user = user;
  li.dataset.day = date.toDateString();
  li.style.setProperty("--hue", hue(user));
  li.querySelector("strong").textContent = user;
  li.querySelector("p").textContent = text;
  const clock = li.querySelector("time");
  clock.textContent = date.toLocaleTimeString([], { timeStyle: "short" });
  clock.dateTime = date.toISOString();
}

const MARKS = { pending: "Sending…", sent: "Sent", failed: "Not sent" };

// What has become of our own.
function mark(li, state) {
  li.classList.add("mine");
  li.dataset.state = state;
  li.dataset.user = ""; // whatever the name was
  li.querySelector(".meta span").textContent = MARKS[state];
  li.querySelector(".actions")?.remove();
}

// What depends on the message before: a day has a heading, and who goes on is not named again.
function arrange(li) {
  const before = li.previousElementSibling;
  const isNewDay = before?.dataset.day !== li.dataset.day;
  li.classList.toggle("continued", !isNewDay && before.dataset.user === li.dataset.user);
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

// One colour for one name, on every screen.
function hue(user) {
  let hash = 0;
  for (const character of user) hash = ((hash + character.codePointAt(0)) * 137) % 360;
  return hash;
}

function say(words) {
  notice.textContent = words;
}

// ---- Staying at the newest message, unless the reader has scrolled up ----

let following = true;
let unread = 0; // since the reader has scrolled up
let heights; // of the list and of its window, when we last followed

const measure = () => `${log.scrollHeight} in ${log.clientHeight}`;

function follow() {
  if (following) log.scrollTop = log.scrollHeight;
  heights = measure();
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

// ---- What is remembered, where the browser lets us ----

function keepUnsent() {
  keep("sessionStorage", "draft", text.value);
  keep("sessionStorage", "posts", [...posts.values()].map(({ li, ...post }) => post));
}

function recall(storage, key, otherwise) {
  try {
    return JSON.parse(window[storage].getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function keep(storage, key, value) {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full: the chat works all the same.
  }
}

// ---- Start ----

name.value = recall("localStorage", "name", "");
write(recall("sessionStorage", "draft", ""));
for (const post of recall("sessionStorage", "posts", [])) showPost(post);
(name.value ? text : name).focus();

form.onsubmit = submit;
text.oninput = noticeWriting;
text.onkeydown = noticeKey;
name.oninput = () => keep("localStorage", "name", name.value.trim());
log.onscroll = noticeScroll;
latest.onclick = () => {
  following = true;
  follow();
  showUnread();
  log.focus();
};
addEventListener("online", reconnectNow);
document.onvisibilitychange = () => (document.hidden ? keepUnsent() : reconnectNow());
setInterval(renameDays, 60_000);

// New messages, a turned phone and its keyboard all change one of these two heights.
for (const element of [log, messages]) new ResizeObserver(follow).observe(element);

connect();

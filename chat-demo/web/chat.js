// The chat page: one WebSocket in, one list of messages out.
//
// Two subprotocols, the server chooses. Both carry JSON texts:
//   json-delta  {"msg": [newest first], "online": n} once, then {"new": [oldest first]} and {"online": n}
//   json        {"msg": [newest first]}, the whole list again each time
// Either may send {"error": "…"} about what we posted. We post {"user", "text"}.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const AT_BOTTOM_PX = 40;
const LIGHTS = { connecting: "🟡", online: "🟢", offline: "🔴" };

const [light, state, online, log, messages, latest, form, name, text, notice] = [
  "light", "state", "online", "log", "messages", "latest", "form", "name", "text", "notice",
].map((id) => document.getElementById(id));

// ---- The connection ----

let socket;
let failures = 0; // in a row, since the server last spoke to us
let retry; // the timer of the next attempt, while we wait for one
const unconfirmed = []; // posts that the server has not shown to everybody yet

function connect() {
  clearTimeout(retry);
  retry = undefined;
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url, ["json-delta", "json"]);
  socket.onopen = () => say("");
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = reconnectLater;
}

// The wait doubles with each failure, up to a limit. A random half of it is left out, so that a server
// that comes back does not meet everybody at the same instant.
function reconnectLater() {
  const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
  retry = setTimeout(connect, wait * (1 - Math.random() / 2));
  // The light stays red until we are through: a lamp that flickers at each attempt says less.
  showPresence("offline");
  giveBack(unconfirmed.splice(0));
}

function reconnectNow() {
  if (retry !== undefined) connect();
}

function receive(data) {
  if (data.msg) {
    failures = 0;
    showPresence("online");
    showHistory(data.msg.toReversed());
  }
  if (data.new) showNew(data.new);
  if (data.online !== undefined) showOnline(data.online);
  if (data.error) {
    say(data.error);
    giveBack(unconfirmed.splice(0, 1)); // the server answers in order
  }
}

// ---- What we post ----

function submit(event) {
  event.preventDefault();
  const post = { user: name.value.trim(), text: text.value.trim() };
  if (!post.user) {
    say("Please choose a name first.");
    return name.focus();
  }
  text.focus();
  if (!post.text) return;
  if (socket.readyState !== WebSocket.OPEN) {
    return say("Not connected. Your text stays here until you can send it.");
  }
  say("");
  socket.send(JSON.stringify(post));
  unconfirmed.push(post);
  text.value = "";
  following = true;
}

function settle({ user, text }) {
  const at = unconfirmed.findIndex((post) => post.user === user && post.text === text);
  if (at >= 0) unconfirmed.splice(at, 1);
}

// Nothing that was typed is lost: what the server did not take returns to the input, before what is there.
function giveBack(posts) {
  if (posts.length) text.value = [...posts.map((post) => post.text), text.value].join(" ").trim();
}

// ---- What we show ----

function showPresence(now) {
  light.textContent = LIGHTS[now];
  state.textContent = now;
  document.body.dataset.presence = now;
  if (now !== "online") online.textContent = "";
}

function showOnline(count) {
  online.textContent = count === 1 ? "only you here" : `${count} people here`;
}

function showHistory(list) {
  log.ariaLive = "off";
  messages.replaceChildren();
  append(list);
  setTimeout(() => (log.ariaLive = "polite"));
}

function showNew(list) {
  append(list);
  latest.hidden = following;
}

function append(list) {
  for (const message of list) {
    settle(message);
    messages.append(item(message, messages.lastElementChild));
  }
}

// Only `textContent` ever takes what people wrote: it cannot become markup.
function item({ user, text, time }, previous) {
  const li = document.createElement("li");
  li.dataset.user = user;
  li.classList.toggle("mine", user === name.value.trim());
  li.classList.toggle("continued", previous?.dataset.user === user);
  li.style.setProperty("--hue", hue(user));
  li.append(part("strong", user), part("p", text), clock(new Date(time)));
  return li;
}

function part(tag, content) {
  const element = document.createElement(tag);
  element.textContent = content;
  element.dir = "auto"; // right to left where it is written so, and no further
  return element;
}

function clock(date) {
  const today = date.toDateString() === new Date().toDateString();
  const style = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  const time = part("time", date.toLocaleString([], style));
  time.dateTime = date.toISOString();
  return time;
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
  if (following) latest.hidden = true;
}

// ---- The name, remembered where the browser lets us ----

function recall() {
  try {
    return localStorage.getItem("name") ?? "";
  } catch {
    return "";
  }
}

function remember() {
  try {
    localStorage.setItem("name", name.value.trim());
  } catch {
    // Storage is blocked: the chat works all the same.
  }
}

// ---- Start ----

name.value = recall();
(name.value ? text : name).focus();

form.addEventListener("submit", submit);
name.addEventListener("input", remember);
log.addEventListener("scroll", noticeScroll);
latest.addEventListener("click", () => {
  following = true;
  follow();
  text.focus();
});
addEventListener("online", reconnectNow);
document.addEventListener("visibilitychange", () => document.hidden || reconnectNow());

// New messages, a turned phone and its keyboard all change one of these two heights.
const observer = new ResizeObserver(follow);
observer.observe(log);
observer.observe(messages);

connect();

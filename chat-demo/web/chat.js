// The chat page: one WebSocket in, one list of messages out. README.md has the two subprotocols.

import { forget, keep, recall, tellOf } from "./browser.js";
import { changed, clone, followAgain, hue, initial, insert, item, letGo, mark, markOwn, remove, tell } from "./messages.js";

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const LASTING_MS = 10_000; // a connection that was no failure
const RESTS_S = { 1008: [5, 6], 1012: [5, 30], 1013: [30, 60] }; // before we return to a server that wants us away
const QUIET_MS = 15_000; // after that we ask whether anybody is there
const SILENCE_MS = 10_000; // what is not answered by then was sent into the void
const RESEND_MS = 250; // between two, so that they are not too fast
const TYPING_MS = 3_000; // how often we say that we type
const MOST_SHOWN = 500; // older messages are let go
const MOST_CHARACTERS = 500;
const COUNTED_CHARACTERS = 50;
const LIGHTS = { connecting: "🟡", online: "🟢", offline: "🔴" };

const ids = ["light", "state", "people", "online", "names", "typing", "log", "form", "name", "rename", "text", "notice", "left"];
const [light, state, people, online, names, typing, log, form, name, rename, text, notice, left] = ids.map((id) =>
  document.getElementById(id),
);

// ---- The connection ----

let socket;
let greeted; // when this connection has brought the history; we post after that
let failures = 0; // in a row, since a connection has lasted
let retry; // the timer of the next attempt, while we wait for one
let isResting = false; // whether the server wants us away for a while
let quiet; // the timer of what we do if nothing comes

function connect() {
  clearTimeout(retry);
  retry = greeted = undefined;
  socket = new WebSocket(new URL("ws", location.href.replace("http", "ws")), ["json-delta", "json"]);
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = reconnectLater;
  // A browser may take minutes to see that nobody is at the other end.
  wait(SILENCE_MS, giveUp);
}

const isThrough = () => greeted !== undefined && socket.readyState === WebSocket.OPEN;

function wait(ms, act) {
  clearTimeout(quiet);
  quiet = setTimeout(act, ms);
}

// A network that is gone tells nobody: the only sign is that no answer comes.
function probe() {
  if (notify({ ping: 1 })) wait(SILENCE_MS, giveUp);
}

function giveUp() {
  socket.onmessage = socket.onclose = null;
  socket.close();
  reconnectLater();
}

// The wait doubles with each failure, up to a limit. A random half of it is left out, so that a server
// that comes back does not meet all at the same instant.
function reconnectLater({ code, reason } = {}) {
  clearTimeout(quiet);
  if (greeted !== undefined && performance.now() - greeted > LASTING_MS) failures = 0;
  let ms = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++) * (1 - Math.random() / 2);
  const rest = RESTS_S[code];
  isResting = rest !== undefined;
  if (isResting) {
    ms += 1000 * (rest[0] + Math.random() * (rest[1] - rest[0]));
    say(`${reason || "The server is busy."} We reconnect in some seconds.`);
  }
  greeted = undefined;
  retry = setTimeout(connect, ms);
  // The light stays red until we are through: a lamp that flickers at each attempt says less.
  showPresence("offline");
}

function lookAgain() {
  if (retry === undefined) probe();
  else if (!isResting) connect();
}

function receive(data) {
  wait(QUIET_MS, probe);
  if (data.msg) {
    if (greeted !== undefined) show(data.msg.toReversed());
    else greet(data.msg.toReversed());
  }
  if (data.new) show(data.new);
  if (data.online) showPeople(data.online, data.names ?? []);
  if (data.typing) showTyping(data.typing);
  if (data.error) {
    say(data.error);
    const post = posts.get(data.key);
    if (post) fail(post);
  }
}

function greet(history) {
  greeted = performance.now();
  showPresence("online");
  say("");
  log.ariaLive = "off"; // so that only what is new is read out
  show(history);
  setTimeout(() => (log.ariaLive = "polite"));
  introduced = "";
  introduce();
  // What is not in the history may be lost. If it is not, its key keeps it from being said twice.
  const lost = [...posts.values()].filter((post) => !post.failed);
  lost.forEach((post, n) => setTimeout(() => transmit(post), n * RESEND_MS));
}

// To a server that understands it.
function notify(word) {
  if (!isThrough() || socket.protocol !== "json-delta") return false;
  socket.send(JSON.stringify(word));
  return true;
}

// ---- What we post ----

// What the server has not shown to all yet, by key, in the order in which it ends the list.
const posts = new Map();

// The keys of what this browser has posted, in any of its tabs: a name can be anybody's.
const own = new Set(recall("localStorage", "own", []));

function submit(event) {
  event.preventDefault();
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const post = { user: name.value.trim(), text: text.value.trim(), time: Date.now(), key };
  if (!post.user) {
    hint("Please choose a name first.");
    return name.focus();
  }
  text.focus();
  if (!post.text) return hint("Please write something first.");
  if (excess() > 0) return hint("Please shorten it before you send it.");
  if (send(post)) write("");
}

// Tells whether it could be tried.
function send(post) {
  if (!isThrough()) {
    say("Not connected. Your text stays here until you can send it.");
    return false;
  }
  say("");
  typed = -TYPING_MS;
  own.add(post.key);
  keep("localStorage", "own", [...recall("localStorage", "own", []), post.key].slice(-MOST_SHOWN));
  showPost(post);
  followAgain();
  transmit(post);
  return true;
}

function transmit(post) {
  if (!isThrough() || !posts.has(post.key)) return;
  const { user, text, key } = post;
  socket.send(JSON.stringify({ user, text, key }));
  const [sentOn, time] = [socket, performance.now()];
  post.sent = time;
  setTimeout(() => {
    if (socket === sentOn && posts.get(key) === post && post.sent === time && !post.failed) giveUp();
  }, SILENCE_MS);
}

function showPost(post) {
  post.failed = false;
  post.li ??= item(post);
  posts.delete(post.key);
  posts.set(post.key, post);
  mark(post.li, "pending");
  insert(post.li, null);
  changed();
}

function fail(post) {
  post.failed = true;
  mark(post.li, "failed");
  const actions = clone("actions");
  const [again, edit] = actions.children;
  again.onclick = () => send(post) && text.focus();
  edit.onclick = () => takeBack(post);
  post.li.append(actions);
  changed();
}

// Into the input, before what is there.
function takeBack(post) {
  posts.delete(post.key);
  remove(post.li);
  changed();
  write(`${post.text}\n${text.value}`.trim());
  text.focus();
}

// ---- What we write ----

let typed = -TYPING_MS; // when we last said so

function write(words) {
  text.value = words;
  noticeWriting();
}

function noticeWriting() {
  const over = excess();
  left.textContent = over > 0 ? `${over} too many` : over >= -COUNTED_CHARACTERS ? `${-over} left` : "";
  text.ariaInvalid = String(over > 0);
}

function noticeTyping() {
  noticeWriting();
  takeHintBack();
  const isTyping = text.value.trim() !== "";
  const now = performance.now();
  if (isTyping ? now - typed < TYPING_MS : typed < 0) return;
  typed = isTyping ? now : -TYPING_MS;
  notify({ typing: isTyping });
}

// In characters, as the server counts them. (A maxlength would cut what is pasted, without a word.)
const excess = () => [...text.value.trim()].length - MOST_CHARACTERS;

// Enter sends, Shift+Enter begins a new line; an input method's Enter is its own.
function noticeKey(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (event.target === name && name.value.trim()) text.focus();
  else form.requestSubmit();
}

// ---- Who we are ----

function takeName() {
  takeHintBack();
  keep("localStorage", "name", name.value.trim());
}

let introduced = ""; // as whom, on this connection

function introduce() {
  const user = name.value.trim();
  if (user !== introduced && notify({ here: user })) introduced = user;
}

function foldName() {
  const user = name.value.trim();
  form.classList.toggle("named", user !== "");
  rename.firstElementChild.dataset.initial = initial(user);
  rename.style.setProperty("--hue", hue(user));
  rename.querySelector("span").textContent = user;
  introduce();
}

function unfoldName() {
  form.classList.remove("named");
  name.focus();
  name.select();
}

// ---- What we show ----

function showPresence(now) {
  document.body.dataset.presence = state.textContent = now;
  light.textContent = LIGHTS[now];
  if (now !== "online") {
    online.textContent = typing.textContent = "";
    people.open = false;
  }
}

const listed = (list) => new Intl.ListFormat("en").format(list);

function showPeople(count, known) {
  online.textContent = count === 1 ? "only you here" : `${count} people here`;
  const others = count - known.length;
  const words = known.map((user) => `\u2068${user}\u2069`);
  if (others > 0) words.push(`${others} without a name`);
  names.textContent = listed(words);
}

function showTyping(all) {
  const others = all.filter((user) => user !== name.value.trim()).map((user) => `\u2068${user}\u2069`);
  const who = others.length > 2 ? "Several people" : listed(others);
  typing.textContent = who && `${who} ${others.length > 1 ? "are" : "is"} typing…`;
}

// The server's messages in the list, oldest first; the history after a reconnect has most of them again.
const shown = new Set();

function show(list) {
  const fromOthers = list.filter(settle);
  while (shown.size > MOST_SHOWN) {
    shown.delete(shown.values().next().value);
    letGo(1);
  }
  changed(fromOthers.length);
  if (log.ariaLive === "polite") tellOf(fromOthers);
}

// Tells whether it is new, and somebody else's.
function settle(message) {
  // What is sent again, because nobody could tell that it had come, is said once.
  const { id, key, user, text: words, time } = message;
  const identity = JSON.stringify(key ? [key, user, words] : (id ?? [time, user, words]));
  if (shown.has(identity)) return false;
  shown.add(identity);
  const isSame = (post) => (id ? post.key === key : post.user === user && post.text === words);
  const post = [...posts.values()].find(isSame);
  const li = post?.li ?? item(message);
  if (post) {
    posts.delete(post.key);
    tell(li, message); // it stands in the list already, but the time is the server's
  }
  const isOwn = post || own.has(key) || (!id && user === name.value.trim());
  if (isOwn) mark(li, "sent");
  // Before what of ours the server has not shown yet; that goes to the very end.
  insert(li, posts.values().next().value?.li ?? null);
  return !isOwn;
}

let isHint = false;

function say(words) {
  notice.textContent = words;
  isHint = false;
}

// Until it is mended.
function hint(words) {
  say(words);
  isHint = true;
}

function takeHintBack() {
  if (isHint) say("");
}

// ---- Start ----

function keepUnsent() {
  keep("sessionStorage", "draft", text.value);
  keep("sessionStorage", "posts", [...posts.values()].map(({ li, ...post }) => post));
}

// Another tab of this browser.
function noticeStorage({ key }) {
  if (key === "own") {
    for (const known of recall("localStorage", "own", [])) own.add(known);
    markOwn(own);
  }
  if (key === "name" && document.activeElement !== name) {
    name.value = recall("localStorage", "name", "");
    foldName();
  }
}

name.value = recall("localStorage", "name", "");
foldName();
write(recall("sessionStorage", "draft", ""));
for (const post of recall("sessionStorage", "posts", [])) {
  const { failed } = post;
  showPost(post);
  if (failed) fail(post);
}
(name.value ? text : name).focus();

form.onsubmit = submit;
text.oninput = noticeTyping;
text.onkeydown = name.onkeydown = noticeKey;
name.oninput = takeName;
name.onblur = foldName;
rename.onclick = unfoldName;
addEventListener("storage", noticeStorage);
addEventListener("online", lookAgain);
addEventListener("offline", lookAgain);
document.onvisibilitychange = () => {
  if (document.hidden) return keepUnsent();
  forget();
  lookAgain();
};
document.onkeydown = ({ key }) => {
  if (key === "Escape") people.open = false;
};

connect();

// ---- What is remembered, where the browser lets us ----

export function recall(storage, key, otherwise) {
  try {
    return JSON.parse(window[storage].getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(storage, key, value) {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full: the chat works all the same.
  }
}

// ---- What tells of news: the title; a sound and a notification for those who asked for them ----

const REST_MS = 2_000; // between two sounds

const bell = document.getElementById("bell");
const title = document.title;
let missed = 0;
let isWanted = recall("localStorage", "bell", false);
let audio;
let rang = -REST_MS;

export function tellOf(messages) {
  if (!document.hidden || !messages.length) return;
  missed += messages.length;
  document.title = `(${missed}) ${title}`;
  if (isWanted) {
    ring();
    notify(messages.at(-1));
  }
}

export function forget() {
  missed = 0;
  document.title = title;
}

// Two tones, made here: nothing has to be loaded.
function ring() {
  const now = performance.now();
  if (now - rang < REST_MS) return;
  rang = now;
  audio ??= new AudioContext();
  audio.resume();
  for (const [frequency, start] of [[660, 0], [880, 0.12]]) {
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.12, audio.currentTime + start);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + start + 0.25);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + start);
    tone.stop(audio.currentTime + start + 0.25);
  }
}

// One at a time: the next takes its place. What is in a text must not turn the name around.
function notify({ user, text }) {
  if (self.Notification?.permission !== "granted") return;
  try {
    const shown = new Notification(`\u2068${user}\u2069`, { body: `\u2068${text}\u2069`, tag: "chat" });
    shown.onclick = () => focus();
  } catch {
    // Phones have them only for pages that are installed.
  }
}

function showBell() {
  bell.ariaPressed = String(isWanted);
}

bell.onclick = () => {
  isWanted = !isWanted;
  keep("localStorage", "bell", isWanted);
  showBell();
  if (!isWanted) return;
  ring();
  if (self.Notification?.permission === "default") Notification.requestPermission();
};
showBell();

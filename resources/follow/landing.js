// Holds the active server's web visualization in a frame, and moves it to the other server's at a switchover.
//
// The frame's content comes through this page's own origin, so its address can be read: it is kept in the fragment of ours
// (#/rooms/101?view=2), where it survives reloading, bookmarking and a switchover. Unless a server is active nothing is shown;
// a loss hides the page after the `hold` of the profile, so that a quick switchover does not flicker, and marks it at once.
"use strict";

const PREFIX = "/.vizclient/";
const SILENT_MS = 6000; // three times the pause between two words of the service
const place = document.getElementById("frame");
const cover = document.getElementById("cover");
const strip = document.getElementById("strip");
const said = document.body.dataset;

let frame = null; // the one that is shown; a new one for each switchover, so that nothing of the old page goes on
let shown = ""; // which server, since when
let silence = 0;
let hiding = 0;

function wanted() {
  const path = location.hash.slice(1);
  return isOurs(path) ? path : said.start;
}

function isOurs(path) {
  if (!path.startsWith("/")) return false;
  const address = new URL(path, location.origin);
  return address.origin === location.origin && !address.pathname.startsWith(PREFIX);
}

function remember() {
  if (frame === null) return;
  let at;
  try {
    at = frame.contentWindow.location;
    if (at.origin !== location.origin) return; // about:blank, before the first answer
  } catch {
    return; // it shows something of another origin
  }
  const path = at.pathname + at.search + at.hash;
  if (isOurs(path) && path !== wanted()) history.replaceState(null, "", "#" + path);
  const title = frame.contentDocument && frame.contentDocument.title;
  if (title && document.title !== title) document.title = title;
}

function lose(title, detail, hold) {
  strip.textContent = title;
  strip.className = "lost";
  cover.querySelector("h1").textContent = title;
  cover.querySelector("p").textContent = detail;
  shown = "";
  if (!hold) hide();
  else if (hiding === 0) hiding = setTimeout(hide, hold);
}

function hide() {
  clearTimeout(hiding);
  hiding = 0;
  remember();
  document.title = strip.textContent;
  if (frame !== null) frame.remove();
  frame = null;
  cover.hidden = false;
}

function show() {
  clearTimeout(hiding);
  hiding = 0;
  if (frame !== null) frame.remove();
  frame = document.createElement("iframe");
  frame.title = document.title;
  frame.allow = "fullscreen";
  // A page that puts itself at the top would put itself out of reach of a switchover.
  frame.sandbox =
    "allow-scripts allow-same-origin allow-forms allow-modals allow-downloads allow-popups " +
    "allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";
  frame.src = wanted();
  frame.addEventListener("load", remember);
  place.append(frame);
  cover.hidden = true;
}

function heard(event) {
  clearTimeout(silence);
  silence = setTimeout(silent, SILENT_MS);
  const state = JSON.parse(event.data);
  if (state.server === null) {
    lose(state.title, state.detail, state.searching ? Number(said.hold) : 0);
    return;
  }
  const time = new Date(state.since * 1000).toLocaleTimeString();
  strip.textContent = state.title.replace("{time}", time);
  strip.className = "";
  const now = state.server + " " + state.since;
  if (now !== shown) {
    remember();
    show();
    shown = now;
  }
}

function silent() {
  lose(said.silent, said.silentDetail, Number(said.hold));
}

const words = new EventSource("events");
words.addEventListener("message", heard);
words.addEventListener("error", silent); // it asks again by itself
window.addEventListener("hashchange", () => shown && show());
setInterval(remember, 500);

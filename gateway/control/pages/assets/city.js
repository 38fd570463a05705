// What several pages need; each of them works without it.
//   <button data-copy="#id" data-copied="…">   copies the text of an element
//   <time datetime="…" data-local>             shown in the reader's time zone
//   <time datetime="…" data-until>             counts down to then
"use strict";

const shown = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium", timeStyle: "short",
});

function brush(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    time.title = time.textContent;
    time.textContent = shown.format(new Date(time.dateTime));
    time.removeAttribute("data-local");
  }
  for (const wide of root.querySelectorAll(".table, pre")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0; // to be scrolled by keyboard
  }
  for (const button of root.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
}

function countDown() {
  for (const time of document.querySelectorAll("time[data-until]")) {
    const left = Math.max(0, Math.floor((new Date(time.dateTime) - Date.now()) / 1000));
    const parts = [left / 3600, (left % 3600) / 60, left % 60].map(Math.floor);
    time.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).innerText);
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 1500);
});

brush(document);
document.addEventListener("htmx:load", (event) => brush(event.detail.elt));
countDown();
setInterval(countDown, 1000);

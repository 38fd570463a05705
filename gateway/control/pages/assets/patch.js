// Brings a part of the page up to date without taking it from under anybody's hands: what is alike
// stays the same node, so that focus, scrolling and what was opened stay too.
"use strict";

function patchNode(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  patchChildren(old, fresh);
}

function patchChildren(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, place) => {
    const there = before[place];
    if (!there) old.append(node);
    else if (there.nodeName !== node.nodeName) there.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) patchNode(there, node);
    else if (there.data !== node.data) there.data = node.data;
  });
  before.slice(after.length).forEach((node) => node.remove());
}

function patch(element, html) {
  const held = element.contains(document.activeElement) ? document.activeElement.id : "";
  const made = document.createElement("template");
  made.innerHTML = html;
  patchChildren(element, made.content);
  // a row may have moved to another place: the focus goes with it
  if (held && document.activeElement?.id !== held) {
    document.getElementById(held)?.focus({ preventScroll: true });
  }
}

// what htmx is told by Server-Sent Events
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  if (event.target.getAttribute("sse-swap") === "over") return;
  event.preventDefault();
  patch(event.target, event.detail.data);
});

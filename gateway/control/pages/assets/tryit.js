// Trying an operation out. The token is in the page's field alone: never in storage, never in a
// cookie. What comes back is shown as text.
"use strict";

const MOST = 200_000;
const place = document.querySelector("#try-it");
const find = (name) => place.querySelector(`[data-${name}]`);
let running;

function question() {
  let path = place.dataset.path;
  const query = new URLSearchParams();
  const headers = new Headers({ accept: "application/json, */*;q=0.5" });
  for (const input of place.querySelectorAll("[data-place]")) {
    const { place: where, name } = input.dataset;
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(input.value));
    if (!input.value) continue;
    if (where === "query") query.append(name, input.value);
    if (where === "header") headers.set(name, input.value);
  }
  const token = find("token")?.value.trim();
  if (token) headers.set("authorization", `Bearer ${token}`);
  const body = find("body")?.value;
  if (body) headers.set("content-type", "application/json");
  const asked = query.toString();
  return [path + (asked && `?${asked}`), {
    method: place.dataset.method, headers, body: body || undefined,
    credentials: "omit", redirect: "manual", cache: "no-store", signal: running.signal,
  }];
}

async function show(answer, began) {
  const good = answer.status < 400;
  find("status").className = `badge ${good ? "good" : "bad"}`;
  find("status").textContent = `${answer.status || "3xx"} ${answer.statusText}`;
  find("took").textContent = `${Math.round(performance.now() - began)} ${place.dataset.milliseconds}`;
  find("fields").textContent = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part; reader && !(part = await reader.read()).done && text.length < MOST;) {
    text += part.value;
    find("content").textContent = text;
  }
  find("content").textContent = pretty(text);
  if (text.length >= MOST) {
    running.abort();
    find("content").textContent += `\n\n${place.dataset.cut}`;
  }
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

async function send(event) {
  event.preventDefault();
  running?.abort();
  running = new AbortController();
  find("answer").hidden = false;
  find("content").textContent = "";
  find("stop").hidden = false;
  const began = performance.now();
  try {
    await show(await fetch(...question()), began);
  } catch (error) {
    if (error.name !== "AbortError") {
      find("status").className = "badge bad";
      find("status").textContent = place.dataset.failed;
      find("took").textContent = error.message;
    }
  }
  find("stop").hidden = true;
}

async function fetchToken(event) {
  event.preventDefault();
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (find("scope").value) form.set("scope", find("scope").value);
  const pair = [find("client").value.trim(), find("secret").value].map(encodeURIComponent).join(":");
  const answer = await fetch("/oauth/token", {
    method: "POST", body: form, credentials: "omit", headers: { authorization: `Basic ${btoa(pair)}` },
  });
  const said = await answer.json().catch(() => ({}));
  find("token").value = said.access_token ?? "";
  find("token-status").textContent = said.access_token
    ? place.dataset.got : said.error_description ?? said.error ?? String(answer.status);
}

place.hidden = false;
find("try").addEventListener("submit", send);
find("fetch-token")?.addEventListener("submit", fetchToken);
find("stop").addEventListener("click", () => running.abort());

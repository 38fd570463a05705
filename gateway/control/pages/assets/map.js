// The moving map: an island beside the list, which is there without it. The library is loaded once
// the page has been painted. What moves comes by the page's own stream: events "things" and "list".
// Whoever wants to follow what is drawn listens for "drawn" on #map: its detail is the vehicles.
"use strict";

const place = document.getElementById("map");
const list = document.getElementById("map-list");
const language = document.documentElement.lang === "en" ? "en" : "ja";
const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const GLIDE = 900; // milliseconds, a little less than the pace of the stream

const things = new Map();
const glides = new Map(); // id → {from, to, began}
const markers = new Map();
let map = null;
let colors = {};
let popup = null;

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// ---- the stream

const stream = new EventSource(place.dataset.events);
stream.addEventListener("things", (event) => take(JSON.parse(event.data)));
stream.addEventListener("list", (event) => patch(list, event.data)); // patch.js
stream.addEventListener("over", (event) => {
  stream.close(); // the session has ended: do not come back
  document.getElementById("map-over").innerHTML = event.data;
});

function take(told) {
  document.getElementById("map-stale").hidden = !told.stale;
  if (told.all) {
    const there = new Set(told.things.map((thing) => thing.id));
    told.gone = [...things.keys()].filter((id) => !there.has(id));
  }
  for (const id of told.gone) {
    things.delete(id);
    glides.delete(id);
  }
  for (const thing of told.things) {
    const before = things.get(thing.id);
    if (before && thing.kind === "vehicle" && !still.matches) {
      glides.set(thing.id, { from: where(before), to: thing.at, began: performance.now() });
    }
    things.set(thing.id, thing);
  }
  if (map) draw();
}

// ---- where things are at this moment

function where(thing) {
  const glide = glides.get(thing.id);
  if (!glide) return thing.at;
  const done = Math.min(1, (performance.now() - glide.began) / GLIDE);
  if (done === 1) glides.delete(thing.id);
  return glide.from.map((start, axis) => start + (glide.to[axis] - start) * done);
}

const feature = (thing, geometry) => ({
  type: "Feature",
  geometry,
  properties: {
    id: thing.id, kind: thing.kind, heading: thing.heading ?? 0,
    color: colors[thing.route] || token("--accent"),
  },
});

const collection = (features) => ({ type: "FeatureCollection", features });

function vehicles() {
  const found = [...things.values()].filter((thing) => thing.kind === "vehicle");
  return collection(found.map((one) => feature(one, { type: "Point", coordinates: where(one) })));
}

function areas() {
  const found = [...things.values()].filter((thing) => thing.geometry);
  return collection(found.map((one) => feature(one, one.geometry)));
}

let drawing = 0;
function draw() {
  map.getSource("areas")?.setData(areas());
  mark();
  place.dispatchEvent(new CustomEvent("drawn", { detail: vehicles() }));
  cancelAnimationFrame(drawing);
  glide();
}

function glide() {
  map.getSource("vehicles")?.setData(vehicles());
  if (glides.size) drawing = requestAnimationFrame(glide);
}

// ---- shelters and alerts: marks of the page itself, by shape as well as by colour

function mark() {
  for (const [id, one] of markers) {
    if (!things.has(id)) {
      one.remove();
      markers.delete(id);
    }
  }
  for (const thing of things.values()) {
    const at = thing.kind === "shelter" ? thing.at : thing.geometry && middle(thing.geometry);
    if (!at) continue;
    let one = markers.get(thing.id);
    if (!one) {
      const element = document.createElement("span");
      element.dataset.id = thing.id;
      element.setAttribute("aria-hidden", "true"); // the list says it
      element.addEventListener("click", (event) => {
        event.stopPropagation();
        say(things.get(thing.id));
      });
      one = new maplibregl.Marker({ element }).setLngLat(at).addTo(map);
      markers.set(thing.id, one);
    }
    one.setLngLat(at);
    (thing.kind === "shelter" ? shelterMark : alertMark)(one.getElement(), thing);
  }
}

function shelterMark(element, thing) {
  const share = thing.capacity ? Math.min(1, (thing.occupants ?? 0) / thing.capacity) : 0;
  const level = Math.ceil(share * 5);
  element.classList.add("shelter-mark");
  element.classList.toggle("is-closed", thing.open !== true);
  element.classList.toggle("is-full", thing.open === true && share >= 0.9);
  element.dataset.occupants = thing.occupants ?? "";
  if (!element.firstChild) element.append(document.createElement("span"));
  element.firstChild.className = `level l${level}`;
}

function alertMark(element, thing) {
  element.classList.add("alert-mark");
  element.classList.toggle("is-drill", thing.kind === "drill");
  element.textContent = "!";
}

const positions = (part) => (typeof part[0] === "number" ? [part] : part.flatMap(positions));

function middle(geometry) {
  const all = positions(geometry.coordinates);
  return [0, 1].map((axis) => {
    const along = all.map((position) => position[axis]);
    return (Math.min(...along) + Math.max(...along)) / 2;
  });
}

// ---- words about one thing

function words(thing) {
  if (thing.kind === "shelter") {
    const { open, closed, unknown, of } = place.dataset;
    const state = thing.open === true ? open : thing.open === false ? closed : unknown;
    if (thing.occupants === null) return state;
    const people = of.replace("{}", thing.occupants).replace("{}", thing.capacity ?? "?");
    return `${state}, ${people}`;
  }
  if (thing.kind === "vehicle") return thing.route;
  return thing.kind === "drill" ? place.dataset.drill : "";
}

function say(thing) {
  if (!thing || !map) return;
  const at = thing.at ? where(thing) : middle(thing.geometry);
  const text = document.createElement("div");
  for (const line of [thing.name[language], words(thing)]) {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    text.append(paragraph);
  }
  popup?.remove();
  popup = new maplibregl.Popup({ offset: 14 }).setLngLat(at).setDOMContent(text).addTo(map);
}

list.addEventListener("click", (event) => {
  const thing = things.get(event.target.closest?.("[data-show]")?.dataset.show);
  if (!thing || !map) return;
  const center = thing.at ?? middle(thing.geometry);
  map[still.matches ? "jumpTo" : "easeTo"]({ center, zoom: Math.max(map.getZoom(), 14) });
  say(thing);
  place.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
});

// ---- the map itself

function style(base) {
  const of = (kind) => ["==", ["get", "kind"], kind];
  const layer = (id, type, kind, paint, layout = {}) =>
    ({ id, type, source: "base", filter: of(kind), paint, layout });
  return {
    version: 8,
    sources: {
      base: { type: "geojson", data: base, attribution: place.dataset.source },
      areas: { type: "geojson", data: areas() },
      vehicles: { type: "geojson", data: vehicles() },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": token("--inset") } },
      layer("boundary", "fill", "boundary", { "fill-color": token("--paper") }),
      layer("water", "fill", "water", { "fill-color": dark.matches ? "#1d3a55" : "#bcdcf2" }),
      layer("park", "fill", "park", { "fill-color": dark.matches ? "#1c3324" : "#d5ebd3" }),
      layer("road", "line", "road", { "line-color": token("--line"), "line-width": 4 }),
      layer("rail", "line", "rail",
        { "line-color": token("--edge"), "line-width": 2, "line-dasharray": [4, 2] }),
      layer("edge", "line", "boundary",
        { "line-color": token("--edge"), "line-width": 1.5, "line-dasharray": [3, 2] }),
      layer("route", "line", "route", {
        "line-color": ["case", ["==", ["get", "color"], ""], token("--accent"), ["get", "color"]],
        "line-width": 3, "line-opacity": 0.65,
      }, { "line-cap": "round", "line-join": "round" }),
      { id: "areas", type: "fill", source: "areas",
        paint: { "fill-color": token("--bad"), "fill-opacity": 0.18 } },
      { id: "area-edges", type: "line", source: "areas",
        paint: { "line-color": token("--bad"), "line-width": 2, "line-dasharray": [2, 1] } },
      { id: "vehicles", type: "symbol", source: "vehicles",
        layout: {
          "icon-image": "arrow", "icon-rotate": ["get", "heading"], "icon-size": 0.5,
          "icon-rotation-alignment": "map", "icon-allow-overlap": true,
        },
        paint: {
          "icon-color": ["get", "color"], "icon-halo-color": token("--paper"), "icon-halo-width": 1.5,
        } },
    ],
  };
}

function arrow() {
  const size = 48;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = canvas.getContext("2d");
  pen.beginPath();
  for (const [x, y] of [[24, 4], [40, 42], [24, 33], [8, 42]]) pen.lineTo(x, y);
  pen.closePath();
  pen.fill();
  return pen.getImageData(0, 0, size, size);
}

function load(tag, attributes) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    document.head.append(element);
  });
}

async function begin() {
  const { library, worker, style: sheet, base: address } = place.dataset;
  const [answer] = await Promise.all([
    fetch(address),
    load("script", { src: library }),
    load("link", { rel: "stylesheet", href: sheet }),
  ]);
  const base = await answer.json();
  for (const one of base.features) {
    if (one.properties.kind === "route") colors[one.properties.route] = one.properties.color;
  }
  maplibregl.setWorkerUrl(worker);
  const made = new maplibregl.Map({
    container: place, style: style(base), bounds: base.bbox, fitBoundsOptions: { padding: 24 },
    attributionControl: { compact: false }, dragRotate: false, pitchWithRotate: false,
    fadeDuration: still.matches ? 0 : 300,
  });
  made.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  made.on("styleimagemissing", () => made.addImage("arrow", arrow(), { sdf: true }));
  made.on("click", "vehicles", (event) => say(things.get(event.features[0].properties.id)));
  made.on("load", () => {
    map = made;
    document.getElementById("map-word").remove();
    document.body.classList.add("has-map");
    place.dataset.ready = "true";
    draw();
  });
  dark.addEventListener("change", () => made.setStyle(style(base)));
}

function failed(error) {
  console.info("no map:", error);
  const word = document.getElementById("map-word");
  if (word) word.textContent = word.dataset.failed;
}

const painted = new Promise((resolve) => {
  new PerformanceObserver(resolve).observe({ type: "paint", buffered: true });
  setTimeout(resolve, 3000); // a page in the background is not painted
});
painted.then(begin).catch(failed);

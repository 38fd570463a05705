// What a page is asked from inside it; looking.py evaluates this and calls `look`.
const CONTROLS =
  "a[href], button:not([disabled]), input:not([disabled]):not([type=hidden])," +
  "select:not([disabled]), textarea:not([disabled]), summary, [tabindex='0']";

const named = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 120);

const shown = (element) =>
  element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) &&
  element.getClientRects().length > 0;

// of radio buttons with one name Tab reaches one
const firstOfItsName = (element) =>
  element.type !== "radio" ||
  element.checked ||
  !element.closest("form")?.querySelector(`input[name="${element.name}"]:checked`);

const controls = () =>
  [...document.querySelectorAll(CONTROLS)].filter((one) => shown(one) && firstOfItsName(one));

const marked = (element) => {
  const style = getComputedStyle(element);
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return element.matches(":focus-visible") && (outline || style.boxShadow !== "none");
};

globalThis.look = {
  reached: new Map(),

  // Milliseconds to the first contentful paint.
  painted: () =>
    new Promise((done) => {
      new PerformanceObserver((list, observer) => {
        const found = list.getEntriesByName("first-contentful-paint")[0];
        if (found) {
          observer.disconnect();
          done(found.startTime);
        }
      }).observe({ type: "paint", buffered: true });
    }),

  // What was sent: the document and all that it loaded, cached or not.
  sent: () =>
    ["navigation", "resource"]
      .flatMap((kind) => performance.getEntriesByType(kind))
      .map((one) => ({ url: one.name, bytes: one.encodedBodySize, at: one.startTime })),

  // Elements that reach beyond the right edge.
  sideways: () => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll("*")]
      .filter((one) => shown(one) && one.getBoundingClientRect().right > width + 1)
      .map(named)
      .slice(-3);
  },

  judged: async (rules) => {
    const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
    const options = { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } };
    const { violations } = await axe.run(document, rules ? only : options);
    return violations
      .filter((one) => one.impact === "serious" || one.impact === "critical")
      .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120) + " " + (node.any[0]?.message ?? "")).join(" | ")}`);
  },

  // Said once of a document: what it is called, and in which language.
  said: () => ({
    language: document.documentElement.lang,
    title: document.title,
    headings: document.querySelectorAll("h1").length,
    skips: look.skips(),
  }),

  // Where there is navigation, the first control leads past it.
  skips: () => {
    if (!document.querySelector("nav")) return true;
    const first = controls()[0];
    const target = first?.getAttribute("href") ?? "";
    return target.startsWith("#") && document.querySelector(target)?.querySelector("h1") != null;
  },

  // Begin to note what the keyboard reaches; how many controls there are.
  watch: () => {
    document.addEventListener("focusin", ({ target }) => look.reached.set(target, marked(target)));
    document.activeElement?.blur();
    // a date is as many stops as it has parts, and its picker
    return controls().reduce((stops, one) => stops + (/^(date|time)/.test(one.type) ? 9 : 1), 0);
  },

  missed: () =>
    controls()
      .filter((one) => !look.reached.get(one))
      .map((one) => `${look.reached.has(one) ? "no visible focus" : "not by Tab"}: ${named(one)}`),
};

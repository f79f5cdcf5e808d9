"use strict";
// Flags anew at another tolerance or of other kinds, as Report.flags does: all that it needs is in the page.
(() => {
  const element = (id) => document.getElementById(id);
  const slider = element("tolerance");
  const sum = element("sum");
  const steps = Array.from(document.querySelectorAll("#steps option"), (option) => ({
    threshold: Number(option.dataset.threshold),
    told: option.label,
  }));
  const marks = Object.fromEntries(Array.from(document.querySelectorAll(".map a"), (link) => [link.getAttribute("href").slice(1), link]));
  const edges = Object.fromEntries(Array.from(document.querySelectorAll(".alike path"), (edge) => [edge.dataset.row, edge]));
  const rows = Array.from(document.querySelectorAll(".row[data-score]"), (row) => ({
    row,
    score: Number(row.dataset.score),
    kind: row.dataset.kind,
    mark: marks[row.id],
    edge: edges[row.id],
    label: row.querySelector(".label"),
    note: row.querySelector(".note"),
  }));
  const ranked = [...rows].sort((one, other) => other.score - one.score);
  const list = element("list");
  const asked = Array.from(document.querySelectorAll("[name=kind]"));

  // What a row has that is told of: that it is flagged, or why it nearly is.
  const access = (id, flagged, unsure) => ({
    tabindex: flagged || unsure ? 0 : null,
    role: flagged || unsure ? "group" : null,
    "aria-labelledby": flagged ? `${id}-kind` : null,
    "aria-label": unsure && !flagged ? "Not flagged" : null,
    "aria-describedby": flagged || unsure ? `${id}-why` : null,
  });
  const made = (tag, properties, ...children) => {
    const one = Object.assign(document.createElement(tag), properties);
    one.append(...children);
    return one;
  };
  const beginning = (text) => {
    const shown = text.replace(/[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, "");
    const line = shown.replace(/[\s\ufeff]+/g, " ").replace(/^ | $/g, "");
    const most = Number(list.dataset.beginning);
    const characters = Array.from(line.slice(0, 2 * most + 2)); // one may take two places
    return characters.length > most ? `${characters.slice(0, most - 1).join("").replace(/ $/, "")}…` : line;
  };
  const line = (each) => {
    if (each.line) return each.line;
    const { row, kind } = each;
    const words = made("span", { lang: "", dir: "auto" }, beginning(row.querySelector("p").textContent));
    const score = made("span", {}, row.querySelector(".score").textContent);
    const className = `${kind} ${row.classList[2]}`; // how strong its mark is
    each.line = made("li", {}, made("a", { href: `#${row.id}`, className }, score, " ", made("b", {}, kind), " ", words));
    return each.line;
  };
  // Links to what is flagged, the strongest first, as Python makes them for a reader without scripts.
  const show = (flagged) => {
    const listed = Number(list.dataset.listed);
    const shown = flagged.length > listed + 1 ? listed : flagged.length;
    const [first, others] = list.querySelectorAll("ol");
    const more = list.querySelector("details");
    first.replaceChildren(...flagged.slice(0, shown).map(line));
    others.replaceChildren(...flagged.slice(shown).map(line));
    more.querySelector("summary").textContent = `and ${flagged.length - shown} more`;
    more.hidden = flagged.length === shown;
    list.hidden = !flagged.length;
  };
  // How many more or fewer are flagged at the nearest tolerance where it is not as many.
  const change = (counts, step, way) => {
    let at = step;
    while (counts[at] === counts[step]) at += way;
    if (counts[at] === undefined) return "";
    return ` At ${steps[at].told.split(",")[0]}: ${Math.abs(counts[at] - counts[step])} ${way > 0 ? "more" : "fewer"}.`;
  };
  const flag = () => {
    const step = Number(slider.value);
    const { threshold, told } = steps[step];
    const kinds = asked.filter((box) => box.checked).map((box) => box.value);
    const count = {};
    for (const each of rows) {
      const { row, score, kind, mark, edge, label, note } = each;
      const flagged = score > threshold && kinds.includes(kind);
      const unsure = "unsure" in note.dataset;
      each.flagged = flagged;
      if (flagged) count[kind] = (count[kind] || 0) + 1;
      row.classList.toggle("flagged", flagged);
      for (const [name, value] of Object.entries(access(row.id, flagged, unsure))) {
        if (value === null) row.removeAttribute(name);
        else row.setAttribute(name, value);
      }
      label.hidden = !flagged;
      note.hidden = !flagged && !unsure;
      for (const drawn of [mark, edge]) if (drawn) drawn.classList.toggle("flagged", flagged);
      if (mark) mark.setAttribute("tabindex", flagged ? 0 : -1);
    }
    const total = Object.values(count).reduce((one, other) => one + other, 0);
    const each = asked.filter((box) => count[box.value]).map((box) => `${count[box.value]} ${box.value}`);
    const sentence = `${total} of ${sum.dataset.of} flagged${each.length ? `: ${each.join(", ")}` : ""}.`;
    if (sum.textContent !== sentence) sum.textContent = sentence; // told aloud only if it has changed
    show(ranked.filter(({ flagged }) => flagged));
    element("hint").hidden = !total;
    element("told").textContent = told;
    const wanted = rows.filter(({ kind }) => kinds.includes(kind));
    const counts = steps.map(({ threshold: other }) => wanted.filter(({ score }) => score > other).length);
    element("next").textContent = `${total} flagged above ${threshold.toFixed(2)}.${change(counts, step, -1)}${change(counts, step, 1)}`;
    if (element("bound")) element("bound").setAttribute("y", 100 - 100 * threshold);
    slider.setAttribute("aria-valuetext", told);
    element("level").setAttribute("x", 100 * threshold - 1);
  };

  if (!slider) return; // there is no paragraph
  document.querySelectorAll(".scripted").forEach((each) => (each.hidden = false));
  const outcome = document.querySelector(".outcome");
  // The list above the slider grows and shrinks, and the slider is to stay where the pointer has it.
  const steadily = (act) => {
    const before = slider.getBoundingClientRect().top;
    act();
    scrollBy(0, slider.getBoundingClientRect().top - before);
  };
  slider.addEventListener("input", () => steadily(flag));
  // Who moves it by the keyboard keeps its keys; after the pointer the page gets them back: Page Down scrolls.
  let pointed = false;
  slider.addEventListener("pointerdown", () => {
    pointed = true;
    outcome.style.minHeight = `${outcome.offsetHeight}px`;
  });
  for (const lifted of ["pointerup", "pointercancel", "click"]) {
    document.addEventListener(lifted, () => {
      if (pointed) {
        slider.blur();
        steadily(() => (outcome.style.minHeight = ""));
      }
      if (lifted === "click") pointed = false;
    });
  }
  asked.forEach((box) => box.addEventListener("change", () => steadily(flag)));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") rows.forEach(({ row }) => row.classList.toggle("dismissed", row.matches(":hover, :focus")));
  });
  for (const { row } of rows) {
    for (const left of ["mouseleave", "blur"]) row.addEventListener(left, () => row.classList.remove("dismissed"));
  }
  flag();
})();

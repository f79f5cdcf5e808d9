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
    shown: row.querySelectorAll(".label, .note"),
  }));
  const asked = Array.from(document.querySelectorAll("[name=kind]"));

  const access = (id) => ({ tabindex: 0, role: "group", "aria-labelledby": `${id}-kind`, "aria-describedby": `${id}-why` });
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
    for (const { row, score, kind, mark, edge, shown } of rows) {
      const flagged = score > threshold && kinds.includes(kind);
      if (flagged) count[kind] = (count[kind] || 0) + 1;
      row.classList.toggle("flagged", flagged);
      for (const [name, value] of Object.entries(access(row.id))) {
        if (flagged) row.setAttribute(name, value);
        else row.removeAttribute(name);
      }
      shown.forEach((each) => (each.hidden = !flagged));
      for (const drawn of [mark, edge]) if (drawn) drawn.classList.toggle("flagged", flagged);
      if (mark) mark.setAttribute("tabindex", flagged ? 0 : -1);
    }
    const total = Object.values(count).reduce((one, other) => one + other, 0);
    const each = asked.filter((box) => count[box.value]).map((box) => `${count[box.value]} ${box.value}`);
    const sentence = `${total} of ${sum.dataset.of} flagged${each.length ? `: ${each.join(", ")}` : ""}.`;
    if (sum.textContent !== sentence) sum.textContent = sentence; // told aloud only if it has changed
    element("hint").hidden = !total;
    element("told").textContent = told;
    const wanted = rows.filter(({ kind }) => kinds.includes(kind));
    const counts = steps.map(({ threshold: other }) => wanted.filter(({ score }) => score > other).length);
    element("next").textContent = `Flagged above ${threshold.toFixed(2)}.${change(counts, step, -1)}${change(counts, step, 1)}`;
    if (element("bound")) element("bound").setAttribute("y", 100 - 100 * threshold);
    slider.setAttribute("aria-valuetext", told);
    element("level").setAttribute("x", 100 * threshold - 1);
  };

  if (!slider) return; // there is no paragraph
  document.querySelectorAll(".scripted").forEach((each) => (each.hidden = false));
  slider.addEventListener("input", flag);
  // Who moves it by the keyboard keeps its keys; after the pointer the page gets them back: Page Down scrolls.
  let pointed = false;
  slider.addEventListener("pointerdown", () => (pointed = true));
  for (const lifted of ["pointerup", "pointercancel", "click"]) {
    document.addEventListener(lifted, () => {
      if (pointed) slider.blur();
      if (lifted === "click") pointed = false;
    });
  }
  asked.forEach((box) => box.addEventListener("change", flag));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") rows.forEach(({ row }) => row.classList.toggle("dismissed", row.matches(":hover, :focus")));
  });
  for (const { row } of rows) {
    for (const left of ["mouseleave", "blur"]) row.addEventListener(left, () => row.classList.remove("dismissed"));
  }
  flag();
})();

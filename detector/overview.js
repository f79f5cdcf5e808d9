"use strict";
// The table of articles, and an article in its place. Articles lie packed in the page and are unpacked when they are asked for;
// which one is open stands in the address, as #a12 or, at a paragraph, #a12p7.
(() => {
  const ROWS = 500; // of the table at first: a browser takes a second for 5,000
  const KINDS = ["foreign", "furniture"];
  const title = document.title;
  const element = (id) => document.getElementById(id);
  const digits = new Intl.NumberFormat("en-GB");
  const letters = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const counted = (count, thing) => `${digits.format(count)} ${thing}${count === 1 ? "" : "s"}`;
  const tell = (id, text) => {
    if (element(id).textContent !== text) element(id).textContent = text; // told aloud only if it has changed
  };
  const make = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const words = (tag, text, properties) => make(tag, { lang: "", dir: "auto", ...properties }, text);
  const unpacked = async (packed) => {
    const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(stream).text());
  };

  // --- the table ------------------------------------------------------------------------------------------------------------

  let rows = []; // as they are sorted
  let hits = []; // those of them that are searched for
  let shown = ROWS;
  let sorting = { by: "highest", rising: false };

  const read = (fields, rank) => {
    const [number, name, heading, titled, paragraphs, foreign, furniture, share, highest, status, level, block, place] = fields;
    const row = { number, name, heading, titled, paragraphs, foreign, furniture, share, highest, status, level, block, place, rank };
    row.flagged = foreign + furniture;
    row.kinds = KINDS.filter((kind) => row[kind]);
    row.words = [name, heading, status, status.replaceAll("_", " "), ...row.kinds].join("\n").toLowerCase();
    return row;
  };
  const line = (row) => {
    if (row.line) return row.line;
    const cell = (name, ...children) => {
      const made = make("td", { className: name }, ...children);
      made.setAttribute("role", "cell");
      return made;
    };
    const link = words("a", row.heading || row.name, { href: `#a${row.number}`, className: row.titled ? "" : "untitled" });
    row.line = make(
      "tr",
      {},
      cell("heading", link, words("span", row.heading ? row.name : "")),
      cell("paragraphs", digits.format(row.paragraphs)),
      cell("flagged", ...row.kinds.map((kind) => make("span", { className: kind }, `${digits.format(row[kind])} ${kind}`))),
      cell("share", row.flagged ? `${(100 * row.share).toFixed(1)} %` : ""),
      cell("highest", row.paragraphs ? row.highest.toFixed(3) : ""),
      cell("status", row.status.replaceAll("_", " ")),
    );
    row.line.setAttribute("role", "row");
    return row.line;
  };
  const show = (count) => {
    shown = count;
    element("rows").replaceChildren(...hits.slice(0, shown).map(line));
    element("more").hidden = hits.length <= shown;
    element("more").textContent = `Show all ${digits.format(hits.length)}`;
  };
  const search = () => {
    const wanted = element("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    hits = rows.filter((row) => wanted.every((word) => row.words.includes(word)));
    tell("hits", `${wanted.length ? `${digits.format(hits.length)} of ` : ""}${counted(rows.length, "article")}`);
    show(ROWS);
  };
  const sort = () => {
    const { by, rising } = sorting;
    const named = { heading: (row) => row.heading || row.name, status: (row) => row.status }[by];
    const compare = named ? (one, other) => letters.compare(named(one), named(other)) : (one, other) => one[by] - other[by];
    rows.sort((one, other) => (rising ? compare(one, other) : compare(other, one)) || one.rank - other.rank);
    for (const button of document.querySelectorAll("[data-by]")) {
      const state = button.dataset.by !== by ? "none" : rising ? "ascending" : "descending";
      button.closest("th").setAttribute("aria-sort", state);
    }
  };

  // --- an article -----------------------------------------------------------------------------------------------------------

  let index = {}; // what is told of statuses and of kinds
  let unpackedLast = { block: -1, articles: [] };
  let list = null; // what the article was opened from: the table, or a list of flags
  let trail = []; // the addresses that are in it, among which "Next" goes on
  let address = ""; // of the article that is open, or was last
  let asked = 0; // of two articles asked for in haste the last is shown
  let left = null; // how far the overview was scrolled when it was left; null while it is in sight
  let behind = false; // whether the browser's "Back" leads to the overview

  const drawn = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const strength = (score) => (score >= 0.8 ? "strong" : score >= 0.5 ? "fair" : score >= 0.2 ? "weak" : "faint");
  const likely = (score) => {
    if (score >= 0.005 && score < 0.995) return `${Math.round(100 * score)} % likely`;
    return score > 0.5 ? "over 99 % likely" : "under 1 % likely";
  };
  const paragraph = ([place, text, score, kind, reason]) => {
    const id = `p${place + 1}`;
    const bar = drawn(
      "svg",
      { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
      drawn("rect", { width: 100 * score, height: 6 }),
      drawn("use", { href: "#level" }),
    );
    const body = make("div", { className: "body" }, words("p", text));
    const row = make("div", { id, className: "row", tabIndex: -1 }, make("div", { className: "score" }, bar, score.toFixed(2)), body);
    if (!kind) return row;
    body.prepend(make("div", { className: "label", id: `${id}-kind` }, make("b", {}, kind), `, ${likely(score)}: ${index.meant[kind]}`));
    body.append(make("div", { className: "note", id: `${id}-why` }, reason));
    row.className = `row flagged ${kind} ${strength(score)}`;
    row.tabIndex = 0;
    const access = { role: "group", "aria-labelledby": `${id}-kind`, "aria-describedby": `${id}-why` };
    for (const [name, value] of Object.entries(access)) row.setAttribute(name, value);
    for (const event of ["mouseleave", "blur"]) row.addEventListener(event, () => row.classList.remove("dismissed"));
    return row;
  };
  const paragraphs = (row, held) => {
    const made = [];
    let next = 0;
    for (const each of [...held, [row.paragraphs]]) {
      if (each[0] > next) made.push(make("p", { className: "gap" }, `${counted(each[0] - next, "paragraph")} not kept in this page`));
      if (each.length > 1) made.push(paragraph(each));
      next = each[0] + 1;
    }
    return made;
  };
  const follow = (within) => {
    list = within;
    trail = within.id === "articles" ? hits.map((row) => `#a${row.number}`) : Array.from(within.querySelectorAll("ol a"), (link) => link.hash);
  };
  const turn = (row) => {
    if (!trail.includes(address)) {
      follow(element("articles"));
      address = `#a${row.number}`;
    }
    const at = trail.indexOf(address);
    for (const [id, to] of [["before", trail[at - 1]], ["after", trail[at + 1]]]) {
      element(id).hidden = at < 0 || !to;
      if (to) element(id).href = to;
    }
    element("at").textContent = at < 0 ? "" : `${digits.format(at + 1)} of ${digits.format(trail.length)}`;
    element("list").textContent = at < 0 ? "" : list.dataset.told;
  };
  const open = async (row, place) => {
    const ours = ++asked;
    if (row.block >= 0 && unpackedLast.block !== row.block) {
      const articles = await unpacked(document.querySelectorAll(".block")[row.block]);
      if (ours !== asked) return;
      unpackedLast = { block: row.block, articles };
    }
    if (left === null) left = scrollY;
    turn(row);
    document.title = `${row.heading || row.name} – ${title}`;
    element("heading").textContent = row.titled ? row.heading : "Article without a title";
    element("heading").className = row.titled ? "" : "untitled";
    element("name").textContent = row.name;
    const kinds = row.kinds.map((kind) => `${digits.format(row[kind])} ${kind}`).join(", ");
    element("sum").textContent = `${digits.format(row.flagged)} of ${counted(row.paragraphs, "paragraph")} flagged${kinds && `: ${kinds}`}.`;
    for (const help of element("article").querySelectorAll(".hint, .choices")) help.hidden = !row.flagged;
    element("status").textContent = row.status === "ok" ? "" : index.statuses[row.status];
    element("level").setAttribute("x", 100 * row.level - 1);
    element("paragraphs").replaceChildren(...paragraphs(row, row.block < 0 ? [] : unpackedLast.articles[row.place]));
    element("overview").hidden = true;
    element("article").hidden = false;
    const target = element(`p${place}`);
    if (target) target.scrollIntoView({ block: "center" });
    else scrollTo(0, 0);
    (target || element("heading")).focus({ preventScroll: true });
  };
  const close = () => {
    asked++;
    if (left === null) return;
    document.title = title;
    element("article").hidden = true;
    element("overview").hidden = false;
    scrollTo(0, left);
    left = null;
    if (!trail.includes(address)) return;
    if (list.id === "articles" && trail.indexOf(address) >= shown) show(hits.length);
    const link = list.querySelector(`a[href="${address}"]`);
    const folded = link.closest("details");
    if (folded) folded.open = true;
    link.focus({ preventScroll: true });
    const { top, bottom } = link.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) link.scrollIntoView({ block: "center" });
  };
  const route = (event) => {
    const [, number, place] = /^#a(\d+)(?:p(\d+))?$/.exec(location.hash) || [];
    const row = rows.find((each) => each.number === Number(number));
    if (!row) return close();
    if (left === null) behind = Boolean(event);
    address = location.hash;
    return open(row, place);
  };

  // --- what is done to it ---------------------------------------------------------------------------------------------------

  const start = async () => {
    index = await unpacked(element("index"));
    rows = index.rows.map(read);
    sort();
    search();
    for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
    history.scrollRestoration = "manual";
    element("search").addEventListener("input", search);
    element("more").addEventListener("click", () => {
      const first = shown;
      show(hits.length);
      hits[first].line.querySelector("a").focus();
    });
    for (const button of document.querySelectorAll("[data-by]")) {
      button.addEventListener("click", () => {
        const { by } = button.dataset;
        sorting = { by, rising: by === sorting.by ? !sorting.rising : ["heading", "status"].includes(by) };
        sort();
        search();
      });
    }
    element("overview").addEventListener("click", ({ target }) => {
      const within = target.closest("a") && target.closest("[data-told]");
      if (within) follow(within);
    });
    element("article").addEventListener("click", (event) => {
      const link = event.target.closest(".way a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      // One step back leads to the overview, however many articles were leafed through.
      if (link.id !== "back") location.replace(link.hash);
      else if (behind) history.back();
      else location.hash = "";
    });
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") document.querySelectorAll(".row.flagged").forEach((row) => row.classList.toggle("dismissed", row.matches(":hover, :focus")));
    });
    addEventListener("hashchange", route);
    route();
  };
  start().catch((error) => {
    element("lack").hidden = false;
    throw error;
  });
})();

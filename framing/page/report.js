"use strict";
(() => {
  const data = (id) => JSON.parse(document.getElementById(id).textContent);
  const labels = data("labels");
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // Sortable tables: a number sorts as a number; blank cells stay last either way.
  const key = (row, column) => {
    const value = row.cells[column].dataset.sort;
    return value === "" ? null : isNaN(value) ? value.toLocaleLowerCase() : Number(value);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    }));
  }
  for (const box of document.querySelectorAll(".only-found"))
    box.addEventListener("change", () =>
      document.getElementById(box.dataset.table).classList.toggle("only-found-on", box.checked));

  const copy = document.getElementById("copy-methods");
  if (copy) copy.addEventListener("click", async () => {
    const text = [...document.querySelectorAll("#methods-text p")].map((p) => p.textContent).join("\n\n");
    try {
      await navigator.clipboard.writeText(text);
      document.getElementById("copied").textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(document.getElementById("methods-text"));
      document.getElementById("copied").textContent = "Selected: copy it with the keyboard.";
    }
  });

  // Reading view. Article text only ever enters the page as textContent.
  const articles = data("articles");
  const list = document.getElementById("articles-list");
  const pane = document.getElementById("article");
  const filters = document.getElementById("filters");
  const find = document.getElementById("find");
  const outlet = document.getElementById("outlet");
  const withWhom = document.getElementById("with");
  let current = -1;
  let shown = [];

  const sentences = (article) => article.paragraphs.flat();
  const chosen = (name) => new Set([...filters.querySelectorAll(`input[name=${name}]:checked`)].map((i) => Number(i.value)));

  const sentenceNode = ([text, speaker, stance, speakerP, stanceP]) => {
    const who = labels.speakers[speaker];
    const node = make("span", `s sp${speaker} ${labels.lines[stance]}`);
    Object.assign(node.dataset, { speaker, stance, sure: Math.min(speakerP ?? 100, stanceP ?? 100) });
    const chip = make("span", `chip sp${speaker}`, who.letter);
    chip.setAttribute("aria-hidden", "true");
    node.append(chip, make("span", "vh", `${who.name}, ${labels.stances[stance]}: `), text);
    if (speakerP !== null) node.append(make("span", "p", `${who.letter} ${speakerP} % · ${labels.stances[stance]} ${stanceP} %`));
    node.title = speakerP === null ? `${who.name}, ${labels.stances[stance]}`
      : `${who.name} ${speakerP} %, ${labels.stances[stance]} ${stanceP} %`;
    return node;
  };
  const mark = () => {
    const speakers = chosen("speaker"), stances = chosen("stance");
    const sure = Number(filters.elements.sure.value);
    pane.classList.toggle("show-p", filters.elements.p.checked);
    for (const node of pane.querySelectorAll(".s"))
      node.classList.toggle("off", !(speakers.has(Number(node.dataset.speaker)) && stances.has(Number(node.dataset.stance)) && Number(node.dataset.sure) < sure));
  };
  const open = (number, focus) => {
    current = number;
    const article = articles[number];
    pane.replaceChildren(make("h3", "", article.title));
    const meta = [article.outlet, article.date, article.copy ? `wire copy (${article.copy})` : null, article.id];
    pane.append(make("p", "meta", meta.filter(Boolean).join(" · ")));
    for (const paragraph of article.paragraphs) {
      const p = make("p");
      paragraph.forEach((sentence, i) => p.append(i ? " " : "", sentenceNode(sentence)));
      pane.append(p);
    }
    const steps = make("div", "steps");
    const place = shown.indexOf(number);
    for (const [label, to] of [["Previous article", place - 1], ["Next article", place + 1]]) {
      if (place < 0 || to < 0 || to >= shown.length) continue;
      const button = make("button", "", label);
      button.type = "button";
      button.addEventListener("click", () => open(shown[to], true));
      steps.append(button);
    }
    pane.append(steps);
    mark();
    for (const button of list.querySelectorAll("button"))
      button.setAttribute("aria-current", String(Number(button.dataset.number) === number));
    if (focus) { pane.focus({ preventScroll: true }); pane.scrollIntoView({ block: "start" }); }
  };
  const fill = () => {
    const words = find.value.toLocaleLowerCase();
    shown = [...articles.keys()].filter((i) => {
      const a = articles[i];
      return (!outlet.value || a.outlet === outlet.value)
        && (!withWhom.value || sentences(a).some((s) => s[1] === Number(withWhom.value)))
        && (!words || [a.title, a.id, ...sentences(a).map((s) => s[0])].some((t) => String(t).toLocaleLowerCase().includes(words)));
    });
    list.replaceChildren(...shown.map((i) => {
      const item = make("li"), button = make("button", "", articles[i].title);
      button.type = "button";
      button.dataset.number = i;
      button.setAttribute("aria-current", String(i === current));
      button.append(make("small", "", [articles[i].outlet, articles[i].date].filter(Boolean).join(" · ")));
      item.append(button);
      return item;
    }));
    document.getElementById("n-found").textContent = `${shown.length} of ${articles.length} articles`;
  };
  for (const name of [...new Set(articles.map((a) => a.outlet))].sort()) {
    const option = make("option", "", name);
    option.value = name;
    outlet.append(option);
  }
  let waiting;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(fill, 120); };
  find.addEventListener("input", later);
  outlet.addEventListener("change", fill);
  withWhom.addEventListener("change", fill);
  filters.addEventListener("change", mark);
  filters.addEventListener("submit", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) open(Number(button.dataset.number), true);
  });
  fill();
  if (articles.length) open(0, false);
  document.documentElement.dataset.ready = "yes";
})();

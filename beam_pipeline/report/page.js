// The browser of rows. All that a document or a model wrote goes into text nodes; nothing here makes markup of text.
"use strict";
(() => {
  const STEP = 30;
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const [search, list, more, found] = ["search", "list", "more", "found"].map(byId);
  const filters = ["kind", "stage", "reason", "domain"];
  const words = data.rows.map((row) =>
    [row.title, row.kind, row.stage, row.reason, row.domain, row.quote, ...row.facts.map((fact) => fact[1]),
      ...(row.verdicts || []).map((verdict) => verdict.join(" ")), data.texts[row.text]].join("\n").toLowerCase());
  let matches = [];
  let shown = 0;

  const make = (name, className, ...children) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    node.append(...children.filter((child) => child !== undefined && child !== ""));
    return node;
  };

  const chosen = () => Object.fromEntries(filters.map((name) => [name, byId(name).value]));

  function passes(at, picked, but) {
    return filters.every((name) => name === but || !picked[name] || (data.rows[at][name] || "") === picked[name]);
  }

  // Each list offers what the others leave, with how many rows there are of it.
  function offer(name, candidates, picked) {
    const counts = new Map();
    for (const at of candidates) {
      const value = data.rows[at][name];
      if (value && passes(at, picked, name)) counts.set(value, (counts.get(value) || 0) + 1);
    }
    if (picked[name] && !counts.has(picked[name])) counts.set(picked[name], 0);
    const select = byId(name);
    const every = make("option", "", "all");
    every.value = "";
    const options = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([value, number]) => {
      const option = make("option", "", `${value} (${number.toLocaleString("en")})`);
      option.value = value;
      return option;
    });
    select.replaceChildren(every, ...options);
    select.value = picked[name];
  }

  function filter() {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const picked = chosen();
    const candidates = words.map((_, at) => at).filter((at) => terms.every((term) => words[at].includes(term)));
    for (const name of filters) offer(name, candidates, picked);
    matches = candidates.filter((at) => passes(at, picked, ""));
    found.textContent = matches.length === data.rows.length
      ? `${matches.length.toLocaleString("en")} rows`
      : `${matches.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")} rows`;
    list.replaceChildren();
    shown = 0;
    showMore();
  }

  function showMore() {
    const next = matches.slice(shown, shown + STEP);
    list.append(...next.map(rowNode));
    shown += next.length;
    more.hidden = shown >= matches.length;
  }

  function rowNode(at) {
    const row = data.rows[at];
    const about = [row.stage && row.reason ? `${row.stage}: ${row.reason}` : row.reason, row.domain].filter(Boolean).join(" · ");
    const node = make("details", "", make("summary", "", make("span", `kind ${row.kind}`, row.kind),
      make("span", "headline", row.title || "(no text)"), make("span", "about", about)));
    node.dataset.row = at;
    node.addEventListener("toggle", () => { if (node.open && node.children.length === 1) node.append(inside(row)); });
    return node;
  }

  function inside(row) {
    const facts = make("dl", "");
    for (const [name, value] of row.facts) facts.append(make("dt", "", name), make("dd", "", value));
    const node = make("div", "inside", facts);
    if (row.text !== undefined) node.append(titled("Document", passage(data.texts[row.text], row.marks)));
    if (row.quote) node.append(titled(row.text === undefined ? "Quote" : "Quote, not found in the text that is shown",
      make("blockquote", "passage", make("mark", "", row.quote))));
    if (row.verdicts) {
      const detailed = row.verdicts.some((verdict) => verdict[5]);
      node.append(titled("Verdicts", grid(["Check", "", "By", "Prompt", ...(detailed ? ["Detail"] : [])], row.verdicts.map(
        ([check, passed, verifier, model, version, detail]) => [check, make("span", passed ? "yes" : "no", passed ? "passed" : "failed"),
          verifier ? `${model} (verifier ${verifier})` : model, version ? `version\u00a0${version}` : "", ...(detailed ? [detail] : [])]))));
    }
    if (row.prompts) node.append(titled("Calls", grid(["Stage", "Model", "Prompt", "Digest"], row.prompts.map(
      ([stage, model, version, digest]) => [stage, model, `version\u00a0${version}`, make("code", "", digest)]))));
    return node;
  }

  const titled = (title, content) => make("div", "", make("h4", "", title), content);

  function grid(headings, rows) {
    const table = make("table", "", make("thead", "", make("tr", "", ...headings.map((heading) => make("th", "", heading)))));
    table.append(make("tbody", "", ...rows.map((row) => make("tr", "", ...row.map((cell) => make("td", "words", cell))))));
    return make("div", "scroll", table);
  }

  // Spans count characters as Python does, so the text is taken apart by code points.
  function passage(text, marks) {
    const letters = Array.from(text);
    const part = (start, end) => letters.slice(start, end).join("");
    const answered = (start, end) => {
      const [from, to] = marks.a || [0, 0];
      if (!marks.a || from < start || to > end) return [part(start, end)];
      return [part(start, from), make("mark", "", part(from, to)), part(to, end)];
    };
    const node = make("blockquote", "passage");
    node.tabIndex = 0;
    const outer = marks.q || marks.a;
    if (marks.before) node.append("… ");
    if (outer) {
      const inner = marks.q ? answered(...marks.q) : [part(...marks.a)];
      node.append(part(0, outer[0]), make("mark", "", ...inner), part(outer[1]));
    } else node.append(text);
    if (marks.after) node.append(" …");
    return node;
  }

  function open(at) {
    byId("clear").click();
    const node = rowNode(at);
    list.prepend(node);
    node.open = true;
    node.firstChild.focus();
    node.scrollIntoView({ block: "center" });
  }

  const dots = document.querySelectorAll('[data-chart="map"] use');
  const caption = byId("mapped");
  dots.forEach((dot, number) => {
    const row = data.rows[data.map[number]];
    const say = () => { caption.textContent = `${row.domain}: ${row.title}`; };
    dot.addEventListener("pointerenter", say);
    dot.addEventListener("click", () => { say(); open(data.map[number]); });
  });

  search.addEventListener("input", filter);
  for (const name of filters) byId(name).addEventListener("change", filter);
  more.addEventListener("click", showMore);
  byId("clear").addEventListener("click", () => {
    search.value = "";
    for (const name of filters) byId(name).value = "";
    filter();
  });
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  filter();
})();

"use strict";
// What a peer sent is only ever given to textContent: it can become text and
// nothing else.
const $ = id => document.getElementById(id);
const make = (tag, cls, text) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
};
const index = JSON.parse($("index").textContent);
const entries = index.entries;
const blocks = [...document.querySelectorAll("script.block")].map(e => ({ e, from: +e.dataset.from }));

// What an entry has to show is read when it is wanted, a block at a time.
function full(i) {
  let lo = 0, hi = blocks.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if (blocks[mid].from <= i) lo = mid; else hi = mid - 1;
  }
  const b = blocks[lo];
  if (!b.list) b.list = JSON.parse(b.e.textContent);
  return b.list[i - b.from];
}

const tenths = n => n.toFixed(1).replace(/\.0$/, "");
const seconds = s => s < 0.00995 ? tenths(s * 1e3) + " ms" : s < 0.9995 ? Math.round(s * 1e3) + " ms" : s < 59.95 ? tenths(s) + " s" : Math.floor(s / 60) + " min " + Math.round(s % 60) + " s";
const size = n => n < 1000 ? n + " B" : n < 999500 ? Math.round(n / 1000) + " kB" : (n / 1e6).toFixed(1) + " MB";

// State: which list, what is looked for, what is chosen, how it is shown.
let tab = "talk", mode = "pretty", query = "", shown = [], chosen = 0;
const rowHeight = 24;
const byExchange = new Map();
entries.forEach((e, i) => {
  if (!e.n || e.unit) return;
  if (!byExchange.has(e.n)) byExchange.set(e.n, []);
  byExchange.get(e.n).push(i);
});
const tabs = {
  talk: e => !e.unit,
  requests: e => e.n > 0 && e.dir === "client" && !e.unit,
  frames: e => e.unit,
  cookies: e => e.cookies > 0,
  warnings: e => e.warn,
};

const plainRows = t => t.replace(/[\ue000-\ue00f]/g, "");
const hay = [];
function matches(i) {
  if (hay[i] === undefined) hay[i] = (entries[i].what + "\n" + plainRows(full(i).rows)).toLowerCase();
  return hay[i].includes(query);
}

function fill() {
  const keep = shown[chosen];
  shown = [];
  entries.forEach((e, i) => { if (tabs[tab](e) && (!query || matches(i))) shown.push(i); });
  chosen = Math.max(0, keep === undefined ? 0 : shown.findIndex(i => i >= keep));
  $("rows").style.height = shown.length * rowHeight + "px";
  $("count").textContent = query || tab !== "talk" ? shown.length + " of " + entries.length : "";
  for (const b of document.querySelectorAll("[data-tab]")) b.setAttribute("aria-pressed", String(b.dataset.tab === tab));
  choose(chosen);
}

function row(at) {
  const i = shown[at], e = entries[i];
  const r = make("div", "row " + (e.dir || "event") + (e.warn ? " warn" : ""));
  r.id = "row" + at;
  r.style.top = at * rowHeight + "px";
  r.setAttribute("role", "option");
  r.setAttribute("aria-selected", String(at === chosen));
  const what = make("span", "what", (e.warn ? "! " : "") + e.what);
  r.title = e.what;
  r.append(make("span", "n", e.n ? "#" + e.n : ""), make("span", "who", e.dir === "client" ? ">" : e.dir === "server" ? "<" : "*"), what, make("span", "size", e.size ? size(e.size) : ""));
  const line = make("span", "line"), bar = make("i");
  bar.style.left = Math.min(97, 100 * e.at / index.total) + "%";
  bar.style.width = 100 * (e.last - e.at) / index.total + "%";
  line.title = seconds(e.at) + " after the start";
  line.append(bar);
  r.append(line);
  r.addEventListener("click", () => { choose(at); $("list").focus(); });
  return r;
}

let drawn = "";
function draw() {
  const list = $("list");
  const from = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 10);
  const to = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + 10);
  const now = [tab, query, chosen, from, to].join();
  if (now === drawn) return;
  drawn = now;
  const rows = [];
  for (let at = from; at < to; at++) rows.push(row(at));
  if (!shown.length) rows.push(make("div", "empty", query ? "nothing has “" + query + "”" : "nothing of this kind on the tape"));
  $("rows").replaceChildren(...rows);
  list.setAttribute("aria-activedescendant", "row" + chosen);
}

function choose(at) {
  chosen = Math.max(0, Math.min(shown.length - 1, at));
  const list = $("list"), top = chosen * rowHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
  draw();
  detail();
}

// Text with what is looked for marked.
function marked(text) {
  const out = document.createDocumentFragment();
  const low = text.toLowerCase();
  if (!query || low.length !== text.length) { out.append(text); return out; }
  let at = 0;
  for (let i; (i = low.indexOf(query, at)) >= 0; at = i + query.length) out.append(text.slice(at, i), make("mark", "", text.slice(i, i + query.length)));
  out.append(text.slice(at));
  return out;
}

// Rows come with characters for private use where a colour begins and ends, which
// no peer's text has: it comes escaped.
function coloured(rows) {
  const pre = make("pre");
  let cls = 0, at = 0;
  const put = to => {
    if (to === at) return;
    if (!cls) pre.append(marked(rows.slice(at, to)));
    else { const s = make("span", "c" + cls); s.append(marked(rows.slice(at, to))); pre.append(s); }
  };
  for (let i = 0; i < rows.length; i++) {
    const c = rows.charCodeAt(i);
    if (c < 0xe000 || c > 0xe00f) continue;
    put(i);
    at = i + 1;
    cls = c - 0xe000;
  }
  put(rows.length);
  return pre;
}

function octetsOf(d) {
  const s = atob(d.octets || ""), b = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) b[i] = s.charCodeAt(i);
  return b;
}
const hex = (n, w) => n.toString(16).padStart(w, "0");
const isPlain = c => c >= 0x20 && c <= 0x7e;
function raw(b, to) {
  let out = "";
  for (let i = 0; i < to; i++) {
    const c = b[i];
    out += c === 10 ? "\\n\n" : c === 13 ? "\\r" : c === 9 ? "\\t" : c === 92 ? "\\\\" : isPlain(c) ? String.fromCharCode(c) : "\\x" + hex(c, 2);
  }
  return out;
}
function dump(b, to, offset) {
  const out = [];
  for (let i = 0; i < to; i += 16) {
    const part = [...b.subarray(i, Math.min(to, i + 16))];
    const cells = part.map(c => hex(c, 2));
    out.push(hex(offset + i, 8) + "  " + cells.slice(0, 8).join(" ").padEnd(23) + "  " + cells.slice(8).join(" ").padEnd(23) + "  |" + part.map(c => isPlain(c) ? String.fromCharCode(c) : ".").join("") + "|");
  }
  return out.join("\n");
}

const firstOctets = 32768;
function octets(d, e) {
  const box = make("div");
  if (d.derived) { box.append(make("p", "none", "Its octets are those of frames: the list of frames (f) has them.")); return box; }
  if (e.dir === "") { box.append(coloured(d.rows)); return box; }
  const b = octetsOf(d);
  const pre = make("pre", mode);
  const put = to => pre.replaceChildren(marked(mode === "hex" ? dump(b, to, d.offset) : raw(b, to)));
  put(Math.min(b.length, firstOctets));
  box.append(pre);
  if (b.length > firstOctets) {
    const more = make("button", "", "all " + size(b.length));
    more.addEventListener("click", () => { put(b.length); more.remove(); });
    box.append(more);
  }
  if (b.length < e.size) box.append(make("p", "none", size(e.size - b.length) + " more are on the tape and not on this page"));
  return box;
}

function cookies(list) {
  const t = make("table"), head = make("tr");
  for (const n of ["cookie", "value", "verdict", "for", "path", "until", "flags"]) head.append(make("th", "", n));
  t.append(head);
  const text = v => v && typeof v === "object" ? "base64 " + v.base64 : v || "";
  for (const c of list) {
    const r = make("tr");
    r.append(make("td", "", text(c.name)), make("td", "", text(c.value)), make("td", c.verdict === "reject" ? "bad" : "good", c.verdict === "reject" ? "rejected" : c.verdict === "expire" ? "expired" : "stored"));
    if (c.stored) {
      const flags = [c.secure && "Secure", c.http_only && "HttpOnly", c.same_site && "SameSite=" + c.same_site, c.partitioned && "Partitioned"];
      r.append(make("td", "", c.host_only ? "its host alone" : text(c.domain) + " and below"), make("td", "", text(c.path)),
        make("td", "", c.effective_expires ? c.effective_expires.replace("T", " ").replace("Z", " UTC") : "the session ends"), make("td", "", flags.filter(x => x).join(" ")));
    } else {
      const why = make("td", "", c.reason + (c.rule ? " (" + c.rule + ")" : ""));
      why.colSpan = 4;
      r.append(why);
    }
    t.append(r);
  }
  const box = make("div", "wide cookies");
  box.append(t);
  return box;
}

function phases(list) {
  const t = make("table", "phases");
  const total = list.reduce((sum, p) => sum + p[1], 0) || 1;
  let past = 0;
  for (const [name, took] of list) {
    const r = make("tr"), cell = make("td"), bar = make("i");
    bar.style.marginLeft = Math.min(99, 100 * past / total) + "%";
    bar.style.width = 100 * took / total + "%";
    past += took;
    cell.append(bar);
    r.append(make("td", "", name), make("td", "", seconds(took)), cell);
    t.append(r);
  }
  return t;
}

const maxSections = 60;
function detail() {
  const pane = $("detail");
  for (const b of document.querySelectorAll("[data-mode]")) b.setAttribute("aria-pressed", String(b.dataset.mode === mode));
  const i = shown[chosen];
  if (i === undefined) { pane.replaceChildren(); return; }
  let list = !entries[i].unit && byExchange.get(entries[i].n) || [i];
  if (list.length > maxSections) {
    const at = Math.max(0, list.indexOf(i) - maxSections / 2);
    list = list.slice(at, at + maxSections);
  }
  let target = null;
  const sections = list.map(k => {
    const e = entries[k], d = full(k), s = make("section", k === i && list.length > 1 ? "chosen" : "");
    const h = make("h2", "", (e.n ? "#" + e.n + " " : "") + e.what + " ");
    h.append(make("small", "", [e.proto, e.kind, index.conns > 1 ? "connection " + e.conn : "", "at " + seconds(e.at), e.dir && !d.derived ? "offset " + d.offset : ""].filter(x => x).join(", ")));
    s.append(h);
    s.append(mode === "pretty" ? coloured(d.rows) : octets(d, e));
    if (d.cookies) s.append(cookies(d.cookies));
    if (d.phases) s.append(phases(d.phases));
    if (k === i) target = s;
    return s;
  });
  pane.replaceChildren(...sections);
  pane.scrollTop = 0;
  if (target && target !== sections[0] && target.offsetTop + Math.min(target.offsetHeight, 200) > pane.offsetTop + pane.clientHeight) target.scrollIntoView();
}

function setTab(t) { if (tabs[t]) { tab = t; fill(); } }
function setMode(m) { mode = m; detail(); }
let due = 0;
$("search").addEventListener("input", () => {
  clearTimeout(due);
  due = setTimeout(() => { query = $("search").value.toLowerCase(); fill(); }, 120);
});
for (const b of document.querySelectorAll("[data-tab]")) b.addEventListener("click", () => setTab(b.dataset.tab));
for (const b of document.querySelectorAll("[data-mode]")) b.addEventListener("click", () => setMode(b.dataset.mode));
$("helps").addEventListener("click", () => $("help").showModal());
$("list").addEventListener("scroll", draw, { passive: true });
addEventListener("resize", draw);

const page = () => Math.max(1, Math.floor($("list").clientHeight / rowHeight) - 1);
const keys = {
  j: () => choose(chosen + 1), ArrowDown: () => choose(chosen + 1),
  k: () => choose(chosen - 1), ArrowUp: () => choose(chosen - 1),
  PageDown: () => choose(chosen + page()), PageUp: () => choose(chosen - page()),
  g: () => choose(0), Home: () => choose(0), G: () => choose(shown.length - 1), End: () => choose(shown.length - 1),
  "/": () => { $("search").focus(); $("search").select(); },
  "?": () => $("help").showModal(),
  p: () => setMode("pretty"), r: () => setMode("raw"), x: () => setMode("hex"),
  t: () => setTab("talk"), q: () => setTab("requests"), f: () => setTab("frames"), c: () => setTab("cookies"), w: () => setTab("warnings"),
};
addEventListener("keydown", ev => {
  if (ev.ctrlKey || ev.metaKey || ev.altKey) return;
  if ($("help").open) {
    if (ev.key === "?" || ev.key === "Escape") { $("help").close(); ev.preventDefault(); }
    return;
  }
  const inSearch = ev.target === $("search");
  if (inSearch && ev.key !== "Escape" && ev.key !== "Enter" && ev.key !== "ArrowDown" && ev.key !== "ArrowUp") return;
  if (ev.key === "Escape" && (inSearch || query)) {
    $("search").value = query = "";
    fill();
    $("list").focus();
  } else if (ev.key === "Enter" && inSearch) {
    clearTimeout(due);
    query = $("search").value.toLowerCase();
    fill();
    $("list").focus();
  } else if (keys[ev.key] && !(ev.target === $("detail") && /^(Arrow|Page|Home|End)/.test(ev.key))) keys[ev.key]();
  else return;
  ev.preventDefault();
});

for (const b of document.querySelectorAll("[data-tab]")) b.hidden = b.dataset.tab !== "talk" && !entries.some(tabs[b.dataset.tab]);
// The address may say where to begin: #cookies, #hex, #7.
for (const word of decodeURIComponent(location.hash.slice(1)).split(",")) {
  if (tabs[word]) tab = word;
  else if (["pretty", "raw", "hex"].includes(word)) mode = word;
}
fill();
const wanted = location.hash.slice(1).split(",").find(w => /^[0-9]+$/.test(w));
if (wanted) choose(Math.max(0, shown.findIndex(i => entries[i].n === +wanted)));
else if (tab === "talk") choose(Math.max(0, shown.findIndex(i => entries[i].n > 0)));
$("list").focus();

// Shows the rows that the backend draws, fills the window with them, and says in words when they are old. It makes elements
// and texts, never markup, and sends nothing but the size of the window and a pairing code.
"use strict";
(() => {
  const STALE_MS = 10_000;      // From here on what is shown is old, and says so.
  const GIVE_UP_MS = 12_000;    // A connection this silent is dropped and made anew.
  const AGAIN_MS = 1_000;
  const AGAIN_MOST_MS = 15_000;
  const DEFAULT_COLUMNS = 60;   // A wall is read from afar: 60x17 on a screen of 16:9.
  const ROWS_AT_LEAST = 17 / 60;
  const LEAST = { columns: 40, rows: 12 };
  const MOST = { columns: 240, rows: 80 };
  const MARGIN = 0.015;         // Left free on every side, of the shorter one: some screens hide their edge.
  const LINE = 1.17;            // Height of a line, in sizes of the font.

  const $ = (id) => document.getElementById(id);
  const wall = $("wall"), banner = $("banner"), note = $("note"), form = $("pair");
  const asked = new URLSearchParams(location.search);
  const opened = Date.now();
  const build = document.documentElement.dataset.build;
  const clamp = (n, least, most) => Math.min(Math.max(n, least), most);
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  let heard = null;             // When the last picture came, by two clocks, and the backend's time in it.
  let trouble = "";             // Why there is none, in words.
  let sign = null;              // The last sign of life of the present connection, its beginning at first.
  let connection = null;
  let size = null;
  let wasShown = false;

  // ---- Size: as many cells as the window has room for at a readable size, and the font that fills it with them.

  function measure() {
    const advance = $("probe").getBoundingClientRect().width / 20 / 100 || 0.602;
    const margin = 2 * Math.round(Math.min(innerWidth, innerHeight) * MARGIN);
    const [w, h] = [Math.max(innerWidth - margin, 1), Math.max(innerHeight - margin, 1)];
    const wanted = clamp(Number.parseInt(asked.get("columns"), 10) || DEFAULT_COLUMNS, LEAST.columns, MOST.columns);
    const cell = Math.min(w / wanted, (h / Math.round(wanted * ROWS_AT_LEAST)) * (advance / LINE));
    const columns = clamp(Math.floor(w / cell + 0.01), LEAST.columns, MOST.columns);
    const rows = clamp(Math.floor(h / (cell * LINE / advance) + 0.01), LEAST.rows, MOST.rows);
    return { columns, rows, advance, w, h };
  }

  // Cells end on whole pixels of the screen, so that blocks and grounds join.
  function fit({ columns, rows, advance, w, h }) {
    const dots = window.devicePixelRatio || 1;
    const whole = (n) => Math.max(Math.floor(n * dots) / dots, 1);
    const [cell, line] = [whole(w / columns), whole(h / rows)];
    const style = document.documentElement.style;
    style.setProperty("--cell", `${cell}px`);
    style.setProperty("--line", `${line}px`);
    style.setProperty("--font", `${Math.min(cell / advance, line / LINE)}px`);
  }

  let settling = 0;
  addEventListener("resize", () => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      const next = measure();
      const same = size && next.columns === size.columns && next.rows === size.rows;
      fit({ ...next, columns: (size ?? next).columns, rows: (size ?? next).rows });
      if (!same && connection) connection.abort("resize");
    }, 250);
  });

  // ---- Pictures.

  const BLOCKS = new Map([["▀", "top"], ["▄", "low"], ["█", "all"]]);
  const ASCII = /^[\x20-\x7e]*$/;

  function piece(text, cells, look) {
    const span = document.createElement("span");
    span.textContent = text;
    span.style.width = `calc(var(--cell) * ${cells})`;
    if (look) {
      const [letters, ground, flags] = look.split(" ");
      span.style.color = `#${letters}`;
      span.style.backgroundColor = `#${ground}`;
      for (const flag of flags) span.classList.add(flag);
    }
    const block = BLOCKS.get(text);
    if (block) span.classList.add(block);
    return span;
  }

  function pieces([text, cells, look]) {
    const signs = ASCII.test(text) ? [text] : Array.from(text);
    if (signs.length === 1 || signs.length !== cells) return [piece(text, cells, look)];
    return signs.map((sign) => piece(sign, 1, look));
  }

  function show(frame) {
    if (frame.whole) {
      const style = document.documentElement.style;
      style.setProperty("--letters", frame.letters);
      style.setProperty("--ground", frame.ground);
      size = { columns: frame.columns, rows: frame.lines };
      fit({ ...measure(), ...size });
      wall.style.width = `calc(var(--cell) * ${frame.columns})`;
      wall.replaceChildren(...Array.from({ length: frame.lines }, () => document.createElement("div")));
      wall.setAttribute("data-size", `${frame.columns}x${frame.lines}`);
      // One that is older than its backend would draw what it does not know.
      if (frame.build !== build && Date.now() - opened > 60_000) location.reload();
    }
    for (const [y, row] of frame.rows) wall.children[y].replaceChildren(...row.flatMap(pieces));
    heard = { ...stamp(), at: frame.at };
    sign = heard;
    wasShown = true;
    trouble = "";
    look();
  }

  // What a display may no longer show is gone from the page too.
  function clear() {
    wall.replaceChildren();
    heard = null;
    look();
  }

  // ---- How old it is, by whichever clock saw more time go by: one of them stops while a laptop sleeps.

  const stamp = () => ({ wall: Date.now(), mono: performance.now() });
  const since = (then) => Math.max(Date.now() - then.wall, performance.now() - then.mono);

  function words(ms) {
    const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, "0");
    if (s < 60) return `${s}s`;
    if (s < 3600) return `${Math.floor(s / 60)}m${two(Math.floor(s % 60 / 10) * 10)}s`;
    if (s < 86_400) return `${Math.floor(s / 3600)}h${two(Math.floor(s % 3600 / 60))}m`;
    return `${Math.floor(s / 86_400)}d${Math.floor(s % 86_400 / 3600)}h`;
  }

  function look() {
    const old = heard !== null && since(heard) > STALE_MS;
    document.body.classList.toggle("stale", old);
    banner.hidden = !old;
    if (old) {
      // Of another day than it may be now, the day is told too.
      const then = heard.at.slice(since(heard) > 43_200_000 ? 0 : 11, 19).replace("T", " ");
      banner.textContent = `STALE ${words(since(heard))} as of ${then} UTC. ${trouble || "The backend is not heard."}`;
      const row = wall.children[1].getBoundingClientRect();
      for (const side of ["left", "top", "width", "height"]) banner.style[side] = `${row[side]}px`;
    }
    note.hidden = heard !== null || !form.hidden;
    if (!note.hidden) {
      $("note-title").textContent = trouble ? "Nothing to show yet" : "Connecting";
      $("note-text").textContent = trouble;
    }
    if (connection && since(sign) > GIVE_UP_MS) connection.abort("silent");
  }
  setInterval(look, 500);
  for (const woken of ["visibilitychange", "pageshow", "resume", "online"]) {
    document.addEventListener(woken, look);
    addEventListener(woken, look);
  }

  // ---- The stream.

  async function* events(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
        const event = { name: "message", data: "" };
        for (const line of text.slice(0, end).split("\n")) {
          const at = line.indexOf(": ");
          if (line.slice(0, at) === "event") event.name = line.slice(at + 2);
          if (line.slice(0, at) === "data") event.data += line.slice(at + 2);
        }
        yield event;
      }
    }
  }

  // One connection, to its end. True: it showed something. "now": the next one may begin at once.
  async function follow() {
    const { columns, rows } = measure();
    const query = new URLSearchParams({ columns, rows });
    if (asked.has("theme")) query.set("theme", asked.get("theme"));
    connection = new AbortController();
    sign = stamp();
    let shown = false;
    const answer = await fetch(`/display/stream?${query}`, { signal: connection.signal, cache: "no-store" });
    if (answer.status === 401) {
      clear();
      connection = null;
      await pairing(wasShown ? "This display was revoked, or its time is over." : "");
      return "now";
    }
    if (!answer.ok) {
      const problem = await answer.json().catch(() => null);
      trouble = problem?.detail ?? `The backend answers ${answer.status}.`;
      return false;
    }
    for await (const event of events(answer.body)) {
      const told = JSON.parse(event.data);
      if (event.name === "frame") {
        show(told);
        shown = true;
      } else if (event.name === "end" && told.why === "unpaired") {
        clear();
        return "now";
      } else if (event.name === "end") {
        trouble = "The backend ended; it is asked again and again.";
        return false;
      }
    }
    trouble = "The connection to the backend ended.";
    return shown;
  }

  async function run() {
    let wait = AGAIN_MS;
    for (;;) {
      let good = false;
      try {
        good = await follow();
      } catch (error) {
        if (connection?.signal.reason === "resize") good = "now";
        else trouble = "The backend does not answer.";
      }
      connection = null;
      if (good) wait = AGAIN_MS;
      if (good === "now") continue;
      await sleep(wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, AGAIN_MOST_MS);
    }
  }

  // ---- Pairing.

  async function send(code) {
    const answer = await fetch("/display/pair", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
      cache: "no-store",
    }).catch(() => null);
    if (answer?.ok) return "";
    const problem = await answer?.json().catch(() => null);
    return problem?.detail ?? "The backend does not answer; try again in a moment.";
  }

  // Also while one is being sent, or where script is late: a form is never sent by the browser.
  form.addEventListener("submit", (event) => event.preventDefault());

  // Ends when the display is paired.
  async function pairing(why) {
    const given = /^#code=([\w-]+)$/.exec(location.hash);
    let refused = "";
    if (given) {
      history.replaceState(null, "", location.pathname + location.search);
      refused = await send(given[1]);
      if (refused === "") return;
    }
    form.hidden = false;
    $("pair-why").textContent = why;
    $("pair-error").textContent = refused;
    $("code").value = "";
    look();
    $("code").focus();
    for (;;) {
      await new Promise((typed) => form.addEventListener("submit", typed, { once: true }));
      $("pair-error").textContent = "";
      const refused = await send($("code").value);
      if (refused === "") break;
      $("pair-error").textContent = refused;
      $("code").select();
    }
    form.hidden = true;
    look();
  }

  // A screen that only shows must not go dark; where the browser does not offer this, its owner sees to it.
  const stayAwake = () => navigator.wakeLock?.request("screen").catch(() => null);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && stayAwake());
  stayAwake();

  run();
})();

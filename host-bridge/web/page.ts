import { createHash } from "node:crypto";

// The page is the same for everybody: what it shows comes from /status, and so does who may see it.

const STYLE = `
:root { color-scheme: light dark; --bg: #f5f6f8; --card: #fff; --ink: #1b1f27; --soft: #626b7a; --line: #e1e4ea;
  --good: #15803d; --bad: #b91c1c; --code: #eef0f4; }
@media (prefers-color-scheme: dark) { :root { --bg: #12151b; --card: #1b2029; --ink: #e7eaf0; --soft: #98a1b2;
  --line: #2b323e; --good: #4ade80; --bad: #f87171; --code: #252c38; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .75rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem;
  margin-bottom: 1rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .85rem; }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.good { color: var(--good); }
.bad { color: var(--bad); }
pre { background: var(--code); border-radius: .4rem; padding: .7rem .9rem; margin: .4rem 0 1rem; overflow-x: auto;
  font: .85rem/1.5 ui-monospace, monospace; }
p { margin: 0 0 .4rem; }
`;

const SCRIPT = `
const byId = (id) => document.getElementById(id);
const number = (value, unit = "") => value === null || value === undefined ? "\\u2013" : value.toLocaleString() + unit;

function row(cells) {
  const tr = document.createElement("tr");
  for (const [text, kind] of cells) {
    const td = document.createElement("td");
    td.textContent = text;
    if (kind) td.className = kind;
    tr.append(td);
  }
  return tr;
}

function fill(id, rows, nothing) {
  const body = byId(id).tBodies[0];
  body.replaceChildren(...(rows.length ? rows.map(row) : [row([[nothing, "soft"]])]));
}

function age(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, name] = units.find(([size]) => seconds >= size) || [1, "s"];
  return Math.floor(seconds / size) + " " + name;
}

function show(status) {
  document.title = status.name;
  byId("name").textContent = status.name;
  const clients = status.clients === 1 ? "1 client" : status.clients + " clients";
  byId("state").textContent = "up " + age(status.uptime_s) + ", " + clients;
  byId("state").className = "good";
  byId("version").textContent = "MeshCore Room " + status.version;
  const open = status.rooms.find((room) => !room.private) || status.rooms[0];
  if (open) for (const span of document.querySelectorAll("span.room")) span.textContent = open.name;
  fill("rooms", status.rooms.map((room) => [
    [room.name], [room.private ? "private" : "public", "soft"], [number(room.participants), "n"],
    [number(room.clients), "n"], [number(room.messages) + " of " + number(room.max_history), "n"],
  ]), "no rooms");
  fill("boards", status.boards.map((board) => [
    [board.id], [board.connected ? "connected" : board.error || "starting", board.connected ? "good" : "bad"],
    [[board.model, board.engine, board.firmware].filter(Boolean).join(", "), "soft"],
    [number(board.rx_packets), "n"], [number(board.tx_packets), "n"],
    [number(board.airtime_percent, " %"), "n"], [number(board.noise_floor_dbm, " dBm"), "n"],
  ]), "no boards");
}

function trouble(text) {
  byId("state").textContent = text;
  byId("state").className = "bad";
}

async function update() {
  try {
    const response = await fetch("status", { signal: AbortSignal.timeout(5000) });
    if (response.ok) show(await response.json());
    else trouble(response.status === 401 ? "from here the status needs a token" : "HTTP " + response.status);
  } catch {
    trouble("the server does not answer");
  }
  setTimeout(update, 2000);
}

const socket = (location.protocol === "https:" ? "wss:" : "ws:") + "//" + location.host + "/ws";
byId("socket").textContent = socket;
byId("url").textContent = location.origin;
update();
`;

/** The web page at `/`. It needs nothing from other servers. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MeshCore Room</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<header><h1 id="name">MeshCore Room</h1><span id="state" class="soft" role="status">loading ...</span></header>
<section>
<h2>Rooms</h2>
<table id="rooms">
<thead><tr><th>Name</th><th></th><th class="n">Participants today</th><th class="n">Clients</th><th class="n">Messages</th></tr></thead>
<tbody></tbody>
</table>
</section>
<section>
<h2>Boards</h2>
<table id="boards">
<thead><tr><th>Id</th><th>State</th><th></th><th class="n">Received</th><th class="n">Sent</th><th class="n">Airtime</th><th class="n">Noise floor</th></tr></thead>
<tbody></tbody>
</table>
</section>
<section>
<h2>How to connect</h2>
<p>From a terminal:</p>
<pre>npx meshcore-room tail "<span class="room">ROOM</span>" --url <span id="url"></span>
npx meshcore-room send "<span class="room">ROOM</span>" "Hello, mesh"</pre>
<p>From a program: a WebSocket with the subprotocol <code>meshcore-room.v1</code>, one JSON object a frame.</p>
<pre><span id="socket"></span>
-&gt; {"type":"hello","name":"Alice"}
-&gt; {"type":"join","room":"<span class="room">ROOM</span>"}
-&gt; {"type":"post","room":"<span class="room">ROOM</span>","text":"Hello, mesh","ref":1}</pre>
<p>From a MeshCore phone: add the room as a channel. <code>npx meshcore-room rooms --qr</code> draws the codes to scan.</p>
</section>
<p class="soft" id="version"></p>
</main>
<noscript><main><p>The numbers need JavaScript; <a href="status">/status</a> has them as JSON.</p></main></noscript>
<script>${SCRIPT}</script>
</body>
</html>
`;

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Content-Security-Policy of the page: only its own style and script run, whatever a room or a board is called. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(SCRIPT)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

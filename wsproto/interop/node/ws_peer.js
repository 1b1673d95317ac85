// A peer on ws: ws_peer.js client URL PLAN | server PLAN
'use strict';

require('./checks.js');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocket, WebSocketServer } = require('ws');

const { interop } = globalThis;

function peerOf(socket) {
  const came = interop.queue();
  const pongs = interop.queue();
  socket.on('message', (data, isBinary) => came.push(isBinary ? new Uint8Array(data) : data.toString()));
  socket.on('pong', (payload) => pongs.push(payload.toString()));
  socket.on('close', (code, reason) => came.push({ code, reason: reason.toString() }, true));
  socket.on('error', () => {}); // a 'close' follows
  const peer = {
    extensions: () => socket.extensions,
    send: async (message) => socket.send(message),
    async sendFragments(parts, isText, ping) {
      for (const [n, part] of parts.entries()) {
        socket.send(part, { binary: !isText, fin: n === parts.length - 1 });
        if (n === 0 && ping) await peer.ping(ping);
      }
    },
    ping: async (payload) => {
      socket.ping(payload);
      return pongs.next();
    },
    receive: () => came.next(),
    close: (code, reason) => {
      if (code) socket.close(code, reason);
      else socket.close();
      return came.next();
    },
  };
  return peer;
}

const PARAMETERS = {
  server_no_context_takeover: 'serverNoContextTakeover',
  client_no_context_takeover: 'clientNoContextTakeover',
  server_max_window_bits: 'serverMaxWindowBits',
  client_max_window_bits: 'clientMaxWindowBits',
};

// `threshold` 0: everything is compressed, also what gets longer by it.
function perMessageDeflate(plan, offer) {
  if (!plan.compress) return false;
  const named = Object.entries(offer).map(([name, value]) => [PARAMETERS[name], value]);
  return { threshold: 0, ...Object.fromEntries(named) };
}

function connect(url, plan, connection) {
  return new Promise((resolve, reject) => {
    const ca = plan.tls && readFileSync(plan.tls.certificate);
    const options = { perMessageDeflate: perMessageDeflate(plan, connection.offer), maxPayload: 0, ca };
    const socket = new WebSocket(url, options);
    const peer = peerOf(socket);
    socket.on('open', () => resolve(peer));
    socket.on('error', reject);
  });
}

function serve(plan) {
  const listener = plan.tls
    ? https.createServer({ cert: readFileSync(plan.tls.certificate), key: readFileSync(plan.tls.key) })
    : http.createServer();
  listener.listen(0, '127.0.0.1', () => console.log(`listening ${listener.address().port}`));
  const server = new WebSocketServer({ server: listener, perMessageDeflate: perMessageDeflate(plan, {}), maxPayload: 0 });
  server.on('connection', async (socket, { url }) => {
    const peer = peerOf(socket);
    const runCase = url.match(/^\/runCase\?case=(\d+)/);
    if (url === '/getCaseCount') {
      await peer.send(String(plan.connections.length));
      await peer.close();
    } else if (url.startsWith('/updateReports')) await peer.close();
    else if (runCase) await interop.check(peer, plan, plan.connections[runCase[1] - 1], console.log);
    else await interop.echo(peer);
  });
}

const [, , role, ...rest] = process.argv;
const plan = interop.readPlan(JSON.parse(readFileSync(rest.at(-1), 'utf8')));
if (role === 'server') serve(plan);
else interop.runClient(connect, rest[0], plan, console.log).then((isGood) => process.exit(isGood ? 0 : 1));

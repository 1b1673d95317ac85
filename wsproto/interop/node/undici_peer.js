// A peer on undici's WebSocket, which has the browsers' API: undici_peer.js client URL PLAN
'use strict';

require('./checks.js');
const { readFileSync } = require('node:fs');
const { Agent, WebSocket } = require('undici');

const { interop } = globalThis;
const [, , , url, file] = process.argv;
const plan = interop.readPlan(JSON.parse(readFileSync(file, 'utf8')));
const ca = plan.tls && readFileSync(plan.tls.certificate);
const options = ca ? { dispatcher: new Agent({ connect: { ca } }) } : undefined;
// Its offer can't be changed: it is what it is, also for a server that doesn't want it.
interop.runClient(interop.whatwg(WebSocket, options), url, plan, console.log).then((isGood) => process.exit(isGood ? 0 : 1));

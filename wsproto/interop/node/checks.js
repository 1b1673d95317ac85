// What each JavaScript peer does, in Node and in a page: see `driver/plan.py` for what the steps mean.
//
// A library's part is a peer; messages are strings or Uint8Arrays. All but `extensions` are promises:
//
//   extensions()                          what the library says was negotiated
//   send(message)
//   sendFragments(parts, isText, ping)    each part is a Uint8Array; a Ping after the first, if one is given, and its Pong
//   ping(payload)                         waits for the Pong, and gives its payload
//   receive()                             the next message, or { code, reason } when the connection is closed
//   close(code, reason)                   gives { code, reason }

'use strict';

globalThis.interop = (() => {
  const utf8 = new TextEncoder();

  const steps = {
    async open(peer, plan) {
      expect(peer.extensions().includes('permessage-deflate'), plan.compress, 'compression as the library sees it');
    },
    async echo(peer, plan, step) {
      await peer.send(plan.messages[step.message]);
      expect(await peer.receive(), plan.messages[step.message], 'the echo');
    },
    async fragments(peer, plan, step) {
      const message = plan.messages[step.message];
      await peer.sendFragments(cut(message, step.cuts), typeof message === 'string', step.ping);
      expect(await peer.receive(), message, 'the echo');
    },
    async ping(peer, plan, step) {
      expect(await peer.ping(step.payload), step.payload, 'the Pong');
    },
    async burst(peer, plan, step) {
      const sending = (async () => {
        for (const name of step.messages) await peer.send(plan.messages[name]);
      })();
      for (const name of step.messages) expect(await peer.receive(), plan.messages[name], 'an echo of many');
      await sending;
    },
    async 'ask ping'(peer, plan, step) {
      await peer.send(`ask ping ${step.payload}`);
      expect(await peer.receive(), `pong ${step.payload}`, 'what the other end had for its Ping');
    },
    async 'ask fragments'(peer, plan, step) {
      await peer.send(`ask fragments ${step.count}`);
      await steps.echo(peer, plan, step);
    },
    async 'ask close'(peer, plan, step) {
      await peer.send(`ask close ${step.code ?? ''} ${step.reason}`.trimEnd());
      const closed = await peer.receive();
      expect(closed.code, step.code ?? 1005, 'the code');
      expect(closed.reason, step.reason, 'the reason');
    },
    async close(peer, plan, step) {
      const closed = await peer.close(step.code, step.reason);
      expect(closed.code, step.answer ?? step.code ?? 1005, 'the code of the answer');
    },
    async 'too big'(peer, plan, step) {
      await peer.send(plan.messages[step.message]);
      expect((await peer.receive()).code, step.code, 'the code');
    },
  };

  // Does the steps of one connection; the first that fails is the last.
  async function check(peer, plan, connection, report) {
    for (const step of connection.steps) {
      const label = `${connection.name}: ${step.label}`;
      try {
        await within(steps[step.do](peer, plan, step), 20_000);
      } catch (error) {
        report(`not ok ${label}: ${error.message}`);
        return false;
      }
      report(`ok ${label}`);
    }
    return true;
  }

  // Sends back what comes, and does what it is asked for.
  async function echo(peer) {
    let count = 0;
    for (;;) {
      const message = await peer.receive();
      if ('code' in Object(message)) return;
      const ask = typeof message === 'string' ? message.match(/^ask (ping|fragments|close) ?(\S*) ?(.*)$/) : null;
      if (ask?.[1] === 'ping') await peer.send(`pong ${await peer.ping(ask[2])}`);
      else if (ask?.[1] === 'fragments') count = Number(ask[2]);
      else if (ask?.[1] === 'close') await peer.close(ask[2] ? Number(ask[2]) : null, ask[3]);
      else if (count) {
        const size = bytes(message).length;
        const at = Array.from({ length: count - 1 }, (_, n) => Math.floor(((n + 1) * size) / count));
        await peer.sendFragments(cut(message, at), typeof message === 'string', null);
        count = 0;
      } else await peer.send(message);
    }
  }

  // Cuts the bytes, so that an end may fall inside of a character.
  function cut(message, at) {
    const whole = bytes(message);
    return [...at, whole.length].map((end, n) => whole.subarray(n ? at[n - 1] : 0, end));
  }

  function bytes(message) {
    return typeof message === 'string' ? utf8.encode(message) : message;
  }

  function readPlan(plan) {
    const messages = {};
    for (const [name, { text, unit, times, tail }] of Object.entries(plan.messages)) {
      const [piece, end] = [fromBase64(unit), fromBase64(tail)];
      const payload = new Uint8Array(piece.length * times + end.length);
      for (let n = 0; n < times; n++) payload.set(piece, n * piece.length);
      payload.set(end, piece.length * times);
      messages[name] = text ? new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(payload) : payload;
    }
    return { ...plan, messages };
  }

  function fromBase64(text) {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  }

  function expect(actual, expected, what) {
    if (!same(actual, expected)) throw new Error(`${what} is ${shorten(actual)}, not ${shorten(expected)}`);
  }

  function same(a, b) {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return a === b;
    if (a.length !== b.length) return false;
    for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
    return true;
  }

  function shorten(value) {
    const text = value instanceof Uint8Array ? value.subarray(0, 40).join(' ') : JSON.stringify(value) ?? 'undefined';
    return text.length < 100 && !(value instanceof Uint8Array) ? text : `${text.slice(0, 80)}… (${value.length} long)`;
  }

  async function within(promise, ms) {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('not in time')), ms)));
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  // What comes from callbacks, to be awaited in order. The last thing is given again and again.
  function queue() {
    const items = [];
    let wake = () => {};
    let last;
    return {
      push(item, isLast = false) {
        if (isLast) last = item;
        else items.push(item);
        wake();
      },
      async next() {
        while (!items.length && last === undefined) await new Promise((resolve) => (wake = resolve));
        return items.length ? items.shift() : last;
      },
    };
  }

  // All connections of a plan, one after the other; `connect(url, plan, connection)` gives a peer.
  async function runClient(connect, url, plan, report) {
    for (const [n, connection] of plan.connections.entries()) {
      let peer;
      try {
        peer = await within(connect(`${url}/?connection=${n + 1}`, plan, connection), 20_000);
      } catch (error) {
        report(`not ok ${connection.name}: ${error.message}`);
        return false;
      }
      if (!(await check(peer, plan, connection, report))) return false;
    }
    return true;
  }

  // The peer that every browser brings, and undici: no fragments, no Pings, no Close frame of a code below 3000 but 1000.
  // `options` are undici's own.
  function whatwg(WebSocket, options) {
    return (url) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url, options);
        socket.binaryType = 'arraybuffer';
        const came = queue();
        const peer = {
          extensions: () => socket.extensions,
          send: async (message) => socket.send(message),
          receive: () => came.next(),
          close: (code, reason) => {
            if (code) socket.close(code, reason);
            else socket.close();
            return came.next();
          },
        };
        socket.onmessage = ({ data }) => came.push(typeof data === 'string' ? data : new Uint8Array(data));
        socket.onclose = ({ code, reason }) => came.push({ code, reason }, true);
        socket.onerror = ({ error }) => reject(new Error(`no connection: ${error?.message ?? ''}`));
        socket.onopen = () => resolve(peer);
      });
  }

  return { check, echo, queue, readPlan, runClient, whatwg };
})();

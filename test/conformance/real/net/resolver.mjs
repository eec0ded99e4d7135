/*
 * Asks the name server of its own /etc/resolv.conf, by the transport that was asked for, along the search list as a resolver does.
 * GET /?name=&type=&transport=udp|tcp answers a JSON list of what the records say.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const types = { A: 1, CNAME: 5, PTR: 12, SRV: 33 };
const conf = readFileSync('/etc/resolv.conf', 'utf8');
const server = /^nameserver (\S+)/m.exec(conf)?.[1];
const search = (/^search (.+)/m.exec(conf)?.[1] ?? '').split(/\s+/).filter(Boolean);
const ndots = Number(/ndots:(\d+)/.exec(conf)?.[1] ?? 1);

function candidates(name) {
  if (name.endsWith('.')) return [name];
  const along = search.map((suffix) => `${name}.${suffix}`);
  return name.split('.').length - 1 >= ndots ? [name, ...along] : [...along, name];
}

function question(name, type) {
  const labels = name.split('.').filter(Boolean);
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const id = Math.floor(Math.random() * 65_536);
  const head = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...parts, Buffer.from([0, 0, types[type], 0, 1])]);
}

function nameAt(message, start) {
  const labels = [];
  let at = start;
  let end;
  for (;;) {
    const length = message[at];
    if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (length >= 192) {
      end ??= at + 2;
      at = ((length & 63) << 8) | message[at + 1];
    } else {
      labels.push(message.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
}

const read = {
  1: (message, at) => [...message.subarray(at, at + 4)].join('.'),
  5: (message, at) => nameAt(message, at).name,
  12: (message, at) => nameAt(message, at).name,
  33: (message, at) =>
    [message.readUInt16BE(at), message.readUInt16BE(at + 2), message.readUInt16BE(at + 4), nameAt(message, at + 6).name].join(' '),
};

function answersOf(message) {
  if (message[2] & 2) throw new Error('truncated');
  let at = nameAt(message, 12).end + 4;
  const found = [];
  for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
    const { end } = nameAt(message, at);
    const [type, length] = [message.readUInt16BE(end), message.readUInt16BE(end + 8)];
    found.push({ type, said: read[type]?.(message, end + 10) ?? '' });
    at = end + 10 + length;
  }
  return found;
}

const send = {
  udp: (bytes) =>
    new Promise((done, fail) => {
      const socket = createSocket('udp4');
      const close = (act) => (value) => {
        clearTimeout(late);
        socket.close();
        act(value);
      };
      const late = setTimeout(() => close(fail)(new Error('timeout')), 3000);
      socket.on('message', close(done)).on('error', close(fail));
      socket.send(bytes, 53, server);
    }),
  tcp: (bytes) =>
    new Promise((done, fail) => {
      const socket = connect({ host: server, port: 53, timeout: 3000 });
      let got = Buffer.alloc(0);
      socket.on('timeout', () => socket.destroy(new Error('timeout'))).on('error', fail);
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
        socket.destroy();
        done(got.subarray(2));
      });
      socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]));
    }),
};

async function resolve({ name, type, transport }) {
  for (const candidate of candidates(name)) {
    const found = answersOf(await send[transport](question(candidate, type))).filter((one) => one.type === types[type]);
    if (found.length > 0) return found.map(({ said }) => said);
  }
  return [];
}

createServer(async ({ url }, response) => {
  const { pathname, searchParams } = new URL(url, 'http://resolver');
  if (pathname === '/healthz') return response.end('ok');
  const answer = await resolve(Object.fromEntries(searchParams)).catch(() => []);
  return response.end(JSON.stringify(answer));
}).listen(8080, '::');
process.on('SIGTERM', () => process.exit(0));

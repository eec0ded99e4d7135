import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { silentLogger, systemClock } from '@keelson/base';
import { freePorts } from '@keelson/testing';
import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { Registry } from 'prom-client';
import type { Answerer } from './answer.ts';
import { Frames, framed } from './frames.ts';
import { servePages } from './http.ts';
import { listenTcp, listenUdp } from './listen.ts';
import { answerer, endpoint, headless, modelOf, namespace, slice } from './testdata.ts';
import { nameservers, type Transport, type Upstream, upstreamOf } from './upstream.ts';

type Decoded = DecodedPacket & { readonly rcode: string };

const host = '127.0.0.1';

/** Servers on one free port, both transports, ended with the test. */
async function serve(t: TestContext, answer: Answerer): Promise<number> {
  const [port = 0] = await freePorts(1);
  const udp = await listenUdp({ host, port }, answer, silentLogger);
  t.after(() => udp.close());
  const tcp = await listenTcp({ host, port }, answer, { clock: systemClock, log: silentLogger });
  t.after(() => tcp.close());
  return port;
}

/** Asks as a client does: with the same code that asks upstream. */
async function ask(port: number, name: string, type: RecordType = 'A', transport: Transport = 'udp'): Promise<Decoded> {
  const query = encode({ type: 'query', id: 7, flags: 0x100, questions: [{ type, name }] });
  return decode(await upstreamOf(['127.0.0.1'], systemClock, port).ask(query, transport)) as Decoded;
}

const data = (answers: readonly Answer[] = []): unknown[] => answers.map((record) => 'data' in record && record.data);

describe('the server', () => {
  test('answers over both transports', async (t) => {
    const port = await serve(t, answerer());
    for (const transport of ['udp', 'tcp'] as const) {
      const answer = await ask(port, 'web.shop.svc.cluster.local', 'A', transport);
      assert.equal(answer.rcode, 'NOERROR');
      assert.deepEqual(data(answer.answers), ['10.96.0.20']);
      assert.equal((await ask(port, 'gone.shop.svc.cluster.local', 'A', transport)).rcode, 'NXDOMAIN');
    }
  });

  test('tells a client over UDP to come again over TCP when there is too much', async (t) => {
    const many = Array.from({ length: 200 }, (_, index) => endpoint(`10.244.1.${index}`));
    const port = await serve(t, answerer(undefined, modelOf(namespace('shop'), headless('db'), slice('db', many))));
    const short = await ask(port, 'db.shop.svc.cluster.local');
    assert.equal(short.flag_tc, true);
    const whole = await ask(port, 'db.shop.svc.cluster.local', 'A', 'tcp');
    assert.equal(whole.answers?.length, 200);
  });

  test('asks upstream about the world', async (t) => {
    const world = await serve(t, async (bytes) => {
      const { id = 0, questions = [] } = decode(bytes);
      return encode({
        type: 'response',
        id,
        questions,
        answers: [{ type: 'A', name: questions[0]?.name ?? '', ttl: 60, data: '192.0.2.1' }],
      });
    });
    const port = await serve(t, answerer(upstreamOf(['127.0.0.1'], systemClock, world)));
    for (const transport of ['udp', 'tcp'] as const) {
      assert.deepEqual(data((await ask(port, 'example.org', 'A', transport)).answers), ['192.0.2.1']);
    }
    assert.deepEqual(data((await ask(port, 'mail.shop.svc.cluster.local')).answers), ['mail.example.org', '192.0.2.1']);
  });

  test('says so when upstream does not answer', async (t) => {
    const port = await serve(t, answerer());
    assert.equal((await ask(port, 'example.org')).rcode, 'SERVFAIL');
    assert.deepEqual(
      data((await ask(port, 'mail.shop.svc.cluster.local')).answers),
      ['mail.example.org'],
      'the name alone is better than nothing',
    );
  });

  test('gives each asker another first address', async () => {
    const answer = answerer();
    const first = async (id: number): Promise<unknown> => {
      const reply = await answer(encode({ type: 'query', id, questions: [{ type: 'A', name: 'db.shop.svc.cluster.local' }] }), 'udp');
      return data(decode(reply ?? Buffer.alloc(0)).answers)[0];
    };
    assert.notEqual(await first(1), await first(2));
  });

  test('a client that has said all it wanted is still answered', async (t) => {
    const slow = async (bytes: Buffer): Promise<Buffer | undefined> => {
      await new Promise(setImmediate);
      return answerer()(bytes, 'tcp');
    };
    const port = await serve(t, slow);
    const socket = connect(port, '127.0.0.1');
    const query = encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'web.shop.svc.cluster.local' }] });
    socket.end(Buffer.concat([framed(query), framed(query)]));
    const bytes = Buffer.concat(await socket.toArray());
    assert.equal(new Frames().add(bytes).length, 2);
  });

  test('tells of a port that is taken', async (t) => {
    const port = await serve(t, answerer());
    await assert.rejects(listenUdp({ host, port }, answerer(), silentLogger), {
      message: `cannot listen on 127.0.0.1:${port}: somebody else does`,
    });
  });

  test('goes through thousands of queries a second', async (t) => {
    const port = await serve(t, answerer());
    const [total, atOnce] = [5000, 100];
    const query = encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'web.shop.svc.cluster.local' }] });
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    const begin = systemClock.now();
    await new Promise<void>((resolve) => {
      let [sent, received] = [0, 0];
      const send = (): void => {
        sent += 1;
        socket.send(query, port, '127.0.0.1');
      };
      socket.on('message', () => {
        received += 1;
        if (received === total) resolve();
        else if (sent < total) send();
      });
      while (sent < atOnce) send();
    });
    const rate = total / ((systemClock.now() - begin) / 1000);
    t.diagnostic(`${Math.round(rate)} queries a second, asker and server in one process`);
    assert.ok(rate > 1000, `${Math.round(rate)} queries a second`);
  });
});

describe('upstream', () => {
  test('servers are asked in their order', async (t) => {
    const asked: string[] = [];
    const port = await serve(t, async (bytes) => {
      asked.push('second');
      return encode({ type: 'response', id: bytes.readUInt16BE(0) });
    });
    // Nothing listens at the first address, and the kernel says so.
    const upstream: Upstream = upstreamOf(['127.0.0.2', '127.0.0.1'], systemClock, port);
    await upstream.ask(encode({ type: 'query', id: 1, questions: [] }), 'udp');
    assert.deepEqual(asked, ['second']);
  });

  test('none at all is a failure', async () => {
    await assert.rejects(upstreamOf([], systemClock).ask(Buffer.alloc(12), 'udp'), /no name server/);
  });

  test('resolv.conf names them; oneself is left out', () => {
    const text = 'search a.b\nnameserver 127.0.0.53\nnameserver 10.0.0.2 # first\n  nameserver fd00::1\noptions ndots:5\n';
    assert.deepEqual(nameservers(text), ['10.0.0.2', 'fd00::1']);
  });
});

test('the small ports tell how it does', async (t) => {
  const registry = new Registry();
  let ready = false;
  const [health = 0, readiness = 0, metrics = 0] = await freePorts(3);
  const ports = { health, ready: readiness, metrics };
  t.after(await servePages(host, ports, () => ready, registry));
  const get = async (port: number, path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get(ports.health, '/health'), [200, 'OK']);
  assert.equal((await get(ports.ready, '/ready'))[0], 503);
  ready = true;
  assert.deepEqual(await get(ports.ready, '/ready'), [200, 'OK']);
  assert.equal((await get(ports.metrics, '/metrics'))[0], 200);
  assert.equal((await get(ports.metrics, '/'))[0], 404);
});

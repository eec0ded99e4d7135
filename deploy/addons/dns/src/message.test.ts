import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { encodeAnswer, parseQuery, type Query, type Sections, streamLimit, udpLimit } from './message.ts';

type Decoded = DecodedPacket & { readonly rcode: string };
const read = (bytes: Buffer): Decoded => decode(bytes) as Decoded;

function query(name: string, more: Partial<Packet> = {}): Buffer {
  return encode({ type: 'query', id: 4711, flags: 0x100, questions: [{ type: 'A', name }], ...more });
}

function parsed(bytes: Buffer): Query {
  const result = parseQuery(bytes);
  assert.ok(result && 'query' in result);
  return result.query;
}

const edns = (udpPayloadSize: number): Partial<Packet> => ({
  additionals: [{ type: 'OPT', name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }],
});

function sections(answers: Answer[], more: Partial<Sections> = {}): Sections {
  return { rcode: 'NOERROR', authoritative: true, answers, authorities: [], additionals: [], ...more };
}

const addresses = (name: string, count: number): Answer[] =>
  Array.from({ length: count }, (_, index) => ({ name, type: 'A', ttl: 30, data: `10.0.${index >> 8}.${index & 255}` }));

describe('queries', () => {
  test('a name is asked for in lower case and answered as it was written', () => {
    const bytes = query('WeB.Shop.svc.cluster.local');
    const asked = parsed(bytes);
    assert.deepEqual(asked.question, { name: 'web.shop.svc.cluster.local', type: 'A' });
    const answer = read(encodeAnswer(asked, sections(addresses('web.shop.svc.cluster.local', 1)), 512));
    assert.equal(answer.questions?.[0]?.name, 'WeB.Shop.svc.cluster.local');
    assert.equal(answer.answers?.[0]?.name, 'WeB.Shop.svc.cluster.local');
    assert.deepEqual([answer.id, answer.flag_qr, answer.flag_aa, answer.flag_rd, answer.flag_ra], [4711, true, true, true, true]);
  });

  for (const [what, bytes, rcode] of [
    ['an update', query('a.b', { flags: 5 << 11 }), 'NOTIMP'],
    ['no question', query('a.b', { questions: [] }), 'FORMERR'],
    ['two questions', query('', { questions: ['a', 'b'].map((name) => ({ type: 'A', name })) }), 'FORMERR'],
    ['another class', query('', { questions: [{ type: 'TXT', class: 'CH', name: 'version.bind' }] }), 'REFUSED'],
    ['a transfer', query('', { questions: [{ type: 'AXFR', name: 'cluster.local' }] }), 'REFUSED'],
    ['a query cut short', query('a.cluster.local').subarray(0, 20), 'FORMERR'],
    ['a name that points at itself', Buffer.concat([query('a').subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]), 'FORMERR'],
  ] as const) {
    test(`${what}: ${rcode}`, () => {
      const result = parseQuery(bytes);
      assert.ok(result && 'error' in result);
      assert.equal(read(result.error).rcode, rcode);
      assert.equal(read(result.error).id, 4711);
    });
  }

  test('answers and crumbs are not answered', () => {
    assert.equal(parseQuery(encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'a' }] })), undefined);
    assert.equal(parseQuery(Buffer.alloc(11)), undefined);
  });

  test('EDNS says how much is taken, within reason', () => {
    assert.equal(udpLimit(parsed(query('a'))), 512);
    assert.equal(udpLimit(parsed(query('a', edns(1232)))), 1232);
    assert.equal(udpLimit(parsed(query('a', edns(100)))), 512);
    assert.equal(udpLimit(parsed(query('a', edns(65_000)))), 4096);
  });
});

describe('answers', () => {
  const name = 'db.shop.svc.cluster.local';

  test('what does not fit is left out, and says so', () => {
    const short = encodeAnswer(parsed(query(name)), sections(addresses(name, 100)), 512);
    assert.ok(short.length <= 512 && short.length > 490);
    assert.equal(read(short).flag_tc, true);
    assert.equal(read(short).answers?.length, 29, 'the name stands there once');
    const whole = encodeAnswer(parsed(query(name)), sections(addresses(name, 100)), streamLimit);
    assert.equal(read(whole).flag_tc, false);
    assert.equal(read(whole).answers?.length, 100);
  });

  test('additional records that do not fit are no loss', () => {
    const answer = encodeAnswer(
      parsed(query(name)),
      sections(addresses(name, 1), { additionals: addresses('other.example.org', 100) }),
      512,
    );
    assert.equal(read(answer).flag_tc, false);
    assert.equal(read(answer).answers?.length, 1);
  });

  test('EDNS is answered with EDNS', () => {
    const answer = read(encodeAnswer(parsed(query(name, edns(1232))), sections(addresses(name, 1)), 1232));
    assert.deepEqual(
      answer.additionals?.map(({ type }) => type),
      ['OPT'],
    );
  });

  const seed = Number(process.env.SEED ?? process.hrtime()[1]);
  test(`what is written is what is read (SEED=${seed})`, () => {
    const random = seededRandom(seed);
    const int = (below: number): number => Math.floor(random.next() * below);
    const labels = ['a', 'web', 'shop', 'svc', 'cluster', 'local', 'example', 'org', '10-0-0-1'];
    const anyName = (): string => Array.from({ length: 1 + int(5) }, () => labels[int(labels.length)]).join('.');
    const anyRecord = (): Answer => {
      const [owner, ttl] = [anyName(), int(1000)];
      const all: Answer[] = [
        { name: owner, ttl, type: 'A', data: `10.${int(256)}.0.1` },
        { name: owner, ttl, type: 'AAAA', data: `fd00::${1 + int(9)}` },
        { name: owner, ttl, type: 'CNAME', data: anyName() },
        { name: owner, ttl, type: 'SRV', data: { priority: 0, weight: int(100), port: int(65_536), target: anyName() } },
      ];
      return all[int(all.length)] as Answer;
    };
    const records = (): Answer[] => Array.from({ length: int(6) }, anyRecord);
    for (let round = 0; round < 2000; round++) {
      const given = sections(records(), { authorities: records(), additionals: records() });
      const answer = read(encodeAnswer(parsed(query(anyName())), given, streamLimit));
      const plain = (list: readonly Answer[] = []): unknown =>
        list.map(({ name: owner, type, ...rest }) => ({ owner, type, data: 'data' in rest && rest.data }));
      assert.deepEqual(
        [plain(answer.answers), plain(answer.authorities), plain(answer.additionals)],
        [plain(given.answers), plain(given.authorities), plain(given.additionals)],
      );
    }
  });

  test(`no bytes do harm (SEED=${seed})`, () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 5000; round++) {
      const bytes = query('web.shop.svc.cluster.local', edns(1232));
      for (let hits = 1 + Math.floor(random.next() * 8); hits > 0; hits--)
        bytes[Math.floor(random.next() * bytes.length)] = Math.floor(random.next() * 256);
      const result = parseQuery(bytes.subarray(0, 12 + Math.floor(random.next() * bytes.length)));
      if (result && 'query' in result) encodeAnswer(result.query, sections(addresses('web.shop', 3)), 512);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { endpoint, headless, modelOf, namespace, service, shop, slice } from '../testdata.ts';
import type { Answer, ZoneRecord } from './types.ts';
import { zone } from './zone.ts';

/** An answer in dig's short words: the records, or why there are none. */
function ask(name: string, type: string, model = shop): string[] | string {
  const answer = zone(model, { name, type });
  if (!answer) return 'not ours';
  if (answer.answers.length > 0) return [...answer.answers.map(text), ...(answer.rcode === 'NOERROR' ? [] : [answer.rcode])];
  if (answer.rcode === 'SERVFAIL') return 'SERVFAIL';
  assert.deepEqual(
    answer.authorities.map((record) => record.type),
    ['SOA'],
    'an empty answer says how long it holds',
  );
  return answer.rcode === 'NOERROR' ? 'NODATA' : answer.rcode;
}

function text({ name, type, data }: ZoneRecord): string {
  const shown = typeof data === 'string' ? data : 'target' in data ? `${data.weight} ${data.port} ${data.target}` : data.mname;
  return `${name.replace('.svc.cluster.local', '')} ${type} ${shown.replace('.svc.cluster.local', '')}`;
}

const svc = (name: string): string => `${name}.svc.cluster.local`;

const table: readonly (readonly [what: string, name: string, type: string, answer: string[] | string])[] = [
  ['a service', svc('web.shop'), 'A', ['web.shop A 10.96.0.20']],
  ['a service without IPv6', svc('web.shop'), 'AAAA', 'NODATA'],
  ['a service of two families', svc('dual.shop'), 'AAAA', ['dual.shop AAAA fd00::21']],
  ['no such service', svc('gone.shop'), 'A', 'NXDOMAIN'],
  ['no such namespace', svc('web.gone'), 'A', 'NXDOMAIN'],
  ['all ports of a service', svc('web.shop'), 'SRV', ['web.shop SRV 50 80 web.shop', 'web.shop SRV 50 53 web.shop']],
  ['a named port', svc('_http._tcp.web.shop'), 'SRV', ['_http._tcp.web.shop SRV 100 80 web.shop']],
  ['a UDP port', svc('_dns._udp.web.shop'), 'SRV', ['_dns._udp.web.shop SRV 100 53 web.shop']],
  ['the wrong protocol', svc('_http._udp.web.shop'), 'SRV', 'NXDOMAIN'],
  ['an address of a port', svc('_http._tcp.web.shop'), 'A', 'NODATA'],
  ['headless: the ready ones', svc('db.shop'), 'A', ['db.shop A 10.244.0.5', 'db.shop A 10.244.0.6']],
  ['headless: a hostname', svc('db-0.db.shop'), 'A', ['db-0.db.shop A 10.244.0.5']],
  ['headless: an address for a name', svc('10-244-0-6.db.shop'), 'A', ['10-244-0-6.db.shop A 10.244.0.6']],
  ['headless: one with a hostname goes by it', svc('10-244-0-5.db.shop'), 'A', 'NXDOMAIN'],
  ['headless: not ready', svc('10-244-0-9.db.shop'), 'A', 'NXDOMAIN'],
  [
    'headless: ports',
    svc('_http._tcp.db.shop'),
    'SRV',
    ['_http._tcp.db.shop SRV 50 8080 db-0.db.shop', '_http._tcp.db.shop SRV 50 8080 10-244-0-6.db.shop'],
  ],
  ['headless: the port of one', svc('db-0.db.shop'), 'SRV', ['db-0.db.shop SRV 100 8080 db-0.db.shop']],
  ['headless: no such port', svc('_admin._tcp.db.shop'), 'SRV', 'NXDOMAIN'],
  ['headless: nobody', svc('nobody.shop'), 'A', 'NXDOMAIN'],
  ['an endpoint of a service with an address', svc('10-244-0-7.web.shop'), 'A', ['10-244-0-7.web.shop A 10.244.0.7']],
  ['an external name', svc('mail.shop'), 'A', ['mail.shop CNAME mail.example.org']],
  ['an external name itself', svc('mail.shop'), 'CNAME', ['mail.shop CNAME mail.example.org']],
  ['an external name has no endpoints', svc('x.mail.shop'), 'A', 'NXDOMAIN'],
  ['an external name in the cluster', svc('alias.shop'), 'A', ['alias.shop CNAME web.shop', 'web.shop A 10.96.0.20']],
  ['an external name of nobody', svc('lost.shop'), 'A', ['lost.shop CNAME gone.shop', 'NXDOMAIN']],
  ['external names in a circle', svc('round.shop'), 'A', 'SERVFAIL'],
  ['a pod', '10-1-2-3.shop.pod.cluster.local', 'A', ['10-1-2-3.shop.pod.cluster.local A 10.1.2.3']],
  ['a pod of two families', 'fd00--5.shop.pod.cluster.local', 'AAAA', ['fd00--5.shop.pod.cluster.local AAAA fd00::5']],
  ['a pod without IPv6', '10-1-2-3.shop.pod.cluster.local', 'AAAA', 'NODATA'],
  ['a pod of no namespace', '10-1-2-3.gone.pod.cluster.local', 'A', 'NXDOMAIN'],
  ['a pod that is no address', 'web.shop.pod.cluster.local', 'A', 'NXDOMAIN'],
  ['a namespace', svc('empty'), 'A', 'NODATA'],
  ['no namespace', svc('gone'), 'A', 'NXDOMAIN'],
  ['all services', 'svc.cluster.local', 'A', 'NODATA'],
  ['the domain', 'cluster.local', 'A', 'NODATA'],
  ['who answers', 'cluster.local', 'NS', ['cluster.local NS ns.dns.cluster.local']],
  ['where', 'ns.dns.cluster.local', 'A', ['ns.dns.cluster.local A 10.96.0.10']],
  ['the start of authority', 'cluster.local', 'SOA', ['cluster.local SOA ns.dns.cluster.local']],
  ['the version of the rules', 'dns-version.cluster.local', 'TXT', ['dns-version.cluster.local TXT 1.1.0']],
  ['too many labels', svc('a.b.c.web.shop'), 'A', 'NXDOMAIN'],
  ['something else in the domain', 'x.cluster.local', 'A', 'NXDOMAIN'],
  ['a domain that ends alike', 'mycluster.local', 'A', 'not ours'],
  ['the world', 'example.org', 'A', 'not ours'],
  ['the root', '', 'NS', 'not ours'],
  ['whose address a service is', '20.0.96.10.in-addr.arpa', 'PTR', ['20.0.96.10.in-addr.arpa PTR web.shop']],
  ['whose address an endpoint is', '5.0.244.10.in-addr.arpa', 'PTR', ['5.0.244.10.in-addr.arpa PTR db-0.db.shop']],
  ['a headless endpoint without a hostname', '6.0.244.10.in-addr.arpa', 'PTR', ['6.0.244.10.in-addr.arpa PTR 10-244-0-6.db.shop']],
  ['an endpoint that has no name of its own', '7.0.244.10.in-addr.arpa', 'PTR', 'not ours'],
  ['an address that is not ours', '1.2.0.192.in-addr.arpa', 'PTR', 'not ours'],
  ['half an address', '96.10.in-addr.arpa', 'PTR', 'not ours'],
  ['something else of our address', '20.0.96.10.in-addr.arpa', 'A', 'NODATA'],
  ['an IPv6 address', `1.2.${'0.'.repeat(26)}0.0.d.f.ip6.arpa`, 'PTR', [`1.2.${'0.'.repeat(26)}0.0.d.f.ip6.arpa PTR dual.shop`]],
];

describe('the zone', () => {
  for (const [what, name, type, answer] of table) test(what, () => assert.deepEqual(ask(name, type), answer));

  test('addresses come along with ports', () => {
    const { additionals } = zone(shop, { name: svc('_http._tcp.db.shop'), type: 'SRV' }) as Answer;
    assert.deepEqual(additionals.map(text), ['db-0.db.shop A 10.244.0.5', '10-244-0-6.db.shop A 10.244.0.6']);
  });

  test('names outside the cluster are left to others', () => {
    assert.equal(zone(shop, { name: svc('mail.shop'), type: 'A' })?.follow, 'mail.example.org');
    assert.equal(zone(shop, { name: svc('mail.shop'), type: 'CNAME' })?.follow, undefined);
  });

  test('endpoints of two slices are one service; both families of a host are one name', () => {
    const model = modelOf(
      namespace('shop'),
      headless('db'),
      slice('db', [endpoint('10.244.0.5', { hostname: 'a' })]),
      slice('db', [endpoint('fd00::5', { hostname: 'a' })], {
        metadata: { ...slice('db', []).metadata, name: 'db-6' },
        addressType: 'IPv6',
      }),
    );
    assert.deepEqual(ask(svc('a.db.shop'), 'A', model), ['a.db.shop A 10.244.0.5']);
    assert.deepEqual(ask(svc('a.db.shop'), 'AAAA', model), ['a.db.shop AAAA fd00::5']);
    assert.deepEqual(ask(svc('_http._tcp.db.shop'), 'SRV', model), ['_http._tcp.db.shop SRV 100 8080 a.db.shop']);
  });
});

const seed = Number(process.env.SEED ?? process.hrtime()[1]);

test(`whatever is asked, an answer is whole (SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const labels = [
    'web',
    'db',
    'mail',
    'round',
    'shop',
    'svc',
    'pod',
    'dns',
    'ns',
    '_http',
    '_tcp',
    '10-244-0-6',
    'db-0',
    'dns-version',
    '',
    '1',
    'x',
  ];
  const ends = ['cluster.local', 'in-addr.arpa', 'ip6.arpa', 'org'];
  const types = ['A', 'AAAA', 'SRV', 'PTR', 'TXT', 'SOA', 'NS', 'CNAME', 'ANY', 'UNKNOWN_65'];
  for (let round = 0; round < 20_000; round++) {
    const name = [...Array.from({ length: Math.floor(random.next() * 6) }, () => pick(labels)), pick(ends)].join('.');
    const question = { name, type: pick(types) };
    const answer = zone(shop, question);
    if (!answer) continue;
    assert.ok(answer.answers.length > 0 || answer.rcode === 'SERVFAIL' || answer.authorities.length === 1, name);
    const owners = new Set([name, ...answer.answers.flatMap(({ type, data }) => (type === 'CNAME' ? [data] : []))]);
    for (const record of answer.answers) {
      assert.ok(owners.has(record.name), `${name}: ${record.name} was not asked for`);
      assert.ok(record.type === question.type || record.type === 'CNAME', `${name}: ${record.type} was not asked for`);
    }
  }
});

test('a service that is created and removed leaves nothing', () => {
  const before = modelOf(namespace('shop'));
  assert.equal(ask(svc('web.shop'), 'A', before), 'NXDOMAIN');
  assert.deepEqual(ask(svc('web.shop'), 'A', modelOf(namespace('shop'), service('web'))), ['web.shop A 10.96.0.20']);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Random, seededRandom } from '@keelson/base';
import { recordingLogger } from '@keelson/testing';
import { kinds } from '../../kinds/index.ts';
import type { KindDefinition } from '../../kinds/types.ts';
import { type Answer, deploymentOf, type Fixture, podOf, startServer } from '../../testing/fixture.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20_260_101);
const rounds = Number(process.env.FUZZ_ROUNDS ?? 1_500);
const log = recordingLogger();
let server: Fixture;

before(async () => {
  server = await startServer({ log });
  await server.send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
});
after(() => server.close());

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;

const words = [
  '',
  'a',
  'default',
  'spec',
  'metadata',
  'name',
  '__proto__',
  'constructor',
  'toString',
  '../..',
  'x'.repeat(300),
  '日本',
  '\u0000',
  '%',
  '1',
  'Pod',
  'v1',
  '10.96.0.9',
  'None',
];
const numbers = [0, -1, 1, 1.5, 65_536, 2 ** 31, -(2 ** 31), 2 ** 53, 1e300];

/** Any JSON. */
function value(random: Random, depth = 0): unknown {
  const kind = Math.floor(random.next() * (depth > 4 ? 4 : 6));
  if (kind === 0) return null;
  if (kind === 1) return random.next() < 0.5;
  if (kind === 2) return pick(random, numbers);
  if (kind === 3) return pick(random, words);
  const members = Array.from({ length: Math.floor(random.next() * 4) }, () => value(random, depth + 1));
  if (kind === 4) return members;
  return Object.fromEntries(members.map((member) => [pick(random, words), member]));
}

/** A copy with a few members replaced, removed, doubled or added. */
function mutated(random: Random, original: unknown): unknown {
  const copy = structuredClone(original);
  for (let n = 1 + Math.floor(random.next() * 3); n > 0; n--) {
    const places = placesIn(copy);
    if (places.length === 0) return value(random);
    const [holder, key] = pick(random, places);
    const how = random.next();
    if (how < 0.35) holder[key] = value(random, 3);
    else if (how < 0.6) delete holder[key];
    else if (how < 0.8) holder[key] = pick(random, [null, '', [], {}, 0, -1, '*']);
    else holder[pick(random, words)] = value(random, 3);
  }
  return copy;
}

function placesIn(root: unknown): Array<[Record<string, unknown>, string]> {
  const places: Array<[Record<string, unknown>, string]> = [];
  const visit = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return;
    for (const [key, member] of Object.entries(one)) {
      places.push([one as Record<string, unknown>, key]);
      visit(member);
    }
  };
  visit(root);
  return places;
}

const samples: Readonly<Record<string, object>> = {
  ConfigMap: { metadata: { name: 'f', labels: { a: 'b' } }, data: { k: 'v' }, binaryData: { b: 'AA==' } },
  Secret: { metadata: { name: 'f' }, type: 'Opaque', data: { k: 'AA==' }, stringData: { s: 't' } },
  Pod: podOf('f', {
    spec: {
      nodeName: 'n1',
      initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Always' }],
      containers: [
        {
          name: 'main',
          image: 'x',
          env: [{ name: 'E', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          ports: [{ containerPort: 80, name: 'http' }],
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
          resources: { limits: { cpu: '1' }, requests: { cpu: '500m' } },
          livenessProbe: { httpGet: { port: 'http' } },
        },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3 }],
    },
  }),
  Deployment: deploymentOf('f', { strategy: { rollingUpdate: { maxSurge: '10%' } } }),
  Service: {
    metadata: { name: 'f' },
    spec: { type: 'NodePort', selector: { a: 'b' }, ports: [{ name: 'p', port: 80, targetPort: 'x', nodePort: 30_100 }] },
  },
  Endpoints: { metadata: { name: 'f' }, subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  EndpointSlice: { metadata: { name: 'f' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] },
  Event: { metadata: { name: 'f' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'x' }, reason: 'R' },
  Node: { metadata: { name: 'f' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] }, status: { capacity: { cpu: '4' } } },
  Lease: { metadata: { name: 'f' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 10, renewTime: '2026-01-01T00:00:00.000000Z' } },
  Role: { metadata: { name: 'f' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  RoleBinding: {
    metadata: { name: 'f' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'f' },
    subjects: [{ kind: 'User', name: 'u' }],
  },
  TokenReview: { spec: { token: 'a.b.c', audiences: ['x'] } },
  SubjectAccessReview: { spec: { user: 'a', resourceAttributes: { verb: 'get', resource: 'pods' } } },
};
const sampleOf = ({ kind }: Pick<KindDefinition, 'kind'>): object =>
  samples[kind.kind] ?? { metadata: { name: 'f' }, spec: {}, status: {} };

function pathOf({ kind }: Pick<KindDefinition, 'kind'>, name = '', subresource = ''): string {
  const base = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const path = `${base}${kind.namespaced ? '/namespaces/default' : ''}/${kind.resource}`;
  return name ? `${path}/${name}${subresource && `/${subresource}`}` : path;
}

function unbroken(answer: Answer, what: string): void {
  assert.ok(answer.status < 500, `seed ${seed}: ${what}: ${answer.status} ${answer.text.slice(0, 500)}`);
}

async function alive(): Promise<void> {
  const fresh = await server.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { generateName: 'alive-' } });
  assert.equal(fresh.status, 201, fresh.text);
  const { name } = fresh.json<{ metadata: { name: string } }>().metadata;
  assert.equal((await server.send('GET', `/api/v1/namespaces/default/configmaps/${name}`)).status, 200);
  const errors = log.entries.filter(({ level, message }) => level === 'error' || message.includes('watch on the store broke'));
  assert.deepEqual(errors, []);
  for (const definition of kinds) {
    const readable = !definition.verbs || definition.verbs.includes('list');
    if (!readable) continue;
    unbroken(
      await server.send('GET', pathOf(definition), undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
      `table of ${definition.kind.kind}`,
    );
  }
}

test('bodies of any shape, and valid ones changed here and there', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round++) {
    const definition = pick(random, kinds);
    const body = random.next() < 0.2 ? value(random) : mutated(random, sampleOf(definition));
    const text = JSON.stringify(body) ?? '';
    const cut = random.next() < 0.05 ? text.slice(0, Math.floor(random.next() * text.length)) : text;
    const type = random.next() < 0.15 ? 'application/yaml' : 'application/json';
    const subresource = pick(random, ['', '', '', 'status', 'scale', 'binding', 'eviction', 'token', 'finalize', 'log', 'exec']);
    const [method, path] = pick(random, [
      ['POST', subresource ? pathOf(definition, 'f', subresource) : pathOf(definition)],
      ['POST', pathOf(definition)],
      ['PUT', pathOf(definition, 'f', subresource)],
      ['DELETE', pathOf(definition, 'f')],
    ] as const);
    const sent = method === 'DELETE' && random.next() < 0.7 ? { gracePeriodSeconds: 0 } : cut;
    unbroken(await server.send(method, path, sent, { 'content-type': type }), `${method} ${path} ${JSON.stringify(sent).slice(0, 2_000)}`);
  }
  await alive();
});

test('patches of any kind', async () => {
  const random = seededRandom(seed + 1);
  for (let round = 0; round < rounds; round++) {
    const definition = pick(random, kinds);
    if (round % 7 === 0) await server.send('POST', pathOf(definition), sampleOf(definition));
    const operation = (): unknown => ({
      op: pick(random, ['add', 'remove', 'replace', 'move', 'copy', 'test', '']),
      path: pick(random, [
        '',
        '/',
        '/metadata',
        '/spec',
        '/metadata/labels/a~1b',
        '/__proto__/x',
        '/spec/containers/0',
        '/spec/containers/-',
        '/metadata/name',
      ]),
      from: pick(random, ['', '/spec', '/metadata/labels', '/a']),
      value: value(random, 3),
    });
    const type = pick(random, [
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
    ]);
    const partial = random.next() < 0.3 ? value(random) : mutated(random, sampleOf(definition));
    const list = Array.from({ length: 1 + Math.floor(random.next() * 3) }, operation);
    const directive = {
      spec: { $patch: pick(random, words), $retainKeys: value(random, 4), '$setElementOrder/containers': value(random, 3) },
    };
    const body = type.includes('json-patch') ? list : random.next() < 0.1 ? directive : partial;
    const path = pathOf(definition, 'f', pick(random, ['', '', 'status', 'scale']));
    unbroken(
      await server.send('PATCH', path, JSON.stringify(body) ?? '', { 'content-type': type }),
      `${type} ${path} ${JSON.stringify(body)}`,
    );
  }
  await alive();
});

test('queries: selectors, tokens, versions, limits, forms', async () => {
  const random = seededRandom(seed + 2);
  const text = (): string =>
    Array.from({ length: Math.floor(random.next() * 8) }, () =>
      pick(random, [
        'a',
        '=',
        '!',
        ',',
        '(',
        ')',
        ' in ',
        'notin',
        '<',
        '>',
        '\\',
        '"',
        '日',
        '\u0000',
        '1',
        '%',
        'metadata.name',
        '__proto__',
      ]),
    ).join('');
  const token = (): string =>
    pick(random, [
      text(),
      Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: pick(random, [-1, 0, 1, 1e9, 'x']), start: pick(random, words) })).toString(
        'base64url',
      ),
    ]);
  for (let round = 0; round < rounds; round++) {
    const definition = pick(random, kinds);
    const query = new URLSearchParams();
    for (const [name, make] of [
      ['labelSelector', text],
      ['fieldSelector', text],
      ['continue', token],
      ['limit', () => String(pick(random, [...numbers, 'x']))],
      ['resourceVersion', () => pick(random, ['0', '1', 'x', '-1', '9'.repeat(3)])],
      ['resourceVersionMatch', () => pick(random, ['Exact', 'NotOlderThan', 'x'])],
      ['pretty', text],
      ['includeObject', text],
    ] as const)
      if (random.next() < 0.3) query.set(name, make());
    if (query.get('resourceVersion') === '999' || /"rv":1000000000/.test(Buffer.from(query.get('continue') ?? '', 'base64url').toString()))
      continue;
    const accept = pick(random, [
      'application/json',
      'application/yaml',
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      text(),
    ]);
    const path = `${pathOf(definition)}?${query}`;
    unbroken(await server.send('GET', path, undefined, { accept }), `${path} ${accept}`);
  }
  await alive();
});

test('protobuf of any bytes', async () => {
  const random = seededRandom(seed + 3);
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer => {
    const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
    return Buffer.concat([
      Buffer.from('k8s\0'),
      field(1, Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))])),
      field(2, raw),
    ]);
  };
  for (let round = 0; round < rounds; round++) {
    const definition = pick(random, kinds);
    const bytes = Buffer.from(
      Array.from({ length: Math.floor(random.next() * 100) }, () =>
        random.next() < 0.5 ? Math.floor(random.next() * 256) : pick(random, [0x0a, 0x12, 0x1a, 2, 3, 1, 0]),
      ),
    );
    const { apiVersion, kind } = definition.kind;
    const body = pick(random, [
      bytes,
      Buffer.concat([Buffer.from('k8s\0'), bytes]),
      envelope(apiVersion, kind, bytes),
      envelope(apiVersion, 'Nope', bytes),
    ]);
    unbroken(await server.send('POST', pathOf(definition), body, headers), `${kind} ${body.toString('hex')}`);
  }
  await alive();
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Random, seededRandom, systemRandom } from '@keelson/base';
import type { ManagedFieldsEntry, Status } from '@keelson/types';
import { type Answer, deploymentOf, type Fixture, podOf, startServer } from '../testing/fixture.ts';

const seed = Number(process.env.SEED ?? Math.floor(systemRandom.next() * 1e9));
const cases = Number(process.env.CASES ?? 2_000);
console.log(`seed ${seed}`);

let server: Fixture;
before(async () => {
  server = await startServer({ disabledAdmission: ['ServiceAccount'] });
});
after(() => server.close());

type Json = Record<string, unknown>;

const autoscaler = {
  apiVersion: 'autoscaling/v1',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'f' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' }, maxReplicas: 3, targetCPUUtilizationPercentage: 5 },
};
const owned = { finalizers: ['a/b'], ownerReferences: [{ uid: 'u', name: 'n', kind: 'K', apiVersion: 'v1' }] };
const service = { ports: [{ port: 80 }, { port: 443, name: 'x' }], selector: { a: 'b' } };
const kinds: readonly [path: string, object: object][] = [
  ['/apis/apps/v1/namespaces/default/deployments/f', deploymentOf('f')],
  ['/api/v1/namespaces/default/pods/f', podOf('f')],
  [
    '/api/v1/namespaces/default/configmaps/f',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'f', labels: { a: 'b' }, ...owned }, data: { a: '1' } },
  ],
  ['/api/v1/namespaces/default/services/f', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'f' }, spec: service }],
  ['/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/f', autoscaler],
];
const members = ['metadata', 'spec', 'status', 'managedFields', 'finalizers', 'ownerReferences', 'labels', 'x', '__proto__'];

/** Bodies that are nearly right. */
class Mutator {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random.next() * list.length)] as T;
  }

  junk(): unknown {
    const scalars = [null, '', 0, -1, 1.5, 1e30, true, 'x', '__proto__', '\u0000', 'k:{"a":1}'];
    const lists = [[], [null], [[]], [{}], [{ name: 'a' }, { name: 'a' }], [1, '1', true]];
    return this.pick<unknown>([...scalars, ...lists, {}, { a: null }, { constructor: 1 }, JSON.parse('{"__proto__":{"x":1}}')]);
  }

  mutated(value: unknown): unknown {
    if (this.chance(0.06)) return this.junk();
    if (Array.isArray(value)) {
      const items: unknown[] = value.map((item) => this.mutated(item));
      return this.chance(0.1) ? [...items, this.chance(0.5) ? this.junk() : items[0]] : items;
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, inner]) => [name, this.mutated(inner)] as const);
    return Object.fromEntries(this.chance(0.1) ? [...entries, [this.pick(members), this.junk()] as const] : entries);
  }
}

function write(mutator: Mutator, [path, object]: readonly [string, object], i: number): Promise<Answer> {
  const where = path + (mutator.chance(0.15) ? '/status' : mutator.chance(0.05) ? '/scale' : '');
  const body = mutator.mutated(object);
  const way = mutator.random.next();
  if (way < 0.7) {
    const query = `fieldManager=${mutator.pick(['a', 'b', 'kubectl'])}${mutator.chance(0.5) ? '&force=true' : ''}`;
    return server.send('PATCH', `${where}?${query}`, body, { 'content-type': 'application/apply-patch+yaml' });
  }
  if (way < 0.85) {
    const metadata = { labels: { x: String(i) }, managedFields: mutator.junk() };
    const headers = { 'content-type': 'application/merge-patch+json', 'user-agent': mutator.pick(['u/1', 'v/1', '']) };
    return server.send('PATCH', where, mutator.mutated({ metadata }), headers);
  }
  return way < 0.95 ? server.send('PUT', where, body) : server.send('DELETE', path);
}

/** A configuration that does not fit is the one thing that Kubernetes answers with a 500. */
const expected = /^failed to create typed patch object/;

function checkAnswer(answer: Answer, what: string): void {
  const known = answer.status < 500 || expected.test(answer.json<Status>().message ?? '');
  assert.ok(known, `${what}: ${answer.text}`);
}

function checkAccount(object: Json, what: string): void {
  const { managedFields = [] } = object.metadata as { managedFields?: ManagedFieldsEntry[] };
  const owners = managedFields.map(
    ({ manager, operation, apiVersion, subresource }) => `${manager} ${operation} ${apiVersion} ${subresource}`,
  );
  assert.equal(new Set(owners).size, owners.length, what);
  for (const { manager, fieldsV1 } of managedFields) assert.ok(manager && Object.keys(fieldsV1 ?? {}).length > 0, what);
}

test(`whatever is written, in whatever way: an answer, and an account that reads (${cases} cases)`, async () => {
  for (let i = 0; i < cases; i++) {
    const mutator = new Mutator(seededRandom(seed + i));
    const kind = mutator.pick(kinds);
    const what = `seed ${seed + i}`;
    checkAnswer(await write(mutator, kind, i), what);
    const present = await server.send('GET', kind[0]);
    if (present.status === 200) checkAccount(present.json<Json>(), what);
  }
});

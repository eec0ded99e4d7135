import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, node, pod, service } from '@keelson/testing';
import type { EndpointSlice, Node, Pod, Service } from '@keelson/types';
import { planEndpoints } from '../endpoints/plan.ts';
import { type Plan, planSlices } from './plan.ts';

function backend(
  n: number,
  parts: { ready?: boolean; terminating?: boolean; ports?: { name: string; containerPort: number }[] } = {},
): Pod {
  const ip = `10.0.${Math.floor(n / 200)}.${(n % 200) + 1}`;
  const { ready = true, terminating = false, ports } = parts;
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: created }];
  return pod({
    name: `p${n}`,
    node: 'n1',
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions },
    ...(terminating ? { metadata: { deletionTimestamp: created } } : {}),
    ...(ports ? { spec: { containers: [{ name: 'main', ports }] } } : {}),
  });
}

const web = service({ name: 'web', labels: { tier: 'front' } });

const zoned = (name: string, zone: string): Node => node({ name, labels: { 'topology.kubernetes.io/zone': zone } });

function plan(pods: readonly Pod[], slices: readonly EndpointSlice[], of: Service = web, max = 100, nodes = [zoned('n1', 'z1')]): Plan {
  return planSlices({
    service: of,
    pods,
    slices,
    nodeOf: (name) => nodes.find(({ metadata }) => metadata.name === name),
    nodes: () => nodes,
    max,
  });
}

/** Slices as the server has them after a plan. */
function applied(slices: readonly EndpointSlice[], { create, update, remove }: Plan): EndpointSlice[] {
  const named = create.map((slice, i) => ({ ...slice, metadata: { ...slice.metadata, name: `s${slices.length + i}` } }));
  const byName = new Map(update.map((slice) => [slice.metadata.name, slice]));
  return [...slices.filter((slice) => !remove.includes(slice)).map((slice) => byName.get(slice.metadata.name) ?? slice), ...named];
}

const writes = ({ create, update, remove }: Plan): number[] => [create.length, update.length, remove.length];

test('a service without pods has one empty slice, and keeps it', () => {
  const first = plan([], []);
  assert.deepEqual(writes(first), [1, 0, 0]);
  const [slice] = first.create;
  assert.deepEqual(slice?.metadata.labels, {
    tier: 'front',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    'kubernetes.io/service-name': 'web',
  });
  assert.equal(slice?.metadata.generateName, 'web-');
  assert.deepEqual([slice?.endpoints, slice?.ports], [[], []]);
  assert.deepEqual(writes(plan([], applied([], first))), [0, 0, 0]);
});

test('pods fill the empty slice; nothing is written when nothing changed', () => {
  const empty = applied([], plan([], []));
  const pods = [backend(1), backend(2, { ready: false }), backend(3, { terminating: true })];
  const filled = plan(pods, empty);
  assert.deepEqual(writes(filled), [0, 1, 0]);
  const [slice] = filled.update;
  assert.deepEqual(
    slice?.endpoints?.map(({ conditions }) => conditions),
    [
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ],
  );
  assert.deepEqual(slice?.endpoints?.[0]?.targetRef, { kind: 'Pod', namespace: 'default', name: 'p1', uid: 'pod-default-p1' });
  assert.equal(slice?.metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time'], created);
  assert.deepEqual(writes(plan(pods, applied(empty, filled))), [0, 0, 0]);
});

test('endpoints spread over slices of at most max, and a change touches one of them', () => {
  const pods = Array.from({ length: 250 }, (_, i) => backend(i));
  const slices = applied([], plan(pods, []));
  assert.deepEqual(
    slices.map(({ endpoints }) => endpoints?.length),
    [100, 100, 50],
  );
  assert.deepEqual(writes(plan(pods.with(7, backend(7, { ready: false })), slices)), [0, 1, 0]);
  assert.deepEqual(writes(plan([...pods, backend(300)], slices)), [0, 1, 0]);
  assert.deepEqual(writes(plan(pods.slice(100), slices)), [0, 0, 1]);
  assert.deepEqual(writes(plan([], slices)), [0, 1, 2]);
});

test('named ports that differ between pods make slices of their own', () => {
  const of = service({ name: 'web', ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] });
  const on = (n: number, containerPort: number): Pod => backend(n, { ports: [{ name: 'http', containerPort }] });
  const { create } = plan([on(1, 8080), on(2, 9090)], [], of);
  assert.deepEqual(
    create.map(({ ports }) => ports?.[0]?.port),
    [8080, 9090],
  );
});

test('headless services are labelled, unready pods published when asked for', () => {
  const of = service({ name: 'web', clusterIP: 'None', spec: { publishNotReadyAddresses: true } });
  const [slice] = plan([backend(1, { ready: false })], [], of).create;
  assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '');
  assert.equal(slice?.endpoints?.[0]?.conditions?.ready, true);
});

test('Endpoints hold ready and unready addresses apart', () => {
  const pods = [backend(2), backend(1), backend(3, { ready: false }), backend(4, { terminating: true })];
  const made = planEndpoints(web, pods, undefined);
  const [subset] = made?.subsets ?? [];
  assert.deepEqual(
    subset?.addresses?.map(({ ip }) => ip),
    ['10.0.0.2', '10.0.0.3'],
  );
  assert.deepEqual(
    subset?.notReadyAddresses?.map(({ ip }) => ip),
    ['10.0.0.4'],
  );
  assert.deepEqual(subset?.ports, [{ port: 80, protocol: 'TCP' }]);
  assert.equal(planEndpoints(web, pods, made), undefined);
});

test('slices of a former service of the same name are replaced, not taken over', () => {
  const pods = [backend(1)];
  const left = applied([], plan(pods, []));
  const again = { ...web, metadata: { ...web.metadata, uid: 'another' } };
  assert.deepEqual(writes(plan(pods, left, again)), [1, 0, 1]);
});

test('a pod whose node is not there is left out until it is, unless all addresses are published', () => {
  const pods = [backend(1)];
  const { create, lost } = planSlices({ service: web, pods, slices: [], nodeOf: () => undefined, nodes: () => [], max: 100 });
  assert.deepEqual([create[0]?.endpoints, lost], [[], pods]);
  const all = service({ name: 'web', spec: { publishNotReadyAddresses: true } });
  const published = planSlices({ service: all, pods, slices: [], nodeOf: () => undefined, nodes: () => [], max: 100 });
  assert.deepEqual([published.create[0]?.endpoints?.length, published.lost], [1, []]);
});

const zone = { forZones: [{ name: 'z1' }] };
for (const [trafficDistribution, hints] of [
  ['PreferClose', zone],
  ['PreferSameZone', zone],
  ['PreferSameNode', { ...zone, forNodes: [{ name: 'n1' }] }],
  [undefined, undefined],
] as const)
  test(`hints of ready endpoints for ${trafficDistribution}, and none once nobody asks`, () => {
    const of = { ...web, spec: { ...web.spec, ...(trafficDistribution ? { trafficDistribution } : {}) } };
    const made = plan([backend(1), backend(2, { ready: false })], [], of);
    assert.deepEqual(
      made.create[0]?.endpoints?.map((endpoint) => endpoint.hints),
      [hints, undefined],
    );
    const after = plan([backend(1), backend(2, { ready: false })], applied([], made));
    assert.equal(after.update.length, hints ? 1 : 0);
    assert.ok(after.update[0]?.endpoints?.every((endpoint) => endpoint.hints === undefined) ?? true);
    const nowhere = plan([backend(1)], [], of, 100, [node({ name: 'n1' })]);
    assert.deepEqual(nowhere.create[0]?.endpoints?.[0]?.hints, hints && 'forNodes' in hints ? { forNodes: hints.forNodes } : undefined);
  });

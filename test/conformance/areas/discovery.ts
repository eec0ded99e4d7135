import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { Context } from '../context.ts';
import { type Custom, definePrimed } from '../custom.ts';
import type { Specs } from '../specs.ts';

const wanted = [
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  'apiregistration.k8s.io/v1/apiservices',
  'apps/v1/deployments',
  'authentication.k8s.io/v1/tokenreviews',
  'authorization.k8s.io/v1/selfsubjectaccessreviews',
  'autoscaling/v1/horizontalpodautoscalers',
  'autoscaling/v2/horizontalpodautoscalers',
  'batch/v1/jobs',
  'certificates.k8s.io/v1/certificatesigningrequests',
  'coordination.k8s.io/v1/leases',
  'discovery.k8s.io/v1/endpointslices',
  'events.k8s.io/v1/events',
  'networking.k8s.io/v1/ingresses',
  'node.k8s.io/v1/runtimeclasses',
  'policy/v1/poddisruptionbudgets',
  'scheduling.k8s.io/v1/priorityclasses',
  'storage.k8s.io/v1/csinodes',
];

interface GroupDiscovery {
  readonly metadata: { name?: string };
  readonly versions: {
    version: string;
    freshness?: string;
    resources: { resource: string; scope: string; verbs: string[]; responseKind?: { kind: string } | null }[];
  }[];
}

const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** What the official client asks for. */
const client = `${v2},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`;

/** All that one document of aggregated discovery lists, as `GROUP/VERSION/RESOURCE`. */
async function aggregated(c: Context, path: string, accept: string): Promise<string[]> {
  const reply = await c.ask({ path, headers: { accept } });
  assert.equal(reply.status, 200, reply.text);
  assert.match(String(reply.headers['content-type']), /as=APIGroupDiscoveryList/);
  const list = reply.json<{ kind: string; apiVersion: string; items: GroupDiscovery[] }>();
  assert.deepEqual([list.kind, list.apiVersion], ['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
  return list.items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) => resources.map(({ resource }) => `${metadata.name ?? ''}/${version}/${resource}`)),
  );
}

const includes = (found: readonly string[], names: readonly string[]): void =>
  assert.deepEqual(
    names.filter((name) => !found.includes(name)),
    [],
  );

const nameOf = ({ definition }: Custom): string => `${definition.spec.group}/v1/${definition.spec.names.plural}`;

async function findsCustom(c: Context, accept: string): Promise<void> {
  const name = nameOf(await definePrimed(c));
  await eventually(async () => (await aggregated(c, '/apis', accept)).includes(name), { deadlineMs: 30_000 });
}

const aggregation = '[sig-api-machinery] AggregatedDiscovery';

export const discovery: Specs = {
  async '[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup'(c) {
    const { groups } = await c.must<{ groups: { name: string }[] }>({ path: '/apis/' });
    assert.ok(groups.length > 0);
    for (const { name } of groups.filter((group) => !group.name.endsWith('.example.com'))) {
      type Group = { versions: { groupVersion: string }[]; preferredVersion: { groupVersion: string } };
      const { versions, preferredVersion } = await c.must<Group>({ path: `/apis/${name}/` });
      assert.ok(
        versions.some(({ groupVersion }) => groupVersion === preferredVersion.groupVersion),
        name,
      );
    }
  },

  async '[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup'(c) {
    for (const path of ['/api/v1/namespaces', ...wanted.map((name) => `/apis/${name}`)]) {
      const [at, resource] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
      const list = await c.must<{ groupVersion: string; resources: { name: string }[] }>({ path: at });
      assert.equal(list.groupVersion, at.replace(/^\/apis?\//, ''));
      assert.ok(
        list.resources.some(({ name }) => name === resource),
        path,
      );
    }
  },

  async [`${aggregation} should support raw aggregated discovery endpoint Accept headers`](c) {
    includes(await aggregated(c, '/apis', v2), wanted);
    includes(await aggregated(c, '/api', v2), ['/v1/namespaces']);
  },

  [`${aggregation} should support raw aggregated discovery request for CRDs`]: (c) => findsCustom(c, v2),

  async [`${aggregation} should support aggregated discovery interface`](c) {
    includes(await aggregated(c, '/apis', client), wanted);
    includes(await aggregated(c, '/api', client), ['/v1/namespaces']);
  },

  [`${aggregation} should support aggregated discovery interface for CRDs`]: (c) => findsCustom(c, client),
};

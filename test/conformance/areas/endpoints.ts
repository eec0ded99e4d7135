import assert from 'node:assert/strict';
import type { EndpointSlice, Endpoints, Pod, Service } from '@keelson/types';
import type { Context } from '../context.ts';
import { paused, pausePod, podsOf } from '../pods.ts';
import { until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

export const endpoints: Specs = {
  async '[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service'(c) {
    await match(c);
  },
  async '[sig-network] EndpointsController should create Endpoints for Pods matching a Service'(c) {
    await match(c);
  },
  async '[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods'(c) {
    await matchNothing(c);
  },
  async '[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods'(c) {
    await matchNothing(c);
  },
};

const slicesOf = (c: Context) => within<EndpointSlice>(c, 'discovery.k8s.io/v1', 'endpointslices');
const named = (service: string): string => `kubernetes.io/service-name=${service}`;

async function matchNothing(c: Context): Promise<void> {
  const name = 'example-empty-selector';
  const services = within<Service>(c, 'v1', 'services');
  const selector = { 'does-not-match-anything': 'endpoints-and-endpoint-slices-should-still-be-created' };
  await services.create({ metadata: { name }, spec: { selector, ports: [{ name: 'example', port: 80, protocol: 'TCP' }] } });
  const own = within<Endpoints>(c, 'v1', 'endpoints');
  await until(() => own.exists(name));
  assert.equal((await own.get(name)).subsets?.length ?? 0, 0);
  const slices = slicesOf(c);
  await slices.count(named(name), 1);
  const [slice] = await slices.items(named(name));
  assert.equal(slice?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslice-controller.k8s.io');
  assert.equal(slice?.endpoints?.length ?? 0, 0);
  await services.remove(name);
  await own.gone(name);
  await slices.count(named(name), 0);
}

async function match(c: Context): Promise<void> {
  const pods = podsOf(c);
  const port = (name: string, containerPort: number) => ({ name, containerPort });
  const pod = (name: string, ports: object[]) =>
    pausePod(name, { containers: [paused({ ports })] }, { labels: { [name]: 'on', shared12: 'on' } });
  await pods.create(pod('pod1', [port('example-name', 3000)]));
  await pods.create(pod('pod2', [port('example-name', 3001), port('other-port', 3002)]));
  const services = within<Service>(c, 'v1', 'services');
  const service = (name: string, label: string, targetPort: number | string) => {
    const ports = [{ name: 'example', port: 80, targetPort, protocol: 'TCP' }];
    return services.create({ metadata: { name }, spec: { selector: { [label]: 'on' }, publishNotReadyAddresses: true, ports } });
  };
  await service('example-int-port', 'pod1', 3000);
  await service('example-named-port', 'shared12', 'example-name');
  await service('example-no-match', 'pod3', 8080);
  const addressed = (name: string) => pods.until(name, ({ status }) => status?.podIPs?.length);
  const [first, second] = [await addressed('pod1'), await addressed('pod2')];
  await leadsTo(c, 'example-int-port', [[first, 3000]]);
  const both = [
    [first, 3000],
    [second, 3001],
  ] as const;
  await leadsTo(c, 'example-named-port', both);
  await leadsTo(c, 'example-no-match', []);
  const slices = slicesOf(c);
  for (const { metadata } of await slices.items(named('example-named-port'))) await slices.remove(metadata.name ?? '');
  await leadsTo(c, 'example-named-port', both);
}

/** Endpoints and slices have exactly these pods at these ports, and refer to them. */
async function leadsTo(c: Context, service: string, targets: readonly (readonly [Pod, number])[]): Promise<void> {
  const line = (ip: string | undefined, port: number | undefined, uid: string | undefined, node: string | undefined) =>
    [ip, port, uid, node].join(' ');
  const wanted = targets
    .map(([{ metadata, status, spec }, port]) => line(status?.podIP, port, metadata.uid, spec?.nodeName))
    .toSorted()
    .join('\n');
  await until(async () => {
    const { subsets = [] } = await within<Endpoints>(c, 'v1', 'endpoints').get(service);
    const lines = subsets.flatMap(({ addresses = [], ports = [] }) =>
      addresses.flatMap(({ ip, targetRef, nodeName }) => ports.map(({ port }) => line(ip, port, targetRef?.uid, nodeName))),
    );
    return lines.toSorted().join('\n') === wanted && subsets.length === targets.length;
  }, `endpoints of ${service}`);
  await until(async () => {
    const slices = await slicesOf(c).items(named(service));
    const lines = slices.flatMap(({ endpoints, ports }) =>
      (endpoints ?? []).flatMap(({ addresses, targetRef, nodeName }) =>
        (ports ?? []).map(({ port }) => line(addresses[0], port, targetRef?.uid, nodeName)),
      ),
    );
    return lines.toSorted().join('\n') === wanted && slices.length === Math.max(1, targets.length);
  }, `slices of ${service}`);
}

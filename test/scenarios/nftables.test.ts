import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndpointSlice, Node, Service, ServiceCIDR } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';

test("kube-proxy's table of nftables follows services, endpoints, the node's address and ServiceCIDRs", async (t) => {
  const cluster = await createCluster({ nodes: [{ nftables: true }] });
  t.after(() => cluster.stop());
  const { api } = cluster;
  const node = cluster.node('node-1');
  const says = (what: string, pattern: RegExp) => cluster.until(what, () => pattern.test(node.nft.text()));
  const { status } = await api.get(Node, { name: node.name });
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  await says(
    'node ports are answered on its address',
    new RegExp(`set nodeport-ips \\{[^}]*elements = \\{ ${address.replaceAll('.', '\\.')} \\}`),
  );
  await says('nobody has the rest of the range', /\tip daddr 10\.96\.0\.0\/16 drop comment "Drop traffic to unallocated ClusterIPs"/);

  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  const web = await api.create(Service, { metadata: { name: 'web', namespace }, spec: { type: 'NodePort', ports } });
  const clusterIP = (web.spec?.clusterIP ?? '').replaceAll('.', '\\.');
  await says('it is refused', new RegExp(`${clusterIP} \\. 6 \\. 80 comment "default/web:http" : goto reject-chain`));
  await api.create(EndpointSlice, {
    metadata: { name: 'web-1', namespace, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.128.1.1'] }, { addresses: ['10.128.1.2'] }],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  });
  await says('it is led to its endpoints', new RegExp(`${clusterIP} \\. 6 \\. 80 : goto service-\\w{8}-default/web/tcp/http`));
  await says(
    'the first half',
    /meta l4proto 6 numgen random mod 2 0 dnat to 10\.128\.1\.1:8080\n\t\tmeta l4proto 6 dnat to 10\.128\.1\.2:8080/,
  );
  await says('its node port, too', new RegExp(`6 \\. ${web.spec?.ports?.[0]?.nodePort} : goto external-\\w{8}-default/web/tcp/http`));

  await api.create(ServiceCIDR, { metadata: { name: 'more' }, spec: { cidrs: ['10.200.0.0/24'] } });
  await says('another range', /ip daddr \{ 10\.96\.0\.0\/16, 10\.200\.0\.0\/24 \} drop/);
  await api.delete(Service, { name: 'web', namespace });
  await cluster.until('it is gone, its chains too', () => !/default\/web/.test(node.nft.text()));
  node.nft.flush();
  await says('what somebody flushed is back', /hook prerouting/);
  assert.ok(!cluster.log.entries.some(({ level }) => level === 'error'));
});

import assert from 'node:assert/strict';
import type { Context } from '../../context.ts';
import { podsOf } from '../../pods.ts';
import { until } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import { programOf, servicePort } from './agents.ts';

interface Part {
  readonly name: string;
  readonly role: string;
  readonly replicas: number;
  readonly port: number;
}

const parts: readonly Part[] = [
  { name: 'agnhost-replica', role: 'replica', replicas: 2, port: 6379 },
  { name: 'agnhost-primary', role: 'primary', replicas: 1, port: 6379 },
  { name: 'frontend', role: 'frontend', replicas: 3, port: 80 },
];

/** The Service and the Deployment of a part, as kubectl reads them. */
function manifest({ name, role, replicas, port }: Part): string[] {
  const labels = { app: name };
  const readinessProbe = { httpGet: { path: '/healthz', port }, periodSeconds: 1 };
  const container = programOf('guestbook.mjs', { ROLE: role, PORT: `${port}` }, { readinessProbe });
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 5, containers: [container] } };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name, labels }, spec: { ports: [servicePort(port)], selector: labels } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas, selector: { matchLabels: labels }, template } },
  ].map((object) => JSON.stringify(object));
}

/** What the guestbook answers through the API server. */
async function sign(c: Context, cmd: 'get' | 'set', value: string): Promise<string> {
  const query = new URLSearchParams({ cmd, key: 'messages', value });
  const { status, text } = await c.ask({ path: `/api/v1/namespaces/${c.namespace}/services/frontend/proxy/guestbook?${query}` });
  return status === 200 ? text : `${status}`;
}

export const netGuestbook: Specs = {
  async '[sig-cli] Kubectl client Guestbook application should create and stop a working application'(c) {
    const objects = parts.flatMap(manifest);
    for (const object of objects) await c.kubectl(['create', '-n', c.namespace, '-f', '-'], object);
    for (const { name } of parts) await c.kubectl(['rollout', 'status', `deployment/${name}`, '-n', c.namespace, '--timeout=55s']);
    await until(async () => (await sign(c, 'get', '')) === '{"data":""}', 'the guestbook is empty');
    await until(async () => (await sign(c, 'set', 'TestEntry')) === '{}', 'the guestbook is signed');
    await until(async () => (await sign(c, 'get', '')) === '{"data":"TestEntry"}', 'the guestbook shows who signed');
    const forced = ['delete', '-n', c.namespace, '--grace-period=0', '--force', '-f', '-'];
    for (const object of objects.toReversed()) assert.match(await c.kubectl(forced, object), /force deleted/);
    for (const { name } of parts) {
      const left = await c.kubectl(['get', 'deployments,svc', '-l', `app=${name}`, '--no-headers', '-n', c.namespace]);
      assert.equal(left.trim(), '');
      await podsOf(c).count(`app=${name}`, 0);
    }
  },
};

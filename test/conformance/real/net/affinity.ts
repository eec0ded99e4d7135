import assert from 'node:assert/strict';
import type { Service } from '@keelson/types';
import type { Context } from '../../context.ts';
import { until } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import {
  addressOf,
  agentPod,
  clusterIPOf,
  connects,
  dial,
  endpointsOf,
  makeService,
  nodePortOf,
  openNodes,
  readyPods,
  servicePort,
  servicesOf,
} from './agents.ts';

const area = '[sig-network] Services';
const labels = { app: 'affine' };

/** Many answers in a row come from one pod, or do not. */
async function settles(c: Context, host: string, port: number, wanted: 'one' | 'several'): Promise<void> {
  const seen = async (): Promise<boolean> => {
    const tries = await dial(c, 'asker', { host, port, request: 'hostname', tries: 16, timeout: 2000 });
    if (tries.some(({ said }) => said === undefined)) return false;
    return new Set(tries.map(({ said }) => said)).size > 1 === (wanted === 'several');
  };
  await until(seen, `${wanted} of the pods answer${wanted === 'one' ? 's' : ''}`);
}

interface Wanted {
  readonly type: 'ClusterIP' | 'NodePort';
  /** The affinity is asked for only later. */
  readonly later: boolean;
}

async function affinity(c: Context, { type, later }: Wanted): Promise<void> {
  const sticky = { sessionAffinity: 'ClientIP' };
  const ports = [servicePort(80, 8080)];
  const service = await makeService(c, 'affine', { type, selector: labels, ports, ...(later ? {} : sticky) });
  assert.equal(service.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds, later ? undefined : 10_800);
  const pods = [0, 1, 2].map((index) => agentPod(`affine-${index}`, labels));
  await readyPods(c, ...pods, agentPod('asker'));
  await endpointsOf(c, 'affine', 3);
  await connects(c, 'asker', 'affine', 80);
  const [node] = await openNodes(c);
  const host = type === 'NodePort' && node ? addressOf(node) : clusterIPOf(service);
  const port = type === 'NodePort' ? nodePortOf(service) : 80;
  await connects(c, 'asker', host, port);
  const turn = (spec: object): Promise<Service> =>
    servicesOf(c).update('affine', (present) => ({ ...present, spec: { ...present.spec, ...spec } }) as Service);
  if (later) {
    await settles(c, host, port, 'several');
    const changed = await turn(sticky);
    assert.equal(changed.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds, 10_800);
  }
  await settles(c, host, port, 'one');
  await settles(c, host, port, 'one');
  if (!later) return;
  await turn({ sessionAffinity: 'None', sessionAffinityConfig: undefined });
  await settles(c, host, port, 'several');
}

export const netAffinity: Specs = {
  [`${area} should have session affinity work for service with type clusterIP [LinuxOnly]`]: (c) =>
    affinity(c, { type: 'ClusterIP', later: false }),
  [`${area} should have session affinity work for NodePort service [LinuxOnly]`]: (c) => affinity(c, { type: 'NodePort', later: false }),
  [`${area} should be able to switch session affinity for service with type clusterIP [LinuxOnly]`]: (c) =>
    affinity(c, { type: 'ClusterIP', later: true }),
  [`${area} should be able to switch session affinity for NodePort service [LinuxOnly]`]: (c) =>
    affinity(c, { type: 'NodePort', later: true }),
};

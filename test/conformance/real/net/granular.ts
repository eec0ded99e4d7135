import assert from 'node:assert/strict';
import type { Context } from '../../context.ts';
import type { Specs } from '../../specs.ts';
import { addressOf, agentPod, dial, ipOf, openNodes, reaches, readyPods } from './agents.ts';

const area = '[sig-network] Networking Granular Checks: Pods should function for';
const serving = { http: [8083], udp: [8081] };

/** On every node a pod that serves, and one that asks all of them. */
async function acrossNodes(c: Context, protocol: 'http' | 'udp', hostNetwork: boolean): Promise<void> {
  const nodes = (await openNodes(c)).map(({ metadata }) => metadata.name);
  const pods = nodes.map((nodeName, index) => agentPod(`netserver-${index}`, {}, serving, { nodeName }));
  // The specs run side by side, and a node's ports are there once.
  const own = protocol === 'udp' ? 19_081 : 19_080;
  const asking = nodes.map((nodeName, index) => agentPod(`asker-${index}`, {}, { http: [own] }, { nodeName, hostNetwork }));
  const ready = await readyPods(c, ...pods, ...asking);
  const port = protocol === 'udp' ? 8081 : 8083;
  for (const { metadata } of asking)
    for (const [index, { metadata: target }] of pods.entries()) {
      const host = ready[index] ? ipOf(ready[index]) : '';
      await reaches(c, `${metadata.name}:${own}`, { protocol, host, port }, [target.name]);
    }
}

export const netGranular: Specs = {
  [`${area} intra-pod communication: http [NodeConformance]`]: (c) => acrossNodes(c, 'http', false),
  [`${area} intra-pod communication: udp [NodeConformance]`]: (c) => acrossNodes(c, 'udp', false),
  [`${area} node-pod communication: http [LinuxOnly] [NodeConformance]`]: (c) => acrossNodes(c, 'http', true),
  [`${area} node-pod communication: udp [LinuxOnly] [NodeConformance]`]: (c) => acrossNodes(c, 'udp', true),

  async '[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly]'(
    c,
  ) {
    for (const node of await openNodes(c)) {
      const [nodeName, address] = [node.metadata.name, addressOf(node)];
      const exposed = async (name: string, hostIP: string, protocol: 'TCP' | 'UDP'): Promise<void> => {
        const pod = agentPod(`${name}-${nodeName}`, {}, { http: [8080], udp: [8080] }, { nodeName });
        const [container] = pod.spec.containers;
        const ports = [{ hostPort: 54_323, containerPort: 8080, protocol, hostIP }];
        await readyPods(c, { ...pod, spec: { ...pod.spec, containers: [{ ...container, ports }] } } as typeof pod);
      };
      await exposed('pod1', '127.0.0.1', 'TCP');
      await exposed('pod2', address, 'TCP');
      await exposed('pod3', address, 'UDP');
      const host = `host-${nodeName}`;
      await readyPods(c, agentPod(host, {}, { http: [18_089] }, { nodeName, hostNetwork: true }));
      const asker = `${host}:18089`;
      await reaches(c, asker, { host: '127.0.0.1', port: 54_323 }, [`pod1-${nodeName}`]);
      await reaches(c, asker, { host: '127.0.0.1', port: 54_323, source: address }, [`pod1-${nodeName}`]);
      await reaches(c, asker, { host: address, port: 54_323 }, [`pod2-${nodeName}`]);
      await reaches(c, asker, { protocol: 'udp', host: address, port: 54_323 }, [`pod3-${nodeName}`]);
      const [udp] = await dial(c, asker, { protocol: 'udp', host: '127.0.0.1', port: 54_323, request: 'hostname', timeout: 1000 });
      assert.equal(udp?.said, undefined);
    }
  },
};

import type { HostPort, PodInfo } from '../cache/pod-info.ts';
import { always, eachOpen, type Plugin } from './types.ts';

const name = 'NodePorts';

/** A host port is one pod's at a time. */
export const nodePorts: Plugin = {
  name,
  scope: 'row',
  requeueOn: { NodeAdd: always, AssignedPodDelete: ({ ports }, event) => taken(ports, [event.pod]) },
  filter({ info, table, reasons }) {
    if (info.ports.length === 0) return undefined;
    const code = reasons.code(name, true, "node(s) didn't have free ports for the requested pod ports");
    return eachOpen((row) => (taken(info.ports, table.pods[row]?.values() ?? []) ? code : 0));
  },
};

function taken(wanted: readonly HostPort[], pods: Iterable<PodInfo>): boolean {
  for (const { ports } of pods) if (ports.some((used) => wanted.some((port) => collide(port, used)))) return true;
  return false;
}

function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');
}

import type { HeldServer, HeldTable, HeldVirtualServer, VirtualServer } from './types.ts';

/** What is sent to `ipvsadm --restore`, and what the kernel holds once it was. */
export interface TableStep {
  readonly lines: readonly string[];
  readonly held: HeldVirtualServer | undefined;
}

/**
 * What brings one virtual server (`tcp 10.96.0.1:443`) from what is held to what is wanted. A server that goes takes no new connections
 * and is deleted when nobody looked or the last one has ended; those without connections, and UDP's, at once.
 */
export function tableStep(key: string, held: HeldVirtualServer | undefined, wanted: VirtualServer | undefined): TableStep {
  const at = address(key);
  if (!wanted) return { lines: held ? [`-D ${at}`] : [], held: undefined };
  const { scheduler, persistence } = wanted;
  const settings = `${at} -s ${scheduler}${persistence > 0 ? ` -p ${persistence}` : ''}`;
  const lines: string[] = [];
  if (!held) lines.push(`-A ${settings}`);
  else if (held.scheduler !== scheduler || held.persistence !== persistence) lines.push(`-E ${settings}`);
  const servers = new Map<string, HeldServer>();
  const gone = [...(held?.servers ?? [])].filter(([socket]) => !wanted.servers.includes(socket));
  for (const socket of wanted.servers) {
    const server = held?.servers.get(socket);
    if (server?.weight !== 1) lines.push(`${server ? '-e' : '-a'} ${at} -r ${socket} -m -w 1`);
    servers.set(socket, { weight: 1, connections: undefined });
  }
  for (const [socket, server] of gone) {
    const drains = !key.startsWith('udp ') && server.connections !== 0;
    if (!drains) lines.push(`-d ${at} -r ${socket}`);
    else if (server.weight > 0) lines.push(`-e ${at} -r ${socket} -m -w 0`);
    // By the next time the count will be another.
    if (drains) servers.set(socket, { weight: 0, connections: undefined });
  }
  return { lines, held: { scheduler, persistence, servers } };
}

const protocolFlags: Readonly<Record<string, string>> = { tcp: '-t', udp: '-u', sctp: '--sctp-service' };

function address(key: string): string {
  const [protocol = '', socket] = key.split(' ');
  return `${protocolFlags[protocol]} ${socket}`;
}

/** Reads what `ipvsadm -Ln` prints. Virtual servers by mark are somebody else's and left out. */
export function parseTable(text: string): HeldTable {
  const table = new Map<string, HeldVirtualServer & { readonly servers: Map<string, HeldServer> }>();
  let servers: Map<string, HeldServer> | undefined;
  for (const line of text.split('\n')) {
    const [first = '', second = '', ...rest] = line.trim().split(/\s+/);
    if (/^(TCP|UDP|SCTP)$/.test(first)) {
      servers = new Map();
      const persistence = Number(rest[rest.indexOf('persistent') + 1] ?? 0);
      table.set(`${first.toLowerCase()} ${second}`, {
        scheduler: rest[0] ?? '',
        persistence: rest.includes('persistent') ? persistence : 0,
        servers,
      });
    } else if (first === 'FWM') servers = undefined;
    else if (first === '->' && /:\d+$/.test(second)) {
      const [, weight, active, inactive] = rest;
      servers?.set(second, { weight: Number(weight), connections: Number(active) + Number(inactive) });
    }
  }
  return table;
}

import type { IpvsKernel } from './contract.ts';
import { setTypes } from './sets.ts';

interface Server {
  weight: number;
  connections: number;
}

interface VirtualServer {
  settings: string;
  readonly servers: Map<string, Server>;
}

/** What the kernel holds, for tests to look at and to spoil. */
export interface MemoryIpvs extends IpvsKernel {
  /** By `-t 10.96.0.1:443`. */
  readonly table: Map<string, VirtualServer>;
  /** `SET element`. */
  readonly entries: Set<string>;
  readonly names: Set<string>;
  device: Set<string> | undefined;
  node: readonly string[];
  /** Every text that it was sent. */
  readonly sent: string[];
}

/** Virtual servers, sets and addresses in memory, which refuse to add what is there, or to change or delete what is not. For tests. */
export function memoryIpvs(): MemoryIpvs {
  const kernel: MemoryIpvs = {
    table: new Map(),
    entries: new Set(),
    names: new Set(),
    device: undefined,
    node: ['192.0.2.1'],
    sent: [],
    servers: async () => printTable(kernel.table),
    restoreServers: async (text) => each(kernel, text, (line) => changeTable(kernel.table, line)),
    sets: async () =>
      [
        ...[...kernel.names].map((name) => `create ${name} ${setTypes[name]} more`),
        ...[...kernel.entries].map((entry) => `add ${entry}`),
      ].join('\n'),
    restoreSets: async (text) => each(kernel, text, (line) => changeSets(kernel, line)),
    addresses: async () => kernel.device && [...kernel.device],
    restoreAddresses: async (text) => each(kernel, text, (line) => changeAddresses(kernel, line)),
    nodeAddresses: () => kernel.node,
  };
  return kernel;
}

function each({ sent }: MemoryIpvs, text: string, apply: (line: string) => void): void {
  sent.push(text);
  for (const line of text.split('\n')) if (line !== '') apply(line);
}

/** One line of `ipvsadm --restore`: those kinds that we send, and no others. */
export function changeTable(table: Map<string, VirtualServer>, line: string): void {
  const found = /^(-[AEDaed]) ((?:-t|-u|--sctp-service) \S+:\d+)(?: (-s \w+(?: -p \d+)?)| -r (\S+:\d+)(?: -m -w (\d+))?)?$/.exec(line);
  if (!found) throw new Error(`unknown line: ${line}`);
  const [, verb = '', key = '', settings = '', socket, weight] = found;
  const server = table.get(key);
  const refuse = (condition: boolean): void => {
    if (condition) throw new Error(`refused: ${line}`);
  };
  refuse((verb === 'A' || verb === '-A') === (server !== undefined));
  refuse('AE'.includes(verb.slice(1)) !== (settings !== ''));
  refuse('ae'.includes(verb.slice(1)) !== (weight !== undefined));
  if (verb === '-A') table.set(key, { settings, servers: new Map() });
  else if (verb === '-D') table.delete(key);
  else if (server && verb === '-E') server.settings = settings;
  else if (server && socket !== undefined) {
    refuse((verb === '-a') === server.servers.has(socket));
    if (verb === '-d') server.servers.delete(socket);
    else server.servers.set(socket, { weight: Number(weight), connections: server.servers.get(socket)?.connections ?? 0 });
  }
}

const protocols: Readonly<Record<string, string>> = { '-t': 'TCP', '-u': 'UDP', '--sctp-service': 'SCTP' };

/** As `ipvsadm -Ln`. */
export function printTable(table: ReadonlyMap<string, VirtualServer>): string {
  const lines = [...table].flatMap(([key, { settings, servers }]) => {
    const [flag = '', address] = key.split(' ');
    const [, scheduler, , seconds] = settings.split(' ');
    return [
      `${protocols[flag]}  ${address} ${scheduler}${seconds === undefined ? '' : ` persistent ${seconds}`}`,
      ...[...servers].map(
        ([socket, { weight, connections }]) => `  -> ${socket.padEnd(28)} Masq    ${weight}      ${connections}          0`,
      ),
    ];
  });
  const head = [
    'IP Virtual Server version 1.2.1 (size=4096)',
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
  ];
  return [...head, ...lines, ''].join('\n');
}

function changeSets({ names, entries }: MemoryIpvs, line: string): void {
  const [verb, name = '', element] = line.split(' ');
  const entry = `${name} ${element}`;
  if (verb === 'create' && !names.has(name)) names.add(name);
  else if (verb === 'add' && names.has(name) && !entries.has(entry)) entries.add(entry);
  else if (verb === 'del' && entries.has(entry)) entries.delete(entry);
  else if (verb === 'destroy' && names.has(name)) {
    names.delete(name);
    for (const one of entries) if (one.startsWith(`${name} `)) entries.delete(one);
  } else throw new Error(`refused: ${line}`);
}

function changeAddresses(kernel: MemoryIpvs, line: string): void {
  const { device } = kernel;
  const [, verb, address = ''] = /^address (add|del) (\S+)\/32 dev kube-ipvs0$/.exec(line) ?? [];
  if (line === 'link add kube-ipvs0 type dummy' && !device) kernel.device = new Set();
  else if (line === 'link delete kube-ipvs0' && device) kernel.device = undefined;
  else if (verb === 'add' && device && !device.has(address)) device.add(address);
  else if (verb === 'del' && device?.has(address)) device.delete(address);
  else throw new Error(`refused: ${line}`);
}

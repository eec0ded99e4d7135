import { family, type HostRoute, type RouteNode } from './routes.ts';

/**
 * Pods' packets carried between nodes in VXLAN, for networks that do not lead pod addresses from node to node. Every kubelet derives the
 * same names for every node from its Node object, so nothing is announced, learned or asked for on the wire. IPv4.
 */

/** The VXLAN interface, its network identifier and its port: Linux' own default, older than the one assigned later. */
export const overlayDevice = { name: 'keelson.1', vni: 1, port: 8472 } as const;

/** What VXLAN adds to a packet over IPv4. */
export const overlayOverhead = 50;

/** A node's end of the overlay. */
export interface Vtep {
  /** The pods behind it. */
  readonly podCidr: string;
  /** Its address inside the overlay: the first of its pods' range, which no pod gets. */
  readonly inner: string;
  /** Its address on the network between the nodes. */
  readonly outer: string;
  readonly mac: string;
}

export interface Overlay {
  readonly own: Vtep;
  readonly peers: readonly Vtep[];
  /** Largest packet inside. */
  readonly mtu: number;
}

/** What the kernel has, as far as it is the overlay's. */
export interface OverlayState {
  /** Absent: there is no such interface. */
  readonly device?: { readonly outer: string; readonly mac: string; readonly mtu: number; readonly inner: readonly string[] };
  /** MAC address by inner address. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** Outer address by MAC address. */
  readonly forwarding: ReadonlyMap<string, string>;
}

/** Of a node with an IPv4 address and an IPv4 pod range; other nodes have no part in the overlay. */
export function vtepOf({ addresses, podCidrs }: Pick<RouteNode, 'addresses' | 'podCidrs'>): Vtep | undefined {
  const outer = addresses.find((address) => family(address) === 4);
  const podCidr = podCidrs.find((cidr) => family(cidr) === 4);
  if (outer === undefined || podCidr === undefined) return undefined;
  return { podCidr, inner: podCidr.split('/')[0] ?? '', outer, mac: macOf(outer) };
}

/** A locally administered MAC address that is nobody else's: the node's IPv4 address is part of it. */
export function macOf(address: string): string {
  const octets = ['2', '107', ...address.split('.')];
  return octets.map((octet) => Number(octet).toString(16).padStart(2, '0')).join(':');
}

/** The routes to the other nodes' pods. */
export function overlayRoutes({ peers }: Pick<Overlay, 'peers'>): HostRoute[] {
  return peers.map(({ podCidr, inner }) => ({ destination: podCidr, via: inner, device: overlayDevice.name }));
}

/** The commands that change `present` into `wanted`, routes apart. `undefined` wants no overlay at all. */
export function planOverlay(wanted: Overlay | undefined, present: OverlayState): string[][] {
  const { name } = overlayDevice;
  const remove = present.device ? [['ip', 'link', 'delete', name]] : [];
  if (!wanted) return remove;
  const { own, mtu } = wanted;
  const { device } = present;
  const fits = device !== undefined && device.outer === own.outer && device.mac === own.mac && device.mtu === mtu;
  // What leads through an interface goes with it.
  if (!fits) return [...remove, ...make(wanted), ...lead(wanted, nothing)];
  const stale = device.inner.filter((address) => address !== own.inner);
  return [
    ...stale.map((address) => ['ip', 'address', 'delete', `${address}/32`, 'dev', name]),
    ...(device.inner.includes(own.inner) ? [] : [['ip', 'address', 'add', `${own.inner}/32`, 'dev', name]]),
    ...lead(wanted, present),
  ];
}

const nothing: OverlayState = { neighbours: new Map(), forwarding: new Map() };

function make({ own, mtu }: Overlay): string[][] {
  const { name, vni, port } = overlayDevice;
  const kind = ['type', 'vxlan', 'id', String(vni), 'local', own.outer, 'dstport', String(port), 'nolearning'];
  return [
    ['ip', 'link', 'add', name, 'address', own.mac, 'mtu', String(mtu), ...kind],
    ['ip', 'address', 'add', `${own.inner}/32`, 'dev', name],
    ['ip', 'link', 'set', name, 'up'],
  ];
}

/** Neighbour entries (inner address to MAC) and forwarding entries (MAC to outer address). */
function lead({ peers }: Overlay, { neighbours, forwarding }: OverlayState): string[][] {
  const { name } = overlayDevice;
  const inner = new Set(peers.map((peer) => peer.inner));
  const macs = new Set(peers.map((peer) => peer.mac));
  return [
    ...[...neighbours.keys()]
      .filter((address) => !inner.has(address))
      .map((address) => ['ip', 'neighbour', 'delete', address, 'dev', name]),
    ...[...forwarding].filter(([mac]) => !macs.has(mac)).map(([mac, outer]) => ['bridge', 'fdb', 'delete', mac, 'dev', name, 'dst', outer]),
    ...peers
      .filter((peer) => neighbours.get(peer.inner) !== peer.mac)
      .map((peer) => ['ip', 'neighbour', 'replace', peer.inner, 'lladdr', peer.mac, 'dev', name, 'nud', 'permanent']),
    ...peers
      .filter((peer) => forwarding.get(peer.mac) !== peer.outer)
      .map((peer) => ['bridge', 'fdb', 'replace', peer.mac, 'dev', name, 'dst', peer.outer]),
  ];
}

interface LinkEntry {
  readonly ifname?: string;
  readonly address?: string;
  readonly mtu?: number;
  readonly linkinfo?: { readonly info_data?: { readonly id?: number; readonly local?: string; readonly port?: number } };
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string }[];
}

/** Reads what `ip -j -d address show type vxlan` prints. An interface of the overlay's name that is none of ours has no outer address. */
export function parseDevice(json: string): OverlayState['device'] | undefined {
  const found = entries<LinkEntry>(json).find(({ ifname }) => ifname === overlayDevice.name);
  if (!found) return undefined;
  const { id, local = '', port } = found.linkinfo?.info_data ?? {};
  return {
    outer: id === overlayDevice.vni && port === overlayDevice.port ? local : '',
    mac: found.address ?? '',
    mtu: found.mtu ?? 0,
    inner: (found.addr_info ?? []).flatMap(({ family: of, local: address }) => (of === 'inet' && address !== undefined ? [address] : [])),
  };
}

/** Reads what `ip -j neighbour show` prints; what the kernel found out by itself is left out. */
export function parseNeighbours(json: string): Map<string, string> {
  const all = entries<{ dst?: string; lladdr?: string; state?: readonly string[] }>(json);
  return new Map(all.flatMap(({ dst, lladdr, state }) => (dst && lladdr && state?.includes('PERMANENT') ? [[dst, lladdr]] : [])));
}

/** Reads what `bridge -j fdb show` prints. */
export function parseForwarding(json: string): Map<string, string> {
  const all = entries<{ mac?: string; dst?: string }>(json);
  return new Map(all.flatMap(({ mac, dst }) => (mac && dst ? [[mac, dst]] : [])));
}

function entries<T>(json: string): readonly T[] {
  return json.trim() === '' ? [] : (JSON.parse(json) as readonly T[]);
}

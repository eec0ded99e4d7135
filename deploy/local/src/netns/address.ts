import { createHash } from 'node:crypto';

/** The way between the machine and a network namespace: a pair of interfaces with a range of four addresses. */
export interface Link {
  /** The machine's end. */
  readonly host: string;
  /** The namespace's end. */
  readonly node: string;
  readonly prefix: 30;
  /** Name of the machine's end. */
  readonly hostInterface: string;
}

// Private, and not among Kubernetes' usual pod and service ranges. Link-local addresses are no choice: endpoints may not have them.
const base = 10 * 2 ** 24 + 200 * 2 ** 16;
const slots = 2 ** 14;

/**
 * The link of a namespace: always the same for its name, unless a range that the machine knows lies there. @throws when every range is
 * taken.
 */
export function linkFor(name: string, taken: readonly string[]): Link {
  const digest = createHash('sha256').update(name).digest();
  // A route to all private addresses, as a VPN has, must not leave us without any.
  const spans = taken.map(span).filter(([first, last]) => last - first < 2 ** 24 - 1);
  const start = digest.readUInt16BE(0) % slots;
  for (let step = 0; step < slots; step += 1) {
    const first = base + ((start + step) % slots) * 4;
    if (spans.some(([from, to]) => from <= first + 3 && to >= first)) continue;
    return { host: dotted(first + 1), node: dotted(first + 2), prefix: 30, hostInterface: `kls${digest.toString('hex', 2, 6)}` };
  }
  throw new Error('no free range in 10.200.0.0/16 for the link to the network namespace');
}

/** First and last address of a range such as `10.0.0.0/8`. */
function span(cidr: string): readonly [number, number] {
  const [address = '', prefix = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(numeric(address) / size) * size;
  return [first, first + size - 1];
}

function numeric(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The ranges in /proc/net/route, the default route left out. */
export function parseRoutes(table: string): string[] {
  const rows = table.trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const columns = row.split(/\s+/);
    const mask = littleEndian(columns[7] ?? '0');
    if (mask === 0) return [];
    return [`${dotted(littleEndian(columns[1] ?? '0'))}/${mask.toString(2).replaceAll('0', '').length}`];
  });
}

function littleEndian(hex: string): number {
  return Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE(0);
}

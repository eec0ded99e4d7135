/** An address as a number. IPv4-mapped IPv6 addresses are IPv4, as in Go's net package. */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly value: bigint;
}

export interface IpRange {
  /** The address as written; the network when the bits after the prefix are zero. */
  readonly address: IpAddress;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

const mapped = 0xffffn << 32n;

/** Reads an address; leading zeros count for nothing, as in Kubernetes' own parser. Zones are refused. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === mapped >> 32n ? { version: 4, value: value & 0xffffffffn } : { version: 6, value };
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]+$/.test(part) && Number(part) <= 255)) return undefined;
  return { version: 4, value: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const sides = halves.map((half, i) => groups(half, i === halves.length - 1));
  if (sides.includes(undefined)) return undefined;
  const [head = [], tail = []] = sides;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side; the last may be dotted IPv4. */
function groups(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const found: number[] = [];
  for (const [i, part] of parts.entries()) {
    const dotted = isLast && i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (dotted) found.push(Number(dotted.value >> 16n), Number(dotted.value & 0xffffn));
    else if (/^0*[0-9a-fA-F]{1,4}$/.test(part)) found.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return found;
}

/** Canonical text: RFC 5952 for IPv6. */
export function formatIp({ version, value }: IpAddress): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const parts = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const { start, length } = longestZeros(parts);
  const hex = (list: readonly number[]): string => list.map((part) => part.toString(16)).join(':');
  return length < 2 ? hex(parts) : `${hex(parts.slice(0, start))}::${hex(parts.slice(start + length))}`;
}

function longestZeros(parts: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < parts.length; start++) {
    let length = 0;
    while (parts[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Most addresses are written as they should be, and are met in great numbers. */
const odd = /(?:^|\.)0\d|:/;

/** The one text for an address that may be written in several; what is no address stays as it is. */
export function canonicalIp(text: string): string {
  const address = odd.test(text) ? parseIp(text) : undefined;
  return address ? formatIp(address) : text;
}

/** The same of a range, which begins at its first address. */
export function canonicalCidr(text: string): string {
  const range = parseCidr(text);
  return range ? `${formatIp({ version: range.address.version, value: range.first })}/${range.prefix}` : text;
}

/** `10.0.0.0/8`; leading zeros count for nothing. */
export function parseCidr(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const digits = text.slice(slash + 1);
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  if (!address || !/^0*[0-9]{1,3}$/.test(digits)) return undefined;
  const written = text.slice(0, slash).includes(':') ? 128 : 32;
  const width = address.version === 4 ? 32 : 128;
  const prefix = Number(digits) - (written - width);
  if (prefix < 0 || prefix > width) return undefined;
  const size = 1n << BigInt(width - prefix);
  const first = (address.value / size) * size;
  return { address, prefix, first, last: first + size - 1n };
}

/** Whether the range holds the address. */
export function rangeContains({ address, first, last }: IpRange, { version, value }: IpAddress): boolean {
  return address.version === version && first <= value && value <= last;
}

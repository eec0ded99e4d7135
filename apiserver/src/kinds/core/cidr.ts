import { formatIp, type IpRange, parseCidr, parseIp, rangeContains } from '@keelson/machinery';

/** Places that are told apart in a range: more than any cluster has services, and still exact as a number. */
const most = 2n ** 32n;

/** Addresses in a range, the first and last included; of larger ranges, only the first 2^32 count. */
export function rangeSize(cidr: string): number {
  const { first, last } = rangeOf(cidr);
  const size = last - first + 1n;
  return Number(size < most ? size : most);
}

/** The address `offset` places into the range. */
export function addressAt(cidr: string, offset: number): string {
  const { address, first } = rangeOf(cidr);
  return formatIp({ version: address.version, value: first + BigInt(offset) });
}

export function contains(cidr: string, ip: string): boolean {
  const address = parseIp(ip);
  return address !== undefined && rangeContains(rangeOf(cidr), address);
}

/** As Services name it. */
export type IpFamily = 'IPv4' | 'IPv6';

/** The family of an address or a range. */
export function familyOf(text: string): IpFamily {
  return text.includes(':') ? 'IPv6' : 'IPv4';
}

function rangeOf(cidr: string): IpRange {
  const range = parseCidr(cidr);
  if (!range) throw new Error(`not a range of addresses: ${cidr}`);
  return range;
}

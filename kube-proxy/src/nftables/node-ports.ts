import { type IpRange, parseCidr, parseIp, rangeContains } from '@keelson/machinery';

/**
 * Which addresses answer node ports, as `--nodeport-addresses` says: the node's own with `primary`, which is the default in this mode; else
 * those of `held` that lie in one of the CIDRs, but for loopback. Undefined: all, which a range of length 0 stands for, and CIDRs of the
 * other family alone.
 */
export function nodePortIPs(wanted: readonly string[], nodeIP: string | undefined, held: readonly string[]): readonly string[] | undefined {
  if (wanted.length === 0 || wanted.includes('primary')) return nodeIP === undefined ? [] : [nodeIP];
  const ranges = wanted.flatMap((cidr) => parseCidr(cidr) ?? []).filter(({ address }) => address.version === 4);
  if (ranges.length === 0 || ranges.some(({ prefix }) => prefix === 0)) return undefined;
  return held.filter((address) => !address.startsWith('127.') && within(ranges, address)).toSorted();
}

/** The first of `wanted` that is neither a CIDR nor a lonely `primary`. */
export function wrongNodePortAddress(wanted: readonly string[]): string | undefined {
  return wanted.find((cidr) => (cidr === 'primary' ? wanted.length > 1 : parseCidr(cidr) === undefined));
}

function within(ranges: readonly IpRange[], address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && ranges.some((range) => rangeContains(range, ip));
}

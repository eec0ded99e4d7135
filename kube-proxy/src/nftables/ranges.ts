import { formatIp, type IpRange, parseCidr, parseIp } from '@keelson/machinery';

/**
 * CIDRs and addresses as nft prints a set of them: in order, overlapping and neighbouring ones joined, what is no network as `FIRST-LAST`.
 * Anything else is left out.
 */
export function mergedRanges(texts: readonly string[]): string[] {
  const ranges = texts.flatMap((text) => rangeOf(text) ?? []).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of ranges) {
    const before = merged.at(-1);
    if (!before || first > before.last + 1n) merged.push({ first, last });
    else if (last > before.last) before.last = last;
  }
  return merged.map(({ first, last }) => rangeText(first, last));
}

/** A match of `field` against `ranges`: with braces only where there are several, as nft prints it. */
export function matching(field: string, ranges: readonly string[]): string {
  return ranges.length === 1 ? `${field} ${ranges[0]}` : `${field} { ${ranges.join(', ')} }`;
}

/** A range of IPv4 addresses. */
function rangeOf(text: string): Pick<IpRange, 'first' | 'last'> | undefined {
  const range = parseCidr(text);
  if (range) return range.address.version === 4 ? range : undefined;
  const address = parseIp(text);
  return address?.version === 4 ? { first: address.value, last: address.value } : undefined;
}

function rangeText(first: bigint, last: bigint): string {
  const size = last - first + 1n;
  const isNetwork = (size & (size - 1n)) === 0n && first % size === 0n;
  if (size === 1n) return ip(first);
  return isNetwork ? `${ip(first)}/${32 - (size.toString(2).length - 1)}` : `${ip(first)}-${ip(last)}`;
}

function ip(value: bigint): string {
  return formatIp({ version: 4, value });
}

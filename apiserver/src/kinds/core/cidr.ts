/** IPv4 ranges as numbers. Thin: IPv6 ranges come with dual-stack services. */

function toNumber(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Addresses in a range, the first and last included. */
export function rangeSize(cidr: string): number {
  return 2 ** (32 - Number(cidr.split('/')[1]));
}

/** The address `offset` places into the range. */
export function addressAt(cidr: string, offset: number): string {
  const size = rangeSize(cidr);
  const base = Math.floor(toNumber(cidr.split('/')[0] as string) / size) * size;
  return toText(base + offset);
}

export function contains(cidr: string, ip: string): boolean {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(ip)) return false;
  const size = rangeSize(cidr);
  return Math.floor(toNumber(ip) / size) === Math.floor(toNumber(cidr.split('/')[0] as string) / size);
}

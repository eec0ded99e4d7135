/** The address at a place of an IPv4 range such as `10.96.0.0/12`. */
export function addressAt(cidr: string, place: number): string {
  const octets = (cidr.split('/')[0] ?? '').split('.').map(Number);
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0) + place;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Whether this is an IPv4 range with no address bits beyond its prefix. */
export function isRange(text: string): boolean {
  const [, address = '', prefix = ''] = /^(\d+(?:\.\d+){3})\/(\d+)$/.exec(text) ?? [];
  const octets = address.split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => octet > 255) || prefix === '' || Number(prefix) > 32) return false;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return value % 2 ** (32 - Number(prefix)) === 0;
}

import { formatIp, goQuote, type IpAddress, type IpRange, parseCidr, parseIp, rangeContains } from '@keelson/machinery';
import { bySizes, type Cost, perByte, traversal } from '../costs.ts';
import { each, fn, type Overload } from '../declare.ts';
import { EvaluationError, noSuchOverload } from '../errors.ts';
import { Opaque, sizeOf } from '../values.ts';
import { addressFault, prefixFault } from './address-faults.ts';

class Ip extends Opaque {
  readonly typeName = 'net.IP';
  readonly address: IpAddress;
  override readonly size: number;

  constructor(address: IpAddress) {
    super();
    this.address = address;
    this.size = address.version === 4 ? 4 : 16;
  }

  get identity(): string {
    return formatIp(this.address);
  }
}

class Cidr extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly range: IpRange;
  override readonly size: number;

  constructor(range: IpRange) {
    super();
    this.range = range;
    this.size = Math.ceil(range.prefix / 8);
  }

  get identity(): string {
    return `${formatIp(this.range.address)}/${this.range.prefix}`;
  }
}

/** IPv4 in IPv6, zones and leading zeros are refused, as upstream's library does. */
function readIp(text: string): IpAddress | undefined {
  const mapped = /^::ffff:/i.test(text) && text.includes('.');
  return mapped || /(^|[.:])0[0-9]+\.|\.0[0-9]+$/.test(text.split('/')[0] ?? '') ? undefined : parseIp(text);
}

function ipFault(text: string): string {
  const fault = addressFault(text);
  if (fault) return `IP Address ${goQuote(text)} parse error during conversion from string: ${fault}`;
  return text.includes('%') ? `IP address ${goQuote(text)} with zone value is not allowed` : mappedFault(text);
}

function mappedFault(text: string): string {
  return `IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`;
}

function ip(text: string): Ip {
  const address = readIp(text);
  if (!address) throw new EvaluationError(ipFault(text));
  return new Ip(address);
}

function readCidr(text: string): IpRange | undefined {
  const [address = '', prefix = ''] = text.split('/');
  return readIp(address) && !/^0\d/.test(prefix) ? parseCidr(text) : undefined;
}

function cidr(text: string): Cidr {
  const range = readCidr(text);
  if (range) return new Cidr(range);
  const context = 'network address parse error during conversion from string';
  const fault = prefixFault(text);
  throw new EvaluationError(`${context}: ${fault ? `${context}: ${fault}` : mappedFault(text)}`);
}

/** Whether the first bits of an address are these. */
function begins({ version, value }: IpAddress, family: 4 | 6, bits: bigint, length: number): boolean {
  return version === family && value >> BigInt((family === 4 ? 32 : 128) - length) === bits;
}

const either =
  (four: readonly [bigint, number], six: readonly [bigint, number]) =>
  ({ address }: Ip) =>
    begins(address, 4, ...four) || begins(address, 6, ...six);
const isUnspecified = ({ address }: Ip): boolean => address.value === 0n;
const isLoopback = either([127n, 8], [1n, 128]);
const isLinkLocalMulticast = either([0xe00000n, 24], [0xff02n, 16]);
const isLinkLocalUnicast = either([0xa9fen, 16], [0x3fan, 10]);
const isMulticast = either([0xen, 4], [0xffn, 8]);

function isGlobalUnicast(one: Ip): boolean {
  const broadcast = one.address.version === 4 && one.address.value === 0xffffffffn;
  return !broadcast && ![isUnspecified, isLoopback, isMulticast, isLinkLocalUnicast].some((is) => is(one));
}

function containsCidr({ range: outer }: Cidr, { range: inner }: Cidr): boolean {
  return (
    outer.prefix <= inner.prefix &&
    outer.address.version === inner.address.version &&
    outer.first <= inner.first &&
    inner.last <= outer.last
  );
}

/** Upstream does not say what is wrong with an address that is compared. */
function compared(text: string): IpAddress {
  const address = readIp(text);
  if (!address) throw noSuchOverload();
  return address;
}

function masked({ range }: Cidr): Cidr {
  return new Cidr({ ...range, address: { version: range.address.version, value: range.first } });
}

/** Prefixes are compared by bytes; text is read first. */
function containing(text: boolean, nested: boolean): Cost {
  const formula = (own: number, other: number): number =>
    Math.ceil(2 * own * perByte) + (nested ? Math.ceil(own * perByte) + 1 : 0) + (text ? Math.ceil(other * perByte) : 0);
  return {
    actual: ([own, other]) => formula(sizeOf(own), sizeOf(other)),
    estimate: ([, other]) => ({ cost: { min: formula(4, other?.size.min ?? 0), max: formula(16, other?.size.max ?? 0) } }),
  };
}

const twice = bySizes(([size = 0]) => Math.ceil(size * 2 * perByte));

export const addresses: readonly Overload[] = [
  fn('ip(string): net.IP', ip, traversal),
  fn('isIP(string): bool', (text: string) => readIp(text) !== undefined, traversal),
  fn('ip.isCanonical(string): bool', (text: string) => ip(text).identity === text, twice),
  fn('net.IP.family(): int', ({ address }: Ip) => BigInt(address.version)),
  fn('net.IP.isUnspecified(): bool', isUnspecified),
  fn('net.IP.isLoopback(): bool', isLoopback),
  fn('net.IP.isLinkLocalMulticast(): bool', isLinkLocalMulticast),
  fn('net.IP.isLinkLocalUnicast(): bool', isLinkLocalUnicast),
  fn('net.IP.isGlobalUnicast(): bool', isGlobalUnicast),
  fn('cidr(string): net.CIDR', cidr, traversal),
  fn('isCIDR(string): bool', (text: string) => readCidr(text) !== undefined, traversal),
  fn('net.CIDR.containsIP(net.IP): bool', ({ range }: Cidr, { address }: Ip) => rangeContains(range, address), containing(false, false)),
  fn('net.CIDR.containsIP(string): bool', ({ range }: Cidr, text: string) => rangeContains(range, compared(text)), containing(true, false)),
  fn('net.CIDR.containsCIDR(net.CIDR): bool', containsCidr, containing(false, true)),
  fn('net.CIDR.containsCIDR(string): bool', (outer: Cidr, text: string) => containsCidr(outer, cidr(text)), containing(true, true)),
  fn('net.CIDR.ip(): net.IP', ({ range }: Cidr) => new Ip(range.address)),
  fn('net.CIDR.masked(): net.CIDR', masked),
  fn('net.CIDR.prefixLength(): int', ({ range }: Cidr) => BigInt(range.prefix)),
  ...each(['string(net.IP): string', 'string(net.CIDR): string'], ({ identity }: Ip | Cidr) => identity),
];

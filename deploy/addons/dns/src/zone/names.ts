import { formatIp, parseIp } from '@keelson/machinery';

/** Whether `name` is `domain` or lies below it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** The labels to the left of `domain`: `a.b.cluster.local` has `a`, `b`. */
export function labelsBelow(name: string, domain: string): string[] {
  return name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
}

interface ServiceKey {
  readonly namespace: string;
  readonly name: string;
}

export function serviceName(domain: string, { namespace, name }: ServiceKey): string {
  return `${name}.${namespace}.svc.${domain}`;
}

export function endpointName(domain: string, service: ServiceKey, host: string): string {
  return `${host}.${serviceName(domain, service)}`;
}

/** An address as a label: `10-1-2-3`, `fd00--1`. */
export function dashed(ip: string): string {
  return ip.replaceAll(/[.:]/g, '-');
}

/** The address that a pod's name is made of; undefined when it is none. */
export function parsePodAddress(host: string): string | undefined {
  const address = parseIp(host.replaceAll('-', '.')) ?? parseIp(host.replaceAll('-', ':'));
  return address && formatIp(address);
}

/** 4, 6, or undefined for what is no address. */
export function versionOf(text: string): 4 | 6 | undefined {
  if (/^[\d.]+$/.test(text) || text.includes(':')) return parseIp(text)?.version;
  return undefined;
}

const [four, six] = ['in-addr.arpa', 'ip6.arpa'];

/** The address that a name below `in-addr.arpa` or `ip6.arpa` stands for; undefined when it is no whole one. */
export function parseReverse(name: string): string | undefined {
  if (isWithin(name, four)) {
    const labels = labelsBelow(name, four);
    const address = labels.length === 4 ? parseIp(labels.toReversed().join('.')) : undefined;
    return address && formatIp(address);
  }
  if (!isWithin(name, six)) return undefined;
  const digits = labelsBelow(name, six);
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  return formatIp({ version: 6, value: BigInt(`0x${digits.toReversed().join('')}`) });
}

export function reverseZone(ip: string): string {
  return ip.includes(':') ? six : four;
}

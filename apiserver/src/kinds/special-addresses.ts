import { type FieldPath, parseIp } from '@keelson/machinery';
import type { Report } from './report.ts';

/** Addresses that mean something else than one machine, and what. */
const special: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^(?:0\.0\.0\.0|::)$/, 'unspecified'],
  [/^(?:127\.|::1$)/, 'in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^(?:169\.254\.|fe[89ab][0-9a-f]:)/i, 'in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^(?:224\.0\.0\.|ff02:)/i, 'in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** What else than one machine an address means. */
export function specialMeanings(ip: string): string[] {
  const found = special.filter(([pattern]) => pattern.test(ip));
  return found.map(([, what]) => (what === 'unspecified' ? `unspecified (${ip})` : what));
}

/**
 * An address of one machine. Loopback addresses are taken, other than upstream: a server on a machine without
 * a network advertises its own.
 */
export function checkMachineAddress(ip: string, at: FieldPath, where: string, report: Report): void {
  if (!parseIp(ip)) report.invalid(at, where, ip, 'must be a valid IP address');
  else for (const what of specialMeanings(ip)) if (!what.includes('loopback')) report.invalid(at, where, ip, `may not be ${what}`);
}

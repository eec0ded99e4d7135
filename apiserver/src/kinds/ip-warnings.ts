import { canonicalCidr, canonicalIp, formatIp, goQuote, parseCidr, parseIp } from '@keelson/machinery';

/** Most addresses are written as they should be, and are met in great numbers. */
const odd = /(^|\.)0\d|:/;

/** Leading zeros are octal to some, and an IPv4 address written as IPv6 passes some filters: only objects of old have such. */
function isStrange(text: string, version: 4 | 6): boolean {
  return version === 4 && (text.includes(':') || /(^|\.)0\d/.test(text));
}

/** What upstream says of addresses that are written in a way not everybody reads alike. `at` is their own path. */
export function ipWarnings(text: string, at: string): string[] {
  const address = odd.test(text) ? parseIp(text) : undefined;
  const better = goQuote(canonicalIp(text));
  if (!address) return [];
  if (isStrange(text, address.version)) return [`${at}: non-standard IP address ${goQuote(text)} is invalid: use ${better}`];
  const isCanonical = address.version === 4 || canonicalIp(text) === text;
  return isCanonical ? [] : [`${at}: IPv6 address ${goQuote(text)} should be in RFC 5952 canonical format (${better})`];
}

/** The same of ranges. */
export function cidrWarnings(text: string, at: string): string[] {
  const range = parseCidr(text);
  if (!range) return [];
  const { address, first } = range;
  const better = goQuote(canonicalCidr(text));
  const alone = goQuote(`${formatIp(address)}/${address.version === 4 ? 32 : 128}`);
  const found = [
    address.value !== first && `${at}: CIDR value ${goQuote(text)} is ambiguous in this context (should be ${better} or ${alone}?)`,
    isStrange(text, address.version) && `${at}: non-standard CIDR value ${goQuote(text)} is invalid: use ${better}`,
  ].filter((one) => one !== false);
  const isCanonical = address.version === 4 || canonicalCidr(text) === text;
  if (found.length > 0 || isCanonical) return found;
  return [`${at}: IPv6 CIDR value ${goQuote(text)} should be in RFC 5952 canonical format (${better})`];
}

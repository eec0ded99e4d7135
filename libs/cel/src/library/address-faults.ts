import { goQuote } from '@keelson/machinery';

/** What is wrong with a text, and where. */
interface Fault {
  readonly why: string;
  readonly at?: string;
}

/** Why a text is no address, in the words of Go's `netip`. Undefined for one that is. */
export function addressFault(text: string): string | undefined {
  const sign = /[.:%]/.exec(text)?.[0];
  const fault =
    sign === '.' ? dottedFault(text) : sign === ':' ? groupsFault(text) : { why: sign ? 'missing IPv6 address' : 'unable to parse IP' };
  return fault && `ParseAddr(${goQuote(text)}): ${fault.why}${fault.at ? ` (at ${goQuote(fault.at)})` : ''}`;
}

/** Why a text is no prefix, in the words of Go's `netip`. Undefined for one that is. */
export function prefixFault(text: string): string | undefined {
  const slash = text.lastIndexOf('/');
  const why = slash < 0 ? "no '/'" : (addressFault(text.slice(0, slash)) ?? bitsFault(text.slice(0, slash), text.slice(slash + 1)));
  return why && `netip.ParsePrefix(${goQuote(text)}): ${why}`;
}

function bitsFault(address: string, bits: string): string | undefined {
  if (address.includes('%')) return 'IPv6 zones cannot be present in a prefix';
  if (!/^(0|[1-9][0-9]*)$/.test(bits)) return `bad bits after slash: ${goQuote(bits)}`;
  return Number(bits) > (address.includes(':') ? 128 : 32) ? 'prefix length out of range' : undefined;
}

/** The first fault from the left. */
function dottedFault(text: string): Fault | undefined {
  let at = 0;
  const parts = text.split('.');
  for (const [i, part] of parts.entries()) {
    // A dot that ends the text is looked at before what it would begin.
    if (i === 4 && (part !== '' || parts.length > 5)) return { why: 'IPv4 address too long' };
    const strange = /[^0-9]/.exec(part);
    const digits = part.slice(0, strange?.index);
    if (/^0[0-9]/.test(digits)) return { why: 'IPv4 field has octet with leading zero' };
    if (Number(digits) > 255) return { why: 'IPv4 field has value >255' };
    if (strange) return { why: 'unexpected character', at: text.slice(at + strange.index) };
    // What an empty part lacks is told at the dot that ends it, or at the last one.
    if (part === '') return { why: 'IPv4 field must have at least one digit', at: text.slice(Math.min(at, text.length - 1)) };
    at += part.length + 1;
  }
  return parts.length < 4 ? { why: 'IPv4 address too short' } : undefined;
}

const groupCount = 8;

/** Groups of an IPv6 address, read from the left. */
function groupsFault(text: string): Fault | undefined {
  const [address = '', zone] = text.split(/%(.*)/s);
  if (zone === '') return { why: 'zone must be a non-empty string' };
  let short = address.startsWith('::');
  let rest = short ? address.slice(2) : address;
  let count = 0;
  for (; rest !== '' && count < groupCount; count++) {
    const digits = /^[0-9a-fA-F]*/.exec(rest)?.[0] ?? '';
    if (digits.length > 4) return { why: 'each group must have 4 or less digits', at: rest };
    if (digits === '') return { why: 'each colon-separated field must have at least one digit', at: rest };
    if (rest[digits.length] === '.') return embeddedFault(rest, count, short);
    rest = rest.slice(digits.length);
    if (rest === '') continue;
    if (!rest.startsWith(':')) return { why: 'unexpected character, want colon', at: rest };
    if (rest === ':') return { why: 'colon must be followed by more characters', at: rest };
    if (!rest.startsWith('::')) rest = rest.slice(1);
    else if (short) return { why: 'multiple :: in address', at: rest.slice(1) };
    else [short, rest] = [true, rest.slice(2)];
  }
  if (rest !== '') return { why: 'trailing garbage after address', at: rest };
  return lengthFault(count, short);
}

/** An IPv4 address in the place of the last two groups. */
function embeddedFault(rest: string, count: number, short: boolean): Fault | undefined {
  const last = groupCount - 2;
  if (!short && count !== last) return { why: 'embedded IPv4 address must replace the final 2 fields of the address', at: rest };
  if (count > last) return { why: 'too many hex fields to fit an embedded IPv4 at the end of the address', at: rest };
  return dottedFault(rest) ?? lengthFault(count + 2, short);
}

function lengthFault(count: number, short: boolean): Fault | undefined {
  if (count < groupCount) return short ? undefined : { why: 'address string too short' };
  return short ? { why: 'the :: must expand to at least one field of zeros' } : undefined;
}

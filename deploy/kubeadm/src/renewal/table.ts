import { rfc3339 } from '@keelson/base';
import { aligned } from '../table.ts';

/** When a certificate ends. */
export interface Expiration {
  readonly name: string;
  /** Milliseconds since the epoch; undefined: there is no such certificate. */
  readonly expires: number | undefined;
  /** Whose certificate it was made with; undefined of an authority itself. */
  readonly ca?: string;
  /** Whether the authority's key is somewhere else. */
  readonly external: boolean;
}

/** As below for programs, in the shape of upstream's kind CertificateExpirationInfo. @param now milliseconds since the epoch */
export function expirationInfo(certificates: readonly Expiration[], authorities: readonly Expiration[], now: number): object {
  const of = ({ name, expires, ca, external }: Expiration): object => {
    if (expires === undefined) return { name, expirationDate: null, residualTime: 0, externallyManaged: false, missing: true };
    const residualTime = Math.trunc((expires - now) / 1000);
    const signer = ca === undefined ? {} : { caName: ca };
    return { name, expirationDate: rfc3339(expires), residualTime, externallyManaged: external, ...signer, missing: false };
  };
  return { certificates: certificates.map(of), certificateAuthorities: authorities.map(of) };
}

/** The two tables of `kubeadm certs check-expiration`. @param now milliseconds since the epoch */
export function renderExpirations(certificates: readonly Expiration[], authorities: readonly Expiration[], now: number): string {
  const head = ['EXPIRES', 'RESIDUAL TIME'];
  const tables = [
    [['CERTIFICATE', ...head, 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED'], ...certificates.map((one) => row(one, now))],
    [['CERTIFICATE AUTHORITY', ...head, 'EXTERNALLY MANAGED'], ...authorities.map((one) => row(one, now))],
  ];
  return tables.map(aligned).join('\n');
}

function row({ name, expires, ca, external }: Expiration, now: number): string[] {
  const signer = ca === undefined ? [] : [ca];
  if (expires === undefined) return [`!MISSING! ${name}`, '', '', ...signer.map(() => ''), ''];
  return [name, date(expires), remaining(expires - now), ...signer, (external ? 'yes' : 'no').padEnd(8)];
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Dec 30, 2026 23:36 UTC`. */
function date(time: number): string {
  const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(new Date(time).toISOString()) ?? [];
  return `${months[Number(month) - 1]} ${day}, ${year} ${clock} UTC`;
}

const units = [
  ['y', 365 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** The largest whole unit: `9y`, `364d`, `5h`. */
function remaining(ms: number): string {
  if (ms < -1000) return '<invalid>';
  const [unit, size] = units.find(([, each]) => ms >= each) ?? ['s', 1000];
  return `${Math.max(0, Math.floor(ms / size))}${unit}`;
}

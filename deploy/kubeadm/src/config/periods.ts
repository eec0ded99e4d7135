import { formatGoDuration, parseGoDuration } from '@keelson/base';
import { usualValidity, type Validity } from '@keelson/deploy-local';
import { durationAt, type Problems } from './fields.ts';
import type { ClusterForm } from './forms.ts';
import { chosen } from './node-options.ts';

const day = 86_400_000;

/** What a ClusterConfiguration says of how long certificates are good for. */
export function validityOf({ caCertificateValidityPeriod, certificateValidityPeriod }: ClusterForm, problems: Problems): Partial<Validity> {
  const days = (path: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const ms = durationAt(text, path, problems);
    if (ms <= 0) problems.invalid(path, text, 'must be greater than 0');
    return ms / day;
  };
  return chosen({
    authorityDays: days('caCertificateValidityPeriod', caCertificateValidityPeriod),
    certificateDays: days('certificateValidityPeriod', certificateValidityPeriod),
  });
}

/** What upstream warns of before certificates are made that are good for longer than usual. */
export function longPeriods({ authorityDays, certificateDays }: Validity): string[] {
  const tell = (path: string, what: string, days: number, usual: number): string[] => {
    const more = `is more than the recommended default for ${what} expiration: ${periodOf(usual)}`;
    return days > usual ? [`WARNING: ${path}: the value ${periodOf(days)} ${more}`] : [];
  };
  return [
    ...tell('certificateValidityPeriod', 'certificate', certificateDays, usualValidity.certificateDays),
    ...tell('caCertificateValidityPeriod', 'CA certificate', authorityDays, usualValidity.authorityDays),
  ];
}

/** Days as the documents write them. */
export function periodOf(days: number): string {
  return formatGoDuration(days * day);
}

/** Such a text in days; undefined when it is none. */
export function daysOf(period: unknown): number | undefined {
  try {
    return typeof period === 'string' ? parseGoDuration(period) / day : undefined;
  } catch {
    return undefined;
  }
}

import type { Clock } from '@keelson/base';
import { Refusal } from '@keelson/deploy-local';
import type { Layout } from '../layout.ts';
import type { Renewable } from './certificates.ts';
import { authorityOf, certificateOf, putCertificate, reissue } from './files.ts';

interface Renewing {
  readonly clock: Clock;
  /** How many days it is good for. */
  readonly days: number;
  readonly say: (line: string) => void;
}

/**
 * Makes a certificate again, with the same subject and names and new dates, and says so, or why not. Resolves to whether there is a new
 * one. @throws Refusal when its authority is not there.
 */
export async function renewOne(one: Renewable, layout: Layout, { clock, days, say }: Renewing): Promise<boolean> {
  const long = `certificate ${one.purpose}`;
  const certPem = await certificateOf(layout, one.name);
  if (certPem === undefined) {
    say(`MISSING! ${long}`);
    return false;
  }
  const authority = await authorityOf(layout, one.ca);
  if (!authority) throw new Refusal(`failed to load certificate authority ${one.ca}: it is not in ${layout.pki}`);
  const { certPem: caPem, keyPem } = authority;
  if (keyPem === undefined) {
    say(`Detected external ${one.ca}, ${long} can't be renewed`);
    return false;
  }
  await putCertificate(layout, one, await reissue(certPem, { ca: { certPem: caPem, keyPem }, days, clock }));
  say(`${long} renewed`);
  return true;
}

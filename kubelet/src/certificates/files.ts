import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Clock, timestamp } from '@keelson/base';
import type { ClientCertificate } from '@keelson/client';
import { parseCertificate } from '@keelson/pki';
import type { Validity } from './plan.ts';

/** A certificate with its key, and how long it is valid. */
export interface HeldCertificate extends ClientCertificate, Validity {
  readonly cert: string;
  readonly key: string;
}

/** @param pem certificate and key, in any order. @throws when it is not both. */
export function heldCertificate(pem: string): HeldCertificate {
  const [cert] = /-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\n?/.exec(pem) ?? [];
  const [key] = /-----BEGIN (\w+ )?PRIVATE KEY-----[\s\S]*?-----END (\w+ )?PRIVATE KEY-----\n?/.exec(pem) ?? [];
  if (cert === undefined || key === undefined) throw new Error('not a certificate with its key');
  const { validFromDate, validToDate } = parseCertificate(cert);
  return { cert, key, notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

/**
 * The kubelet's certificates of one purpose below `--cert-dir`, under Kubernetes' names: a file for each that was ever issued,
 * certificate and key in one, and `<prefix>-current.pem`, a link to the last.
 */
export class CertificateFiles {
  /** The link. It exists once something was saved. */
  readonly current: string;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #clock: Clock;

  constructor(directory: string, prefix: 'kubelet-client' | 'kubelet-server', clock: Clock) {
    this.#directory = resolve(directory);
    this.#prefix = prefix;
    this.#clock = clock;
    this.current = join(this.#directory, `${prefix}-current.pem`);
  }

  /** Undefined when there is none, or none that can be read. */
  load(): HeldCertificate | undefined {
    try {
      return heldCertificate(readFileSync(this.current, 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Makes a certificate the current one, at once or not at all. */
  save({ cert, key }: Pick<HeldCertificate, 'cert' | 'key'>): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const name = `${this.#prefix}-${timestamp(this.#clock).slice(0, 19).replaceAll(/[T:]/g, '-')}.pem`;
    const path = join(this.#directory, name);
    rmSync(path, { force: true });
    writeFileSync(path, cert + key, { mode: 0o600, flush: true });
    const next = `${this.current}.next`;
    rmSync(next, { force: true });
    symlinkSync(path, next);
    renameSync(next, this.current);
  }
}

import { Backoff, type Clock, errorMessage, type Logger, type Random, sleep } from '@keelson/base';
import type { CertificateFiles, HeldCertificate } from './files.ts';
import { renewalAt } from './plan.ts';

export interface RotationDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly files: Pick<CertificateFiles, 'save'>;
  /** Asks for the next certificate. */
  request(): Promise<HeldCertificate>;
  /** Told of every new one. */
  changed(certificate: HeldCertificate): void;
}

const backoff = { initial: 2_000, max: 60_000 };

/** Has a certificate renewed before it ends, again and again. */
export class Rotation {
  readonly #deps: RotationDeps;
  #current: HeldCertificate | undefined;

  /** @param current what there is; undefined: the first is asked for at once. */
  constructor(current: HeldCertificate | undefined, deps: RotationDeps) {
    this.#current = current;
    this.#deps = deps;
  }

  get current(): HeldCertificate | undefined {
    return this.#current;
  }

  /** Resolves when the signal aborts. A request that comes to nothing is made again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    const failures = new Backoff(backoff, clock);
    let due = this.#current ? renewalAt(this.#current, random) : clock.now();
    while (!signal.aborted) {
      await sleep(clock, Math.max(0, due - clock.now()), signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        due = renewalAt(await this.#renew(), random);
        failures.reset('');
      } catch (error) {
        if (signal.aborted) return;
        log.warn('certificate rotation failed', { error: errorMessage(error) });
        due = clock.now() + failures.next('');
      }
    }
  }

  async #renew(): Promise<HeldCertificate> {
    const { files, request, changed } = this.#deps;
    const next = await request();
    files.save(next);
    this.#current = next;
    changed(next);
    return next;
  }
}

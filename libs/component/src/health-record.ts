import { Counter, Gauge, Registry } from 'prom-client';

/** What health checks said, as upstream's `/metrics/slis` tells it. */
export class HealthRecord {
  readonly #metrics = new Registry();
  readonly #last = new Gauge({
    name: 'kubernetes_healthcheck',
    help: 'What a check said when it was last asked: 1 that all is well, else 0.',
    labelNames: ['name', 'type'] as const,
    registers: [this.#metrics],
  });
  readonly #all = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'How often a check was asked, by what it said.',
    labelNames: ['name', 'status', 'type'] as const,
    registers: [this.#metrics],
  });

  /** @param type the endpoint, `healthz`, `livez` or `readyz`. */
  add(type: string, name: string, passed: boolean): void {
    this.#last.set({ name, type }, passed ? 1 : 0);
    this.#all.inc({ name, status: passed ? 'success' : 'error', type });
  }

  get contentType(): string {
    return this.#metrics.contentType;
  }

  text(): Promise<string> {
    return this.#metrics.metrics();
  }
}

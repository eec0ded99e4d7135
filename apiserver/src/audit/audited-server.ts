import { type Fixture, type FixtureOptions, startServer } from '../testing/fixture.ts';
import { createAuditor } from './auditor.ts';
import type { AuditEvent } from './event.ts';
import type { Policy, PolicyRule } from './policy.ts';
import type { Backend } from './sink.ts';

export interface AuditedServer extends Fixture {
  /** Of requests so far, but for those that have to do with the server's own start. */
  readonly events: readonly AuditEvent[];
  /** Of one request, by the id it was given in its `Audit-Id` header. */
  of(id: string): readonly AuditEvent[];
}

/** For tests: a server that tells a list in memory of its requests. */
export async function startAudited(policy: Omit<Policy, 'rules'> & { rules: readonly PolicyRule[] }, options: FixtureOptions = {}) {
  const events: AuditEvent[] = [];
  const backend: Backend = {
    ...{ name: 'log', batch: 1_000, wait: 0 },
    write: async (batch) => {
      // As a log has it, so that nothing that changes afterwards is seen.
      events.push(...(JSON.parse(JSON.stringify(batch)) as AuditEvent[]));
    },
    close: () => Promise.resolve(),
  };
  const server = await startServer({
    ...options,
    auditor: (around) => createAuditor({ ...around, policy, backends: [{ backend, mode: 'batch', buffer: 10_000 }] }),
  });
  return { ...server, events, of: (id) => events.filter(({ auditID }) => auditID === id) } satisfies AuditedServer;
}

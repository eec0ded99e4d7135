import { Counter, type Registry } from 'prom-client';

/** Counts under Kubernetes' own names. */
export interface AuditMetrics {
  /** An event was made. */
  told(): void;
  /** A policy gave a request a level. */
  level(level: string): void;
  /** Events were lost by `plugin`. */
  lost(plugin: string, count: number): void;
  /** A request was refused because it could not be told of. */
  rejected(): void;
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'apiserver_audit_event_total',
    help: 'Counter of audit events generated and sent to the audit backend.',
    registers,
  });
  const levels = new Counter({
    name: 'apiserver_audit_level_total',
    help: 'Counter of policy levels for audit events (1 per request).',
    labelNames: ['level'],
    registers,
  });
  const errors = new Counter({
    name: 'apiserver_audit_error_total',
    help: 'Counter of audit events that failed to be audited properly, by the plugin affected.',
    labelNames: ['plugin'],
    registers,
  });
  const rejected = new Counter({
    name: 'apiserver_audit_requests_rejected_total',
    help: 'Counter of apiserver requests rejected due to an error in audit logging backend.',
    registers,
  });
  return {
    told: () => events.inc(),
    level: (level) => levels.inc({ level }),
    lost: (plugin, count) => errors.inc({ plugin }, count),
    rejected: () => rejected.inc(),
  };
}

import type { OptionSpecs } from '@keelson/component';

/** Flags of the audit log, under Kubernetes' names. */
export const auditOptions = {
  'audit-policy-file': {
    type: 'string',
    default: '',
    help: 'Policy (audit.k8s.io/v1): which requests are told of, and how much. None are without. Secrets and tokens never are.',
  },
  'audit-log-path': { type: 'string', default: '', help: 'File audit events are added to, as lines of JSON; - is standard output.' },
  'audit-log-mode': {
    type: 'string',
    default: 'blocking',
    help: 'blocking: requests wait for the log; blocking-strict: and are refused without it; batch: they never wait, and events may be lost.',
  },
  'audit-log-maxage': { type: 'number', default: 0, help: 'Days old audit logs are kept; for ever when 0.' },
  'audit-log-maxbackup': { type: 'number', default: 0, help: 'Old audit logs that are kept; all when 0.' },
  'audit-log-maxsize': { type: 'number', default: 0, help: 'Megabytes of an audit log before another is begun; 100 when 0.' },
  'audit-log-batch-buffer-size': { type: 'number', default: 10_000, help: 'The most events that wait to be written.' },
  'audit-webhook-config-file': { type: 'string', default: '', help: 'kubeconfig of a server that is sent audit events, as EventLists.' },
  'audit-webhook-mode': { type: 'string', default: 'batch', help: 'As --audit-log-mode, for the webhook.' },
  'audit-webhook-initial-backoff': { type: 'duration', default: '10s', help: 'Time before the webhook is tried a second time.' },
  'audit-webhook-batch-buffer-size': { type: 'number', default: 10_000, help: 'The most events that wait to be sent.' },
  'audit-webhook-batch-max-size': { type: 'number', default: 400, help: 'The most events that are sent together.' },
  'audit-webhook-batch-max-wait': { type: 'duration', default: '30s', help: 'How long events wait for others to be sent with.' },
} as const satisfies OptionSpecs;

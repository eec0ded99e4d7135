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
  'audit-log-compress': { type: 'boolean', default: false, help: 'Old audit logs are compressed with gzip.' },
  'audit-log-format': { type: 'string', default: 'json', help: 'Only json: one event a line.' },
  'audit-log-version': { type: 'string', default: 'audit.k8s.io/v1', help: 'Only audit.k8s.io/v1.' },
  'audit-log-truncate-enabled': { type: 'boolean', default: false, help: 'Events and batches that are too large are made smaller.' },
  'audit-log-truncate-max-event-size': {
    type: 'number',
    default: 102_400,
    help: 'Bytes of an event past which it loses its objects, and is not kept if it is too large even then.',
  },
  'audit-log-truncate-max-batch-size': { type: 'number', default: 10_485_760, help: 'Bytes of events that are written together.' },
  'audit-log-batch-buffer-size': { type: 'number', default: 10_000, help: 'The most events that wait to be written.' },
  'audit-webhook-config-file': { type: 'string', default: '', help: 'kubeconfig of a server that is sent audit events, as EventLists.' },
  'audit-webhook-mode': { type: 'string', default: 'batch', help: 'As --audit-log-mode, for the webhook.' },
  'audit-webhook-version': { type: 'string', default: 'audit.k8s.io/v1', help: 'Only audit.k8s.io/v1.' },
  'audit-webhook-truncate-enabled': { type: 'boolean', default: false, help: 'As --audit-log-truncate-enabled.' },
  'audit-webhook-truncate-max-event-size': { type: 'number', default: 102_400, help: 'As --audit-log-truncate-max-event-size.' },
  'audit-webhook-truncate-max-batch-size': { type: 'number', default: 10_485_760, help: 'Bytes of events that are sent together.' },
  'audit-webhook-initial-backoff': { type: 'duration', default: '10s', help: 'Time before the webhook is tried a second time.' },
  'audit-webhook-batch-buffer-size': { type: 'number', default: 10_000, help: 'The most events that wait to be sent.' },
  'audit-webhook-batch-max-size': { type: 'number', default: 400, help: 'The most events that are sent together.' },
  'audit-webhook-batch-max-wait': { type: 'duration', default: '30s', help: 'How long events wait for others to be sent with.' },
} as const satisfies OptionSpecs;

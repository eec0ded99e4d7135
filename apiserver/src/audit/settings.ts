import { readFile } from 'node:fs/promises';
import { type Clock, errorMessage, type Logger, type Random } from '@keelson/base';
import type { OptionValues } from '@keelson/component';
import type { Registry as Metrics } from 'prom-client';
import { type AuditBackend, type Auditor, createAuditor } from './auditor.ts';
import { fileBackend, streamBackend, webhookBackend } from './backends.ts';
import type { auditOptions } from './options.ts';
import { type Policy, parsePolicy } from './policy.ts';
import { type Backend, type Mode, modes } from './sink.ts';
import { truncating } from './truncate.ts';

type Options = OptionValues<typeof auditOptions>;

export interface AuditSurroundings {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Bytes of a log file of which nobody says how large it may be, and of one whose size is given in megabytes. */
const megabyte = 1024 * 1024;
const usualSize = 100;

/** What the flags say; undefined where no policy is named, or nothing to tell it to. @throws Error in one sentence. */
export async function configureAudit(options: Options, around: AuditSurroundings): Promise<Auditor | undefined> {
  const path = options['audit-policy-file'];
  const { 'audit-log-path': logPath, 'audit-webhook-config-file': webhook } = options;
  if (!path) {
    if (logPath || webhook) around.log.warn('no audit policy file provided, no events will be recorded');
    return undefined;
  }
  const policy = await readPolicy(path, around.log);
  const backends = [...(logPath ? [await logBackend(options, around)] : []), ...(webhook ? [hookBackend(options, around)] : [])];
  if (backends.length > 0) return createAuditor({ ...around, policy, backends });
  around.log.warn('no audit backend provided, no events will be recorded');
  return undefined;
}

async function readPolicy(path: string, log: Logger): Promise<Policy> {
  try {
    return parsePolicy(await readFile(path, 'utf8'), (message) => log.warn(message, { path }));
  } catch (error) {
    throw new Error(`loading audit policy file: ${path}: ${errorMessage(error)}`);
  }
}

async function logBackend(options: Options, { clock, log }: AuditSurroundings): Promise<AuditBackend> {
  const path = options['audit-log-path'];
  const sizes = {
    maxSize: (options['audit-log-maxsize'] || usualSize) * megabyte,
    maxBackups: options['audit-log-maxbackup'],
    maxAge: options['audit-log-maxage'],
    compress: options['audit-log-compress'],
  };
  const backend =
    path === '-'
      ? streamBackend(process.stdout)
      : await fileBackend({ path, ...sizes, clock, log }).catch((error: unknown) =>
          Promise.reject(new Error(`--audit-log-path: ${errorMessage(error)}`)),
        );
  requireKnown(options, 'log');
  return {
    backend: limited(backend, options, 'log'),
    mode: modeOf(options['audit-log-mode'], 'log'),
    buffer: options['audit-log-batch-buffer-size'],
  };
}

function hookBackend(options: Options, { clock, random, signal }: AuditSurroundings): AuditBackend {
  const backend = webhookBackend({
    config: options['audit-webhook-config-file'],
    initialBackoff: options['audit-webhook-initial-backoff'],
    batch: options['audit-webhook-batch-max-size'],
    wait: options['audit-webhook-batch-max-wait'],
    ...{ clock, random, signal },
  });
  requireKnown(options, 'webhook');
  const mode = modeOf(options['audit-webhook-mode'], 'webhook');
  return { backend: limited(backend, options, 'webhook'), mode, buffer: options['audit-webhook-batch-buffer-size'] };
}

/** Other formats and versions are of the past. */
function requireKnown(options: Options, which: 'log' | 'webhook'): void {
  const version = options[`audit-${which}-version`];
  if (version !== 'audit.k8s.io/v1')
    throw new Error(`invalid audit ${which} group version ${version}, allowed versions are "audit.k8s.io/v1"`);
  const format = options['audit-log-format'];
  if (which === 'log' && format !== 'json') throw new Error(`invalid audit log format ${format}, allowed formats are "json"`);
}

function limited(backend: Backend, options: Options, which: 'log' | 'webhook'): Backend {
  if (!options[`audit-${which}-truncate-enabled`]) return backend;
  const [event, batch] = [options[`audit-${which}-truncate-max-event-size`], options[`audit-${which}-truncate-max-batch-size`]];
  if (batch < event) throw new Error(`maximum event size (--audit-${which}-truncate-max-event-size) must not exceed maximum batch size`);
  return truncating(backend, { event, batch });
}

function modeOf(text: string, which: string): Mode {
  const mode = modes.find((one) => one === text);
  if (!mode) throw new Error(`invalid audit ${which} mode ${text}, allowed modes are ${JSON.stringify(modes.join(','))}`);
  return mode;
}

import type { LogFields, Logger } from '@keelson/base';

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps what was logged; children write into the same list. */
export interface RecordingLogger extends Logger {
  readonly entries: readonly LogEntry[];
}

export function recordingLogger(): RecordingLogger {
  const entries: LogEntry[] = [];
  return { entries, ...logger(entries, {}) };
}

function logger(entries: LogEntry[], inherited: LogFields): Logger {
  const at =
    (level: LogEntry['level']) =>
    (message: string, fields?: LogFields): void =>
      void entries.push({ level, message, fields: { ...inherited, ...fields } });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logger(entries, { ...inherited, ...fields }),
  };
}

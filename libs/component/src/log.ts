import type { Clock, LogFields, Logger } from '@keelson/base';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export interface LoggerOptions {
  readonly component: string;
  /** `-v`: 4 and above let debug messages through, as Kubernetes' own debug level. */
  readonly verbosity: number;
  readonly clock: Clock;
  /** Standard error when absent, written to synchronously: nothing is lost when the process dies. */
  readonly stream?: DestinationStream;
}

/** A logger of one JSON object a line: `ts` (RFC 3339), `level`, `component`, the fields, `msg`. Errors go under `err`. */
export function createLogger({ component, verbosity, clock, stream }: LoggerOptions): Logger {
  const options = {
    level: verbosity >= 4 ? 'debug' : 'info',
    base: { component },
    timestamp: () => `,"ts":"${new Date(clock.now()).toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
  };
  return adapt(pino(options, stream ?? pino.destination({ dest: 2, sync: true })));
}

function adapt(inner: PinoLogger): Logger {
  return {
    debug: (message, fields = {}) => inner.debug(fields, message),
    info: (message, fields = {}) => inner.info(fields, message),
    warn: (message, fields = {}) => inner.warn(fields, message),
    error: (message, fields = {}) => inner.error(fields, message),
    child: (fields: LogFields) => adapt(inner.child(fields)),
  };
}

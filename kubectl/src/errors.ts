import { isIP } from 'node:net';
import { errorMessage } from '@keelson/base';
import { ApiError } from '@keelson/client';

/** Ends a verb with an exit code of its own, after it has said all there is to say. */
export class ExitError extends Error {
  readonly code: number;

  constructor(code: number, message = '') {
    super(message);
    this.name = 'ExitError';
    this.code = code;
  }
}

/** `See 'kubectl get --help' for usage.`, `See 'kubectl get -h' for help and examples`, nothing, or the help itself on standard output. */
export type UsageHint = 'usage' | 'examples' | 'none' | 'help';

/** A command line that cannot be understood. `hint` is how help is to be found. */
export class UsageError extends Error {
  readonly hint: UsageHint;

  constructor(message: string, hint: UsageHint = 'usage') {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** A request took longer than `--request-timeout` allows. */
export class RequestTimeout extends Error {
  constructor() {
    super('Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)');
    this.name = 'RequestTimeout';
  }
}

/** Several things went wrong, one line each. */
export class ManyErrors extends Error {
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super(errors.map(errorMessage).join('\n'));
    this.name = 'ManyErrors';
    this.errors = errors;
  }
}

/** Throws what was collected: nothing, the one, or all. */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new ManyErrors(errors);
}

/** The errors that `throwAll` threw as one. */
export function errorsOf(thrown: unknown): readonly unknown[] {
  return thrown instanceof ManyErrors ? thrown.errors : [thrown];
}

/** The first of each message: of several objects the same may be said. */
export function distinct(errors: readonly unknown[]): unknown[] {
  const messages = errors.map(errorMessage);
  return errors.filter((_, i) => messages.indexOf(messages[i] as string) === i);
}

/** The error with what was being done put before its message: `error when creating "x.yaml": …`. */
export function withSource(error: unknown, doing: string, source: string): unknown {
  if (source === '') return error;
  const message = `error when ${doing} ${JSON.stringify(source)}: ${errorMessage(error)}`;
  if (!(error instanceof ApiError)) return new Error(message);
  return new ApiError({ ...error.status, message }, error.code);
}

/**
 * The text of an error as kubectl prints it, without the newline.
 * @param server `host:port` of the API server, for connections that failed.
 */
export function describeError(error: unknown, server: string): string {
  if (error instanceof ManyErrors) return error.errors.map((each) => oneOfMany(each, server)).join('\n');
  if (error instanceof RequestTimeout) return error.message;
  const known = standardText(error, server);
  if (known !== undefined) return known;
  const text = errorMessage(error);
  return text.startsWith('error: ') ? text : `error: ${text}`;
}

/** Among others an error is told in one line: its causes are in its message. */
function oneOfMany(error: unknown, server: string): string {
  if (error instanceof ApiError && error.reason === 'Invalid') return `Error from server (Invalid): ${error.message}`;
  return standardText(error, server) ?? errorMessage(error);
}

function standardText(error: unknown, server: string): string | undefined {
  if (error instanceof ApiError) return apiErrorText(error);
  if (error instanceof Error && /^context ".*" does not exist$/.test(error.message)) {
    return `Error in configuration: context was not found for specified context: ${error.message.slice('context "'.length, -'" does not exist'.length)}`;
  }
  if (error instanceof Error && error.message.startsWith('invalid configuration: '))
    return error.message.replace(/^invalid configuration/, 'Error in configuration');
  if (error instanceof Error && error.message.startsWith('getting credentials: '))
    return `Unable to connect to the server: ${error.message}`;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  if (code === 'ENOENT' && 'path' in (error as object)) return `error: ${fileProblem(error)}`;
  if (code === 'ECONNREFUSED') return `The connection to the server ${server} was refused - did you specify the right host or port?`;
  if (typeof code !== 'string' || !/^(?:E[A-Z]+|ERR_TLS_\w+|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_\w+)$/.test(code)) return undefined;
  if ('path' in (error as object)) return undefined;
  return `Unable to connect to the server: ${connectionText(code, error as Error, server)}`;
}

/** Why a file cannot be read; of one that is not there as Go has it. */
export function fileProblem(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? `open ${path}: no such file or directory` : errorMessage(error);
}

/** For whom a certificate is, and for whom it is not. */
function otherNames(error: Error): string {
  const { host = '', cert } = error as Error & { host?: string; cert?: { subjectaltname?: string } };
  const names = (cert?.subjectaltname ?? '').split(', ').map((entry) => entry.split(':'));
  const kind = isIP(host) === 0 ? 'DNS' : 'IP Address';
  const valid = names.filter(([type]) => type === kind).map(([, ...name]) => name.join(':'));
  return `certificate is valid for ${valid.join(', ')}, not ${host}`;
}

function connectionText(code: string, error: Error, server: string): string {
  const host = server.replace(/:\d+$/, '');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'ETIMEDOUT') return `dial tcp ${server}: i/o timeout`;
  if (/UNABLE_TO|SELF_SIGNED|DEPTH_ZERO/.test(code))
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${otherNames(error)}`;
  if (code === 'CERT_HAS_EXPIRED') return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
  return errorMessage(error);
}

function apiErrorText(error: ApiError): string {
  const { reason } = error;
  if (reason === 'Unauthorized') return `error: You must be logged in to the server (${error.message})`;
  if (reason === 'Invalid') return invalidText(error);
  return reason === '' || reason === 'Unknown' ? `Error from server: ${error.message}` : `Error from server (${reason}): ${error.message}`;
}

function invalidText({ status, message }: ApiError): string {
  const { kind = '', name = '', causes = [] } = status.details ?? {};
  const nameless = kind === '' && name === '';
  if (nameless && causes.length === 0) return message ? `The request is invalid: ${message}` : 'The request is invalid';
  const subject = nameless ? 'The request is invalid' : `The ${kind} "${name}" is invalid`;
  const lines = [...new Set(causes.map(({ field, message: text }) => `${field || '<nil>'}: ${text ?? ''}`))];
  if (lines.length === 0) return subject;
  return lines.length === 1 ? `${subject}: ${lines[0]}` : `${subject}: \n${lines.map((line) => `* ${line}`).join('\n')}`;
}

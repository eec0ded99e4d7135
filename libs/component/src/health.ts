import { errorMessage, type Logger } from '@keelson/base';
import type { HealthRecord } from './health-record.ts';

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz';

export interface HealthCheck {
  readonly name: string;
  /** Throws what is wrong; it goes to the log, and to whoever asks for this one check by path. */
  check(): void | Promise<void>;
  /** Where it counts; everywhere when absent. */
  readonly endpoints?: readonly HealthEndpoint[];
}

export interface HealthAnswer {
  readonly status: 200 | 404 | 500;
  readonly body: string;
}

/** `failure` is absent when the check passed. */
interface CheckResult {
  readonly name: string;
  readonly failure?: string | undefined;
}

const endpoints: readonly string[] = ['healthz', 'livez', 'readyz'] satisfies HealthEndpoint[];
const ping: HealthCheck = { name: 'ping', check: () => undefined };

/** True for the paths anonymous callers may ask: the three endpoints and what is below them. */
export function isHealthPath(path: string): boolean {
  return endpoints.includes(path.split('/')[1] ?? '');
}

/** Answers `/healthz`, `/livez`, `/readyz` (`?verbose`, `?exclude=name`) and one check by its path, in Kubernetes' words, and records it. */
export async function answerHealth(url: URL, checks: readonly HealthCheck[], log: Logger, record?: HealthRecord): Promise<HealthAnswer> {
  const [endpoint = '', ...rest] = url.pathname.slice(1).split('/');
  const name = rest.join('/');
  const mine = [ping, ...checks].filter(
    (check) => check.endpoints === undefined || (check.endpoints as readonly string[]).includes(endpoint),
  );
  const wanted = name === '' ? mine : mine.filter((check) => check.name === name);
  if (wanted.length === 0) return { status: 404, body: '404 page not found\n' };
  const excluded = new Set(name === '' ? url.searchParams.getAll('exclude') : []);
  const results = await Promise.all(wanted.filter((check) => name !== '' || !excluded.has(check.name)).map(attempt));
  for (const one of results) record?.add(endpoint, one.name, one.failure === undefined);
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) log.info(`${endpoint} check failed`, Object.fromEntries(failed.map((one) => [one.name, one.failure])));
  if (name !== '') return failed[0] ? { status: 500, body: `internal server error: ${failed[0].failure}\n` } : { status: 200, body: 'ok' };
  const report = healthReport(mine, results, excluded);
  if (failed.length > 0) return { status: 500, body: `${report}${endpoint} check failed\n` };
  return { status: 200, body: url.searchParams.has('verbose') ? `${report}${endpoint} check passed\n` : 'ok' };
}

async function attempt({ name, check }: HealthCheck): Promise<CheckResult> {
  try {
    await check();
    return { name };
  } catch (error) {
    return { name, failure: errorMessage(error) };
  }
}

function healthReport(checks: readonly HealthCheck[], results: readonly CheckResult[], excluded: ReadonlySet<string>): string {
  const byName = new Map(results.map((result) => [result.name, result]));
  const lines = checks.map(({ name }) => {
    if (excluded.has(name)) return `[+]${name} excluded: ok\n`;
    return byName.get(name)?.failure === undefined ? `[+]${name} ok\n` : `[-]${name} failed: reason withheld\n`;
  });
  const unmatched = [...excluded].filter((name) => !checks.some((check) => check.name === name));
  const quoted = unmatched
    .sort()
    .map((name) => JSON.stringify(name))
    .join(',');
  return lines.join('') + (quoted ? `warn: some health checks cannot be excluded: no matches for ${quoted}\n` : '');
}

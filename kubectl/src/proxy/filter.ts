/** What the proxy lets through, as regular expressions. */
export interface ProxyRules {
  readonly acceptHosts: readonly RegExp[];
  readonly acceptPaths: readonly RegExp[];
  readonly rejectPaths: readonly RegExp[];
  readonly rejectMethods: readonly RegExp[];
}

export interface ProxyRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The Host header. */
  readonly host: string;
}

/** Expressions between commas. @throws Error for one that is none. */
export function expressions(list: string, flag: string): RegExp[] {
  return list.split(',').map((text) => {
    try {
      return new RegExp(text);
    } catch (error) {
      throw new Error(`--${flag}: error parsing regexp: ${(error as Error).message}`);
    }
  });
}

/** Whether a request may pass. What is rejected is so even where it is accepted, too. */
export function isAccepted({ method, path, host }: ProxyRequest, rules: ProxyRules): boolean {
  const matches = (all: readonly RegExp[], text: string): boolean => all.some((expression) => expression.test(text));
  if (matches(rules.rejectPaths, path) || matches(rules.rejectMethods, method)) return false;
  return matches(rules.acceptPaths, path) && matches(rules.acceptHosts, hostName(host));
}

/** The host without its port; an IPv6 address keeps its brackets. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '');
}

/**
 * The path on the server behind a path of the proxy's; undefined when it is not below `prefix`.
 * @param prefix begins and ends with a slash.
 */
export function behindPrefix(path: string, prefix: string): string | undefined {
  if (prefix === '/') return path;
  return path.startsWith(prefix) ? `/${path.slice(prefix.length)}` : undefined;
}

/**
 * The path that is served for the one asked for, to which others are led on: without empty steps and dots, and with the slash that ends a
 * prefix. Paths of its own it leaves as they are.
 * @param prefixes begin and end with a slash.
 */
export function servedPath(path: string, prefixes: readonly string[]): string {
  const clean = cleanPath(path);
  return prefixes.includes(`${clean}/`) ? `${clean}/` : clean;
}

function cleanPath(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return steps.length === 0 ? '/' : `/${steps.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

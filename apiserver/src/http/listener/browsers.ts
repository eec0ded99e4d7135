import type { ExchangeHandler } from '@keelson/client';

/** What browsers are told of a server. */
export interface BrowserRules {
  /** Origins of pages that may ask it; the header's text is searched for each. */
  readonly origins: readonly RegExp[];
  /** Directives of Strict-Transport-Security; none is sent where there are none. */
  readonly transportSecurity: readonly string[];
}

const crossOrigin = {
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
  'access-control-allow-headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  'access-control-expose-headers': 'Date',
  'access-control-allow-credentials': 'true',
};

/** Serves as `handle` does, with the headers browsers want. A preflight request of a page that may ask ends here, before anybody is asked who they are. */
export function forBrowsers(handle: ExchangeHandler, { origins, transportSecurity }: BrowserRules): ExchangeHandler {
  if (origins.length === 0 && transportSecurity.length === 0) return handle;
  const security = transportSecurity.join('; ');
  return (request, response) => {
    if (security) response.setHeader('strict-transport-security', security);
    const origin = String(request.headers.origin ?? '');
    if (origin === '' || !origins.some((allowed) => allowed.test(origin))) return handle(request, response);
    response.setHeader('access-control-allow-origin', origin);
    for (const [name, value] of Object.entries(crossOrigin)) response.setHeader(name, value);
    if (request.method !== 'OPTIONS') return handle(request, response);
    response.setHeader('cache-control', 'no-cache, private');
    response.writeHead(204);
    return response.end();
  };
}

/** @throws Error in upstream's words for patterns that could match the middle of an origin. */
export function readOrigins(patterns: readonly string[]): RegExp[] {
  return patterns.map((pattern) => {
    const fault = (why: string): Error => new Error(`--cors-allowed-origins has an invalid regular expression: ${why}`);
    if (!/\^|\/\//.test(pattern) || !/[$:]/.test(pattern))
      throw fault('regular expression does not pin to start/end of host in the origin header');
    try {
      return new RegExp(pattern);
    } catch (error) {
      throw fault((error as Error).message);
    }
  });
}

/** @throws Error in upstream's words. */
export function checkTransportSecurity(directives: readonly string[]): readonly string[] {
  const known = (text: string): boolean => text === 'includeSubDomains' || text === 'preload' || /^max-age=/.test(text);
  if (directives.every((directive) => known(directive.trim()))) return directives;
  throw new Error(
    '--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information',
  );
}

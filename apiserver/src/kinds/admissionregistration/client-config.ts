import { type FieldError, type FieldPath, fieldInvalid, fieldRequired, isDNS1123Subdomain, isPortNumber } from '@keelson/machinery';

/** How to reach a webhook: of admission, or of a custom resource's conversion. */
export interface ClientConfig {
  readonly url?: string | undefined;
  readonly service?: Service | undefined;
}

interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly path?: string | undefined;
  port?: number | undefined;
}

export function defaultClientConfig(config: ClientConfig | undefined): void {
  if (config?.service) config.service.port ??= 443;
}

export function clientConfigErrors({ url, service }: ClientConfig, at: FieldPath): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [fieldRequired(at, 'exactly one of url or service is required')];
  return service ? serviceErrors(service, at.child('service')) : urlErrors(url ?? '', at.child('url'));
}

const form = '; desired format: https://host[/path]';

function urlErrors(text: string, at: FieldPath): FieldError[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url ? url.protocol.slice(0, -1) : '';
  const errors: FieldError[] = [];
  if (scheme !== 'https') errors.push(fieldInvalid(at, scheme, `'https' is the only allowed URL scheme${form}`));
  if (!url?.host) errors.push(fieldInvalid(at, url?.host ?? '', `host must be provided${form}`));
  if (url?.username || url?.password) errors.push(fieldInvalid(at, userOf(url), 'user information is not permitted in the URL'));
  if (url?.hash) errors.push(fieldInvalid(at, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url?.search) errors.push(fieldInvalid(at, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return errors;
}

function userOf({ username, password }: URL): string {
  return password ? `${username}:${password}` : username;
}

function serviceErrors({ name, namespace, path, port = 443 }: Service, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(fieldRequired(at.child('name'), 'service name is required'));
  if (!namespace) errors.push(fieldRequired(at.child('namespace'), 'service namespace is required'));
  const problems = isPortNumber(port);
  if (problems.length > 0) errors.push(fieldInvalid(at.child('port'), port, `port is not valid: ${problems.join(', ')}`));
  return path === undefined ? errors : [...errors, ...pathErrors(path, at.child('path'))];
}

function pathErrors(path: string, at: FieldPath): FieldError[] {
  if (path === '' || path === '/') return [];
  const errors = path.startsWith('/') ? [] : [fieldInvalid(at, path, "must start with a '/'")];
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, step] of steps.entries()) {
    const problems =
      step === '' ? [`segment[${index}] may not be empty`] : isDNS1123Subdomain(step).map((one) => `segment[${index}]: ${one}`);
    errors.push(...problems.map((problem) => fieldInvalid(at, path, problem)));
  }
  return errors;
}

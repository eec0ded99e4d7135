import type { Verb } from '../../types.ts';
import { generator, nameOf } from './generator.ts';

const ruleForm = /^(?<host>[^/=]*)(?<path>\/[^=]*)=(?<service>[^:,]+):(?<port>[^,]+?)(?:,(?<tls>.*))?$/;

export const verb: Verb = generator(
  'ingress NAME --rule=host/path=service:port[,tls[=secret]]',
  {
    annotation: { type: 'array', help: 'Annotation to insert in the ingress object, in the format annotation=value' },
    class: { type: 'string', help: 'Ingress Class to be used' },
    'default-backend': { type: 'string', help: 'Default service for backend, in format of svcname:port' },
    rule: {
      type: 'array',
      help: 'Rule in format host/path=service:port[,tls=secretname]. Paths containing the leading character "*" are considered pathType=Prefix. tls argument is optional.',
    },
  },
  (context) => {
    const { annotation, class: className, 'default-backend': fallback, rule } = context.flags;
    const name = nameOf(context);
    if (fallback === '' && rule.length === 0)
      throw new Error(
        'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
      );
    const parsed = rule.map(parseRule);
    const annotations = annotationsOf(annotation);
    const backend = fallback === '' ? undefined : defaultBackend(fallback);
    const tls = tlsOf(parsed);
    const spec = {
      ...(backend ? { defaultBackend: backend } : {}),
      ...(className ? { ingressClassName: className } : {}),
      ...(parsed.length > 0 ? { rules: rulesOf(parsed) } : {}),
      ...(tls.length > 0 ? { tls } : {}),
    };
    const metadata = { ...(annotation.length > 0 ? { annotations } : {}), name };
    return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec, status: { loadBalancer: {} } };
  },
);

interface Rule {
  readonly host: string;
  readonly path: string;
  readonly backend: object;
  /** Undefined: no TLS. Empty: with the controller's own certificate. */
  readonly secret: string | undefined;
}

function parseRule(text: string): Rule {
  const groups = ruleForm.exec(text)?.groups;
  if (!groups) throw new Error(`rule ${text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
  const { host = '', path = '', service = '', port = '', tls } = groups;
  const secret = tls === undefined ? undefined : tls.slice(tls.indexOf('=') + 1 || tls.length).split(',')[0];
  return { host, path, backend: backendOf(service, port), secret };
}

function backendOf(name: string, port: string): object {
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

function defaultBackend(text: string): object {
  const [service, port, ...more] = text.split(':');
  if (!service || !port || more.length > 0) throw new Error('default-backend should be in format servicename:serviceport');
  return backendOf(service, port);
}

function rulesOf(rules: readonly Rule[]): object[] {
  const byHost = Map.groupBy(rules, ({ host }) => host);
  return [...byHost].map(([host, own]) => ({
    ...(host === '' ? {} : { host }),
    http: {
      paths: own.map(({ path, backend }) => {
        const prefix = path.endsWith('*');
        return { backend, path: prefix ? path.slice(0, -1) : path, pathType: prefix ? 'Prefix' : 'Exact' };
      }),
    },
  }));
}

/** One entry for each secret, naming the hosts it is for. */
function tlsOf(rules: readonly Rule[]): object[] {
  const bySecret = Map.groupBy(
    rules.filter(({ host, secret }) => secret !== undefined && host !== ''),
    ({ secret }) => secret ?? '',
  );
  return [...bySecret].map(([secretName, own]) => ({
    hosts: [...new Set(own.map(({ host }) => host))],
    ...(secretName === '' ? {} : { secretName }),
  }));
}

function annotationsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Error(`annotation ${text} is invalid and should be in format key=[value]`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1035Label,
  isDNS1123Subdomain,
  isPortName,
  isPortNumber,
  isWildcardDNS1123Subdomain,
  parseIp,
  path,
  validateIp,
} from '@keelson/machinery';
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressTLS, TypedLocalObjectReference } from '@keelson/types';
import { oneOf, optionalName, requiredName, typedReference } from '../field-checks.ts';

const at = path('spec');
const classAnnotation = 'kubernetes.io/ingress.class';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badSuffixes = ['/..', '/.'];

export function ingressErrors({ spec = {} }: Ingress): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const errors: FieldError[] = [];
  if (rules.length === 0 && !defaultBackend)
    errors.push(fieldInvalid(at, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend) errors.push(...backendErrors(defaultBackend, at.child('defaultBackend')));
  return [
    ...errors,
    ...rules.flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))),
    ...tls.flatMap((one, index) => tlsErrors(one, at.child('tls').index(index))),
    ...(ingressClassName === undefined
      ? []
      : invalidBy(isDNS1123Subdomain(ingressClassName), at.child('ingressClassName'), ingressClassName)),
  ];
}

/** A new ingress must not name two classes. */
export function classErrors({ metadata, spec }: Ingress): FieldError[] {
  const annotated = metadata.annotations?.[classAnnotation];
  const named = spec?.ingressClassName;
  if (annotated === undefined || named === undefined || annotated === named) return [];
  const detail = 'must match `ingressClassName` when both are specified';
  return [fieldInvalid(path('annotations', classAnnotation), annotated, detail)];
}

function hostProblems(host: string): readonly string[] {
  return host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host);
}

function ruleErrors({ host, http }: IngressRule, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (host) {
    if (parseIp(host)) errors.push(fieldInvalid(where.child('host'), host, 'must be a DNS name, not an IP address'));
    errors.push(...invalidBy(hostProblems(host), where.child('host'), host));
  }
  if (!http) return errors;
  const paths = where.child('http', 'paths');
  if (!http.paths?.length) return [...errors, fieldRequired(paths)];
  return [...errors, ...http.paths.flatMap((one, index) => pathErrors(one, paths.index(index)))];
}

function pathErrors({ path: text = '', pathType, backend }: HTTPIngressPath, where: FieldPath): FieldError[] {
  if (pathType === undefined) return [fieldRequired(where.child('pathType'), 'pathType must be specified')];
  const place = where.child('path');
  const errors = oneOf(pathType, pathTypes, where.child('pathType'));
  const exact = pathType === 'Exact' || pathType === 'Prefix';
  if (pathTypes.includes(pathType) && !text.startsWith('/') && (exact || text !== ''))
    errors.push(fieldInvalid(place, text, 'must be an absolute path'));
  if (exact) {
    for (const bad of badSequences) if (text.includes(bad)) errors.push(fieldInvalid(place, text, `must not contain '${bad}'`));
    for (const bad of badSuffixes) if (text.endsWith(bad)) errors.push(fieldInvalid(place, text, `cannot end with '${bad}'`));
  }
  return [...errors, ...backendErrors(backend ?? {}, where.child('backend'))];
}

function backendErrors({ resource, service }: IngressBackend, where: FieldPath): FieldError[] {
  if (resource && service) return [fieldInvalid(where, '', 'cannot set both resource and service backends')];
  if (resource) return resourceErrors(resource, where.child('resource'));
  if (!service) return [fieldInvalid(where, '', 'resource or service backend is required')];
  const at = where.child('service');
  const { name, number } = service.port ?? {};
  const errors = requiredName(service.name, isDNS1035Label, at.child('name'));
  if (name && number) errors.push(fieldInvalid(where, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...invalidBy(isPortName(name), at.child('port', 'name'), name));
  else if (number) errors.push(...invalidBy(isPortNumber(number), at.child('port', 'number'), number));
  else errors.push(fieldRequired(where, 'port name or number is required'));
  return errors;
}

/** A reference to an object of any kind in the same namespace. */
export function resourceErrors(reference: TypedLocalObjectReference, where: FieldPath): FieldError[] {
  return [
    ...(reference.apiGroup === undefined
      ? []
      : invalidBy(isDNS1123Subdomain(reference.apiGroup), where.child('apiGroup'), reference.apiGroup)),
    ...typedReference(reference, where, { kind: 'kind is required', name: 'name is required' }),
  ];
}

function tlsErrors({ hosts = [], secretName }: IngressTLS, where: FieldPath): FieldError[] {
  return [
    ...hosts.flatMap((host, index) => invalidBy(hostProblems(host), where.child('hosts').index(index), host)),
    ...optionalName(secretName, isDNS1123Subdomain, where.child('secretName')),
  ];
}

export function ingressStatusErrors({ status }: Ingress, old: Ingress): FieldError[] {
  const where = path('status', 'loadBalancer', 'ingress');
  const before = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, index) => {
    const errors = ip ? validateIp(ip, where.index(index).child('ip'), before) : [];
    if (!hostname) return errors;
    const place = where.index(index).child('hostname');
    errors.push(...invalidBy(isDNS1123Subdomain(hostname), place, hostname));
    if (parseIp(hostname)) errors.push(fieldInvalid(place, hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}

import { parseGoDuration } from '@keelson/base';
import { bytes, duration, flag, int64, listOf, readForm, strictDecodingError, struct, text } from '@keelson/component';
import { type FieldError, type FieldPath, fieldInvalid, formatFieldErrors, invalidBy, isQualifiedName, path } from '@keelson/machinery';

/** How an extender's server is known and we are known to it. Data are base64 of PEM and come before files. */
export interface ExtenderTls {
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
  readonly certData?: string;
  readonly keyData?: string;
  readonly caData?: string;
}

/** A server that has a say in where pods go. A verb that is empty is not asked for. */
export interface Extender {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly preemptVerb: string;
  readonly prioritizeVerb: string;
  readonly bindVerb: string;
  /** Of its scores. */
  readonly weight: number;
  readonly enableHTTPS: boolean;
  readonly tlsConfig: ExtenderTls | undefined;
  /** Milliseconds. */
  readonly httpTimeout: number;
  /** It knows nodes by name: only names are sent. */
  readonly nodeCacheCapable: boolean;
  /** It is asked about pods that use one of these only; about all when there are none. */
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
  /** Pods are placed without it when it does not answer. */
  readonly ignorable: boolean;
}

const tls = struct('v1.ExtenderTLSConfig', {
  ...{ insecure: flag, serverName: text, certFile: text, keyFile: text, caFile: text },
  ...{ certData: bytes, keyData: bytes, caData: bytes },
});
const extender = struct('v1.Extender', {
  ...{ urlPrefix: text, filterVerb: text, preemptVerb: text, prioritizeVerb: text, weight: int64, bindVerb: text, enableHTTPS: flag },
  ...{ tlsConfig: tls, httpTimeout: duration, nodeCacheCapable: flag, ignorable: flag },
  managedResources: listOf(struct('v1.ExtenderManagedResource', { name: text, ignoredByScheduler: flag })),
});
const form = struct('v1.KubeSchedulerConfiguration', { extenders: listOf(extender) });

const defaultTimeout = 5000;

/**
 * `extenders` of a KubeSchedulerConfiguration, those that are ignorable last, as upstream asks them. @throws Error in upstream's words for
 * what it would not start with.
 */
export function readExtenders(documents: unknown): readonly Extender[] {
  const { value, unknown } = readForm(form, { extenders: documents });
  if (unknown.length > 0) throw new Error(strictDecodingError(unknown));
  const said = (value as { extenders?: readonly ExtenderDocument[] }).extenders ?? [];
  const extenders = said.map(complete);
  const errors = extenderErrors(extenders, path('extenders'));
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return [...extenders.filter(({ ignorable }) => !ignorable), ...extenders.filter(({ ignorable }) => ignorable)];
}

type ExtenderDocument = Partial<Omit<Extender, 'httpTimeout' | 'managedResources'>> & {
  readonly httpTimeout?: string;
  readonly managedResources?: readonly { readonly name?: string; readonly ignoredByScheduler?: boolean }[];
};

function complete(said: ExtenderDocument): Extender {
  const { httpTimeout, managedResources = [], tlsConfig } = said;
  return {
    ...{ urlPrefix: '', filterVerb: '', preemptVerb: '', prioritizeVerb: '', bindVerb: '', weight: 0 },
    ...{ enableHTTPS: false, nodeCacheCapable: false, ignorable: false },
    ...said,
    tlsConfig,
    httpTimeout: (httpTimeout && parseGoDuration(httpTimeout)) || defaultTimeout,
    managedResources: managedResources.map(({ name = '', ignoredByScheduler = false }) => ({ name, ignoredByScheduler })),
  };
}

function extenderErrors(extenders: readonly Extender[], at: FieldPath): FieldError[] {
  const names = extenders.flatMap(({ managedResources }) => managedResources.map(({ name }) => name));
  let seen = 0;
  const errors = extenders.flatMap(({ prioritizeVerb, weight, managedResources }, i) => [
    ...(prioritizeVerb && weight <= 0
      ? [fieldInvalid(at.index(i).child('weight'), weight, 'must have a positive weight applied to it')]
      : []),
    ...managedResources.flatMap(({ name }, j) => {
      const here = at.index(i).child('managedResources').index(j).child('name');
      const twice = names.indexOf(name) < seen++;
      return [...resourceErrors(name, here), ...(twice ? [fieldInvalid(here, name, 'duplicate extender managed resource name')] : [])];
    }),
  ]);
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length;
  const many = `found ${binders} extenders implementing bind`;
  return binders > 1 ? [...errors, fieldInvalid(at, many, 'only one extender can implement bind')] : errors;
}

function resourceErrors(name: string, at: FieldPath): FieldError[] {
  const wrong = invalidBy(isQualifiedName(name), at, name);
  if (wrong.length > 0) return wrong;
  const extended = name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
  return extended ? [] : [fieldInvalid(at, name, 'is an invalid extended resource name')];
}

/** Extended resources that only extenders look at. */
export function resourcesOfExtenders(extenders: readonly Extender[]): readonly string[] {
  return extenders.flatMap(({ managedResources }) => managedResources.flatMap((one) => (one.ignoredByScheduler ? [one.name] : [])));
}

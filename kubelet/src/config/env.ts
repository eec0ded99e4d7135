import type { ConfigMap, Container, EnvVar, FileKeySelector, Pod, Secret, Service } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { podNamespace } from '../pod/naming.ts';
import { envFileValue } from './envfile.ts';
import { ConfigError } from './errors.ts';
import { expand } from './expansion.ts';
import { type PodFacts, podField } from './fields.ts';
import { type Allocatable, resourceField } from './resourcefield.ts';
import { serviceEnv } from './serviceenv.ts';

/** The objects a pod's variables may name, already fetched; keys are names in the pod's namespace. */
export interface EnvSources {
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly services: readonly Service[];
  /** The env files of the pod's volumes that there are, by `fileName`. */
  readonly files: ReadonlyMap<string, string>;
  readonly facts: PodFacts;
  readonly allocatable: Allocatable;
}

/**
 * A container's variables: `envFrom`, then `env` with `$(NAME)` expanded from those before it, then services where nothing of that name
 * was given. @throws ConfigError when something it needs is missing and not optional.
 */
export function containerEnv(pod: Pod, container: Container, sources: EnvSources): Map<string, string> {
  const services = serviceEnv(sources.services, podNamespace(pod), podSpec(pod).enableServiceLinks !== false);
  const result = fromSources(container, sources);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? referred(pod, container, variable, sources)
      : expand(variable.value ?? '', (name) => result.get(name) ?? services.get(name));
    // A later variable of the same name also takes the later place, as expansion order needs.
    if (value !== undefined) {
      result.delete(variable.name);
      result.set(variable.name, value);
    }
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return result;
}

function fromSources(container: Container, sources: EnvSources): Map<string, string> {
  const result = new Map<string, string>();
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef) {
      const data = sources.configMaps.get(configMapRef.name ?? '')?.data;
      if (!sources.configMaps.has(configMapRef.name ?? '') && !configMapRef.optional) throw missing('configmap', configMapRef.name);
      for (const [key, value] of Object.entries(data ?? {})) result.set(`${prefix}${key}`, value);
    }
    if (secretRef) {
      const data = sources.secrets.get(secretRef.name ?? '')?.data;
      if (!sources.secrets.has(secretRef.name ?? '') && !secretRef.optional) throw missing('secret', secretRef.name);
      for (const [key, value] of Object.entries(data ?? {})) result.set(`${prefix}${key}`, decode(value));
    }
  }
  return result;
}

function referred(pod: Pod, container: Container, variable: EnvVar, sources: EnvSources): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = variable.valueFrom ?? {};
  if (fieldRef) {
    const value = podField(pod, fieldRef.fieldPath, sources.facts);
    if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (resourceFieldRef) return resourceField(pod, container, resourceFieldRef, sources.allocatable);
  if (configMapKeyRef) {
    const map = sources.configMaps.get(configMapKeyRef.name ?? '');
    if (!map && !configMapKeyRef.optional) throw missing('configmap', configMapKeyRef.name);
    const value = map?.data?.[configMapKeyRef.key];
    if (map && value === undefined && !configMapKeyRef.optional)
      throw missingKey(configMapKeyRef.key, 'ConfigMap', pod, configMapKeyRef.name);
    return value;
  }
  if (secretKeyRef) {
    const secret = sources.secrets.get(secretKeyRef.name ?? '');
    if (!secret && !secretKeyRef.optional) throw missing('secret', secretKeyRef.name);
    const value = secret?.data?.[secretKeyRef.key];
    if (secret && value === undefined && !secretKeyRef.optional) throw missingKey(secretKeyRef.key, 'Secret', pod, secretKeyRef.name);
    return value === undefined ? undefined : decode(value);
  }
  return fileKeyRef && fromFile(fileKeyRef, sources);
}

/** By what `EnvSources.files` knows a file. */
export function fileName({ volumeName, path }: FileKeySelector): string {
  return `${volumeName}/${path}`;
}

function fromFile(ref: FileKeySelector, { files }: EnvSources): string | undefined {
  const value = valueIn(files.get(fileName(ref)), ref.key);
  // As in Kubernetes, which cannot tell a variable that is empty from one that is not there.
  if (value !== '') return value;
  if (ref.optional) return undefined;
  throw new ConfigError(`environment variable key ${JSON.stringify(ref.key)} not found in file ${JSON.stringify(ref.path)}`);
}

function valueIn(text: string | undefined, key: string): string {
  try {
    if (text !== undefined) return envFileValue(text, key) ?? '';
  } catch {
    // What is wrong with it may be a secret.
  }
  throw new ConfigError("couldn't parse env file");
}

function missing(kind: string, name: string | undefined): ConfigError {
  return new ConfigError(`${kind} "${name}" not found`);
}

function missingKey(key: string, kind: string, pod: Pod, name: string | undefined): ConfigError {
  return new ConfigError(`couldn't find key ${key} in ${kind} ${podNamespace(pod)}/${name}`);
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

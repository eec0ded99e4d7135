import type {
  ConfigMap,
  ConfigMapProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  SecretProjection,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import { type PodFacts, podField } from '../config/fields.ts';
import { type Allocatable, resourceField } from '../config/resourcefield.ts';
import { podSpec } from '../pod/containers.ts';
import { podNamespace } from '../pod/naming.ts';
import type { VolumeFile } from './host.ts';
import { tokenKey, tokenWish } from './references.ts';

/** The objects that file volumes show, already fetched. Keys are names in the pod's namespace; tokens are by `tokenKey`. */
export interface ContentSources {
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** A token, or why there is none. */
  readonly tokens: ReadonlyMap<string, string | Error>;
  readonly facts: PodFacts;
  readonly allocatable: Allocatable;
}

type Files = Map<string, VolumeFile>;

/** The files of a configMap, secret, downwardAPI or projected volume. @throws ConfigError in Kubernetes' words when something it needs is missing. */
export function volumeFiles(pod: Pod, volume: Volume, sources: ContentSources): Files {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return projectionFiles(pod, { configMap } as VolumeProjection, Number(configMap.defaultMode ?? 0o644), sources);
  if (secret) {
    const projection = { name: secret.secretName, items: secret.items, optional: secret.optional } as SecretProjection;
    return projectionFiles(pod, { secret: projection } as VolumeProjection, Number(secret.defaultMode ?? 0o644), sources);
  }
  if (downwardAPI) return projectionFiles(pod, { downwardAPI } as VolumeProjection, Number(downwardAPI.defaultMode ?? 0o644), sources);
  const mode = Number(projected?.defaultMode ?? 0o644);
  return new Map((projected?.sources ?? []).flatMap((source) => [...projectionFiles(pod, source, mode, sources)]));
}

function projectionFiles(pod: Pod, source: VolumeProjection, mode: number, sources: ContentSources): Files {
  if (source.configMap) return configMapFiles(source.configMap, mode, sources);
  if (source.secret) return secretFiles(source.secret, mode, sources);
  if (source.downwardAPI) return new Map((source.downwardAPI.items ?? []).map((item) => downwardFile(pod, item, mode, sources)));
  if (source.serviceAccountToken) {
    return tokenFile(pod, source.serviceAccountToken, mode, sources);
  }
  if (source.clusterTrustBundle?.optional) return new Map();
  const kind = Object.keys(source)[0] ?? 'empty';
  throw new ConfigError(`${kind.charAt(0).toUpperCase()}${kind.slice(1)} projection is not supported by this kubelet`);
}

/** Where the pod names a group or one user for all its containers, a token is for them alone. */
function tokenFile(pod: Pod, projection: ServiceAccountTokenProjection, mode: number, { tokens }: ContentSources): Files {
  const token = tokens.get(tokenKey(tokenWish(projection)));
  if (token === undefined || token instanceof Error)
    throw new ConfigError(`failed to fetch token: ${token?.message ?? 'none was asked for'}`);
  const uid = commonUser(pod);
  const guarded = uid !== undefined || podSpec(pod).securityContext?.fsGroup !== undefined;
  return new Map([[projection.path, { data: Buffer.from(token), mode: guarded ? 0o600 : mode, uid }]]);
}

/** The user that all containers of the pod run as, by its spec; undefined when it leaves one of them open or names several. */
function commonUser(pod: Pod): number | undefined {
  const { containers = [], initContainers = [], securityContext } = podSpec(pod);
  const users = new Set([...initContainers, ...containers].map((each) => each.securityContext?.runAsUser ?? securityContext?.runAsUser));
  const [user] = users;
  return users.size === 1 && user !== undefined ? Number(user) : undefined;
}

function configMapFiles(projection: ConfigMapProjection, mode: number, sources: ContentSources): Files {
  const map = sources.configMaps.get(projection.name ?? '');
  if (!map) return optionalOr(projection.optional, `configmap "${projection.name}" not found`);
  const data: Array<[string, Buffer]> = Object.entries(map.data ?? {}).map(([key, value]) => [key, Buffer.from(value)]);
  for (const [key, value] of Object.entries(map.binaryData ?? {})) data.push([key, Buffer.from(value, 'base64')]);
  return select(new Map(data), projection.items, mode, projection.optional, 'configmap references non-existent config key: ');
}

function secretFiles(projection: SecretProjection, mode: number, sources: ContentSources): Files {
  const secret = sources.secrets.get(projection.name ?? '');
  if (!secret) return optionalOr(projection.optional, `secret "${projection.name}" not found`);
  const data = Object.entries(secret.data ?? {}).map(([key, value]): [string, Buffer] => [key, Buffer.from(value, 'base64')]);
  return select(new Map(data), projection.items, mode, projection.optional, 'references non-existent secret key: ');
}

function optionalOr(optional: boolean | undefined, message: string): Files {
  if (optional) return new Map();
  throw new ConfigError(message);
}

function select(
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean | undefined,
  complaint: string,
): Files {
  if (!items) return new Map(Array.from(data, ([key, value]) => [key, { data: value, mode }]));
  const files: Files = new Map();
  for (const item of items) {
    const value = data.get(item.key);
    if (value) files.set(item.path, { data: value, mode: Number(item.mode ?? mode) });
    else if (!optional) throw new ConfigError(`${complaint}${item.key}`);
  }
  return files;
}

function downwardFile(pod: Pod, item: DownwardAPIVolumeFile, mode: number, sources: ContentSources): [string, VolumeFile] {
  const text = item.fieldRef
    ? podField(pod, item.fieldRef.fieldPath, sources.facts)
    : item.resourceFieldRef && resourceField(pod, undefined, item.resourceFieldRef, sources.allocatable);
  if (text === undefined) throw new ConfigError(`unsupported fieldPath: ${item.fieldRef?.fieldPath} in ${podNamespace(pod)}`);
  return [item.path, { data: Buffer.from(text), mode: Number(item.mode ?? mode) }];
}

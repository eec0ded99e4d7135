import type { Secret } from '@keelson/types';
import type { RegistryAuth } from '../cri/types.ts';
import { registryOf } from './name.ts';

interface AuthEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
}

/** The credentials in `kubernetes.io/dockerconfigjson` and `.../dockercfg` secrets that fit an image, longest match first. */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly RegistryAuth[] {
  const registry = registryOf(image);
  const full = registry === 'docker.io' && !image.startsWith('docker.io/') ? `docker.io/${image}` : image;
  return secrets
    .flatMap((secret) => Object.entries(readSecret(secret)))
    .map(([location, entry]) => ({ prefix: normalise(location), entry }))
    .filter(({ prefix }) => matches(prefix, full))
    .sort((a, b) => b.prefix.length - a.prefix.length)
    .flatMap(({ entry }) => toAuth(entry) ?? []);
}

function readSecret(secret: Secret): Record<string, AuthEntry> {
  const modern = secret.data?.['.dockerconfigjson'];
  const old = secret.data?.['.dockercfg'];
  try {
    if (modern) return (JSON.parse(Buffer.from(modern, 'base64').toString()) as { auths?: Record<string, AuthEntry> }).auths ?? {};
    if (old) return JSON.parse(Buffer.from(old, 'base64').toString()) as Record<string, AuthEntry>;
  } catch {
    // A secret that holds no JSON holds no credentials; the pull then fails in the registry's words.
  }
  return {};
}

function normalise(location: string): string {
  const bare = location.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  return bare.replace(/^(index\.|registry-1\.)docker\.io/, 'docker.io');
}

/** Hosts may hold `*` for one label's part; paths match by whole prefix. */
function matches(prefix: string, image: string): boolean {
  const [host = '', ...path] = prefix.split('/');
  const [imageHost = '', ...imagePath] = image.split('/');
  const pattern = new RegExp(`^${host.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^.]*')}$`);
  return pattern.test(imageHost) && imagePath.join('/').startsWith(path.join('/'));
}

function toAuth(entry: AuthEntry): RegistryAuth | undefined {
  if (entry.username !== undefined) return { username: entry.username, password: entry.password ?? '' };
  if (!entry.auth) return undefined;
  const [username = '', ...password] = Buffer.from(entry.auth, 'base64').toString().split(':');
  return { username, password: password.join(':') };
}

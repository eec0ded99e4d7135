import { isDNS1123Label, isDNS1123Subdomain } from '@keelson/machinery';

const prefix = 'system:serviceaccount:';

/** Of `system:serviceaccount:NAMESPACE:NAME`; undefined for any other user. */
export function splitServiceAccount(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(prefix)) return undefined;
  const [namespace = '', name = '', ...more] = user.slice(prefix.length).split(':');
  const valid = more.length === 0 && isDNS1123Label(namespace).length === 0 && isDNS1123Subdomain(name).length === 0;
  return valid ? { namespace, name } : undefined;
}

/** The groups every service account of a namespace is in. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

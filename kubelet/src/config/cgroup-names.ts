/** Who makes cgroups on a node: the kubelet and the runtime themselves, or systemd for them. */
export const cgroupDrivers = ['cgroupfs', 'systemd'] as const;

const slice = '.slice';

/**
 * The root of all pods' cgroups: a path from `/`, or with systemd the name of a slice (`-.slice` is the root of all).
 * @throws Error for a driver that is none.
 */
export function cgroupRoot(path: string, driver: string): string {
  if (!cgroupDrivers.some((known) => known === driver))
    throw new Error(`invalid configuration: cgroup driver ${JSON.stringify(driver)}: must be ${cgroupDrivers.join(' or ')}`);
  const names = path.split('/').filter((name) => name !== '');
  if (driver === 'cgroupfs') return `/${names.join('/')}`;
  const last = names.at(-1) ?? `-${slice}`;
  return last.endsWith(slice) ? last : `${names.map(inSlice).join('-')}${slice}`;
}

/** The path of a cgroup some steps below a root. systemd writes each slice's way from the top into its name: `a.slice/a-b.slice`. */
export function cgroupBelow(root: string, names: readonly string[]): string {
  if (root.startsWith('/')) return [root === '/' ? '' : root, ...names].join('/');
  const above = root
    .slice(0, -slice.length)
    .split('-')
    .filter((name) => name !== '');
  const all = [...above, ...names.map(inSlice)];
  return all.map((_, at) => `/${all.slice(0, at + 1).join('-')}${slice}`).join('');
}

/** A dash stands between the names of slices, never in one. */
function inSlice(name: string): string {
  return name.replaceAll('-', '_');
}

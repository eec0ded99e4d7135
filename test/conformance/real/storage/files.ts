import assert from 'node:assert/strict';
import type { Context } from '../../context.ts';
import type { Spec } from '../../specs.ts';
import { output } from '../run.ts';
import { letters, scriptPod } from './pods.ts';
import {
  configMaps,
  type FileSource,
  holding,
  objectsOf,
  projectedConfigMaps,
  projectedSecrets,
  type Showing,
  secrets,
} from './sources.ts';

/** How a pod uses a volume of files. */
interface Use {
  readonly showing?: Showing;
  readonly user?: number;
  readonly group?: number;
}

const text = { 'data-1': 'value-1', 'data-2': 'value-2', 'data-3': 'value-3' };
const mapped = (mode?: number): Showing => ({
  items: [{ key: 'data-2', path: 'path/to/data-2', ...(mode === undefined ? {} : { mode }) }],
});

const both: Readonly<Record<string, Use>> = {
  '': {},
  ' with defaultMode set [LinuxOnly]': { showing: { defaultMode: 0o400 } },
  ' with mappings': { showing: mapped() },
};
const ofConfigMaps: Readonly<Record<string, Use>> = {
  ...both,
  ' as non-root': { user: 1000 },
  ' with mappings as non-root': { user: 1000, showing: mapped() },
  ' with mappings and Item mode set [LinuxOnly]': { showing: mapped(0o400) },
};
const ofSecrets: Readonly<Record<string, Use>> = {
  ...both,
  ' as non-root with defaultMode and fsGroup set [LinuxOnly]': { user: 1000, group: 1001, showing: { defaultMode: 0o440 } },
  ' with mappings and Item Mode set [LinuxOnly]': { showing: mapped(0o400) },
};

/** The file that is looked at, what it says and its permission bits. */
function wantedOf({ showing = {}, group }: Use) {
  const [item] = showing.items ?? [];
  const mode = (item?.mode ?? showing.defaultMode ?? 0o644) | (group === undefined ? 0 : 0o440);
  return { path: item?.path ?? 'data-1', content: item ? 'value-2' : 'value-1', mode };
}

/** The volume shows the file as asked and nothing else; the file is reached through one link, and nobody can write. */
function consumable(source: FileSource, use: Use, alsoHeld?: (c: Context, name: string) => Promise<void>): Spec {
  return async (c) => {
    const name = c.unique('files');
    await objectsOf(c, source).create(holding(source, name, text));
    await alsoHeld?.(c, name);
    const { path, content, mode } = wantedOf(use);
    const look = [
      `cat ${path} && echo`,
      `stat -L -c '%A %u %g' ${path}`,
      'ls',
      'for each in *; do readlink $each; done',
      'ls -a | grep -c ^[.][.]data$',
    ];
    const run = `cd /etc/volume; id -u; ${look.join('; ')}; touch ${path} 2>/dev/null && echo written; true`;
    const securityContext = { ...(use.user && { runAsUser: use.user }), ...(use.group && { fsGroup: use.group }) };
    const volumes = { volume: source.volume(name, use.showing) };
    const pod = scriptPod(c.unique('pod'), [{ run, mounts: { volume: '/etc/volume' } }], volumes, { securityContext });
    const names = use.showing?.items ? ['path'] : Object.keys(text);
    const wanted = [
      `${use.user ?? 0}`,
      content,
      `-${letters(mode)} 0 ${use.group ?? 0}`,
      ...names,
      ...names.map((each) => `..data/${each}`),
      '1',
    ];
    assert.deepEqual((await output(c, pod)).trimEnd().split('\n'), wanted);
  };
}

/** Two volumes of the same object in one pod. */
const inTwoVolumes = (source: FileSource): Spec => {
  return async (c) => {
    const name = c.unique('files');
    await objectsOf(c, source).create(holding(source, name, text));
    const mounts = { one: '/etc/volume', two: '/etc/volume-2' };
    const run = 'cat /etc/volume/data-1 && echo && cat /etc/volume-2/data-1 && stat -L -c %A /etc/volume*/data-1';
    const pod = scriptPod(c.unique('pod'), [{ run, mounts }], { one: source.volume(name), two: source.volume(name) });
    assert.equal(await output(c, pod), 'value-1\nvalue-1-rw-r--r--\n-rw-r--r--\n');
  };
};

async function heldElsewhere(c: Context, name: string): Promise<void> {
  const namespace = c.unique('elsewhere');
  await c.must({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } });
  c.after(() => c.ask({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` }));
  await objectsOf(c, secrets, namespace).create(holding(secrets, name, { 'other-data': 'of no concern' }));
}

const family = (source: FileSource, uses: Readonly<Record<string, Use>>, inTwo: string): [string, Spec][] => [
  ...Object.entries(uses).map(([words, use]): [string, Spec] => [
    `[sig-storage] ${source.feature} should be consumable from pods in volume${words} [NodeConformance]`,
    consumable(source, use),
  ]),
  [`[sig-storage] ${source.feature} should be consumable in multiple volumes in ${inTwo} [NodeConformance]`, inTwoVolumes(source)],
];

/** What pods see of ConfigMaps and Secrets. */
export const files: Readonly<Record<string, Spec>> = {
  ...Object.fromEntries([
    ...[configMaps, projectedConfigMaps].flatMap((source) => family(source, ofConfigMaps, 'the same pod')),
    ...[secrets, projectedSecrets].flatMap((source) => family(source, ofSecrets, 'a pod')),
  ]),
  '[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance]':
    consumable(secrets, {}, heldElsewhere),
};

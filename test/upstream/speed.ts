import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import { median, type Objects, Target } from '../bench/target.ts';
import { inTurns } from '../bench/works.ts';
import { root } from '../e2e/cluster.ts';
import { fetchLibraries } from './newer.ts';
import { Servers } from './servers.ts';

/*
 * `node test/upstream/speed.ts [SECONDS]`: the load of `test/bench/api-load.ts` on custom resources, in turns on upstream's own server of
 * custom resources of 1.36 (over etcd) and on ours (over sqlite): the same objects by the same clients in the same minutes, so that the
 * ratios are the machine's no more. Ours serves ConfigMaps besides, which upstream's does not have. Prints a table and asserts nothing.
 */
const [seconds = '8'] = process.argv.slice(2);
const say = (what: string): void => void process.stdout.write(`${what}\n`);

const group = 'bench.keelson.dev';
const notes: Objects = { path: `/apis/${group}/v1/namespaces/default/notes`, apiVersion: `${group}/v1`, kind: 'Note' };
const schema = {
  type: 'object',
  properties: { data: { type: 'object', additionalProperties: { type: 'string' } } },
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `notes.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'notes', singular: 'note', kind: 'Note', listKind: 'NoteList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
};

async function define(servers: Servers): Promise<void> {
  for (const { status, text } of await servers.both('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition))
    if (status !== 201) throw new Error(`the definition was refused: ${text}`);
  const served = async (): Promise<boolean> => (await servers.both('GET', notes.path)).every(({ status }) => status === 200);
  await eventually(served, { deadlineMs: 30_000, message: 'both serve the kind' });
}

const columns = [34, 14, 14, 8, 18, 8];
const row = (cells: readonly string[]): void =>
  say(cells.map((cell, i) => (i === 0 ? cell.padEnd(columns[i] ?? 0) : cell.padStart(columns[i] ?? 0))).join(''));

const libraries = await fetchLibraries(join(root, '.cache/upstream/newer'), say);
const servers = await Servers.start(await libraries.build('k8s.io/apiextensions-apiserver'), 'sqlite');
try {
  await define(servers);
  const [ours, theirs] = servers.addresses;
  const { agent } = servers;
  const own = { agent, address: ours };
  const targets = [new Target({ agent, address: theirs }, notes), new Target(own, notes), new Target(own)];
  row(['', 'upstream', 'ours', 'times', 'ours, ConfigMaps', 'times']);
  for await (const { name, unit, rounds } of inTurns(targets, Number(seconds))) {
    const [upstream = 0, custom = 0, builtIn = 0] = rounds.map(median);
    const told = [upstream, custom, custom / upstream, builtIn, builtIn / upstream];
    row([`${name.replace(' ConfigMap', '')} (${unit.trim()})`, ...told.map((value) => value.toFixed(value < 100 ? 1 : 0))]);
  }
} finally {
  await servers.close();
}

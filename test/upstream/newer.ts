import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { privateApt } from './apt.ts';
import { exists, must } from './shell.ts';

/*
 * Upstream's own libraries as Debian's newer suites package them for Go: version 1.36's code for objects, requests, selectors, patches, apply,
 * CEL and custom resources, its golden files and the tables of its tests. Programs of ours are built from them and asked what upstream says.
 */
const suites = 'trixie forky sid';
const wanted = ['golang-1.27-go', 'golang-1.27-src', 'golang-k8s-apiextensions-apiserver-dev', 'golang-k8s-kubectl-dev'];

/** Where Go finds the sources of ours, and their folders. */
const ours = { keelson: 'libraries', clients: 'clients' };

/** A Go compiler and the libraries it finds. */
export interface Libraries {
  /** The folder of upstream's sources, in which `k8s.io/api` and the others lie. */
  readonly sources: string;
  /** Builds a program of ours, `keelson/<area>` or `clients`, and resolves to its path; seconds to minutes the first time. */
  build(program: string): Promise<string>;
}

/** Fetches compiler and libraries into `dir`, once: 270 MB through apt, 2.5 GB unpacked. Nothing is installed. */
export async function fetchLibraries(dir: string, say: (what: string) => void): Promise<Libraries> {
  const tree = join(dir, 'tree');
  if (!(await exists(join(dir, 'whole')))) {
    say("fetching upstream's libraries and a compiler");
    await fetchAll(dir, tree);
    await writeFile(join(dir, 'whole'), '');
  }
  const compiler = join(tree, 'usr/lib/go-1.27');
  const own = join(dir, 'own');
  await mkdir(join(own, 'src'), { recursive: true });
  for (const [name, folder] of Object.entries(ours)) {
    const link = join(own, 'src', name);
    if (!(await exists(link))) await symlink(join(import.meta.dirname, folder), link);
  }
  const path = `${own}:${join(tree, 'usr/share/gocode')}`;
  const env = { GOROOT: compiler, GOPATH: path, GOCACHE: join(dir, 'gocache'), GO111MODULE: 'off', CGO_ENABLED: '0' };
  return {
    sources: join(tree, 'usr/share/gocode/src'),
    build: async (program) => {
      const out = join(dir, 'bin', basename(program));
      await must(join(compiler, 'bin/go'), ['build', '-o', out, program], { cwd: own, env, timeout: 1_800_000 });
      return out;
    },
  };
}

async function fetchAll(dir: string, tree: string): Promise<void> {
  const packages = join(dir, 'packages');
  await mkdir(packages, { recursive: true });
  await mkdir(tree, { recursive: true });
  const env = await privateApt(join(dir, 'apt'), newerSources);
  await must('apt-get', ['update'], { env });
  await must('apt-get', ['download', ...(await withDependencies(env))], { cwd: packages, env });
  for (const name of await readdir(packages)) if (name.endsWith('.deb')) await must('dpkg', ['-x', join(packages, name), tree]);
}

/** The main archive's sources, with newer suites. */
function newerSources(sources: string): string {
  const stanzas = sources.split(/\n\s*\n/).filter((stanza) => stanza.includes('Suites:') && !stanza.includes('-security'));
  return stanzas.map((stanza) => stanza.replace(/^Suites:.*$/m, `Suites: ${suites}`)).join('\n\n');
}

/** The packages that are wanted and the Go libraries they need; what else they depend on is not needed to build. */
async function withDependencies(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const told = await must('apt-cache', ['depends', '--recurse', ...kinds, ...wanted], { env });
  const libraries = told.split('\n').filter((line) => /^golang-\S+-dev$/.test(line));
  return [...new Set([...wanted, ...libraries])];
}

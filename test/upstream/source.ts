import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateApt } from './apt.ts';
import { exists, must } from './shell.ts';

/*
 * Upstream's own end-to-end suite, from Debian's source package: version 1.20, the last that carries all it needs to be built. What its
 * specs ask of a cluster has hardly changed since; `known.ts` names those that it has.
 */
const version = '1.20.5+really1.20.2';
const go = 'go-1.19';

/** Programs that were built: the suite, and what runs in the containers it starts. */
export interface Built {
  /** The source tree: the suite reads manifests in it. */
  readonly tree: string;
  readonly suite: string;
  /** By name: agnhost, nnp, sample-apiserver and others; and nc, as the suite calls it. */
  readonly programs: Readonly<Record<string, string>>;
}

/** Builds the suite and its programs, once: about ten minutes on two cores. Nothing is installed. */
export async function buildSuite(dir: string, say: (what: string) => void): Promise<Built> {
  const tree = await fetchSource(dir, say);
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  await adapt(tree);
  const build = (name: string, ...args: readonly string[]): Promise<string> => compile(dir, tree, join(bin, name), args, say);
  const suite = await build('e2e.test', 'test', '-c', './test/e2e');
  const programs = {
    nc: join(dir, 'tools/bin/nc.openbsd'),
    agnhost: await build('agnhost', 'build', '-ldflags', '-s -w', './test/images/agnhost'),
    'resource-consumer': await build('resource-consumer', 'build', './test/images/resource-consumer'),
    'regression-issue-74839': await build('regression-issue-74839', 'build', './test/images/regression-issue-74839'),
    nnp: await build('nnp', 'build', './test/images/nonewprivs'),
    'sample-apiserver': await build('sample-apiserver', 'build', '-ldflags', '-s -w', './vendor/k8s.io/sample-apiserver'),
  };
  return { tree, suite, programs };
}

/** Fetches the source and a compiler through apt, once, and returns the source tree. */
export async function fetchSource(dir: string, say: (what: string) => void): Promise<string> {
  const tree = join(dir, 'go/src/k8s.io/kubernetes');
  if (await exists(join(tree, 'go.mod'))) return tree;
  say('fetching the source and a compiler');
  await fetchAll(dir, tree);
  return tree;
}

async function fetchAll(dir: string, tree: string): Promise<void> {
  await mkdir(tree, { recursive: true });
  const env = await privateApt(join(dir, 'apt'), (sources) => sources.replaceAll(/^Types:.*$/gm, 'Types: deb deb-src'));
  await must('apt-get', ['update'], { cwd: dir, env });
  await must('apt-get', ['source', '--download-only', `kubernetes=${version}-1.1+deb12u1`], { cwd: dir, env });
  await must('apt-get', ['download', 'golang-1.19-go', 'golang-1.19-src', 'netcat-openbsd'], { cwd: dir, env });
  for (const name of await readdir(dir)) if (name.endsWith('.deb')) await must('dpkg', ['-x', name, 'tools'], { cwd: dir });
  await must('tar', ['xf', join(dir, `kubernetes_${version}.orig.tar.gz`), '-C', tree, '--strip-components=1'], { cwd: dir });
}

/** What the suite takes for granted that is no more, or not here. */
async function adapt(tree: string): Promise<void> {
  // Generated files in the tree.
  const assets = join(tree, 'test/e2e/generated/bindata.go');
  const asset = 'func Asset(name string) ([]byte, error) { return os.ReadFile(filepath.Join(root, name)) }';
  const lines = ['package generated', 'import ("os"; "path/filepath")', `const root = ${JSON.stringify(tree)}`, asset];
  await writeFile(assets, `${lines.join('\n')}\nfunc AssetNames() []string { return nil }\n`);
  // A token in a Secret for each account.
  const waits = 'switch t := event.Object.(type) {\n\tcase *v1.ServiceAccount:\n\t\treturn len(t.Secrets) > 0, nil';
  await change(tree, 'test/e2e/framework/util.go', [
    [waits, 'switch event.Object.(type) {\n\tcase *v1.ServiceAccount:\n\t\treturn true, nil'],
  ]);
  // A first process whose namespaces can be entered. The kubelet's are the machine's as well; other machines have their own network.
  const kubelet = 'grep -l [k]ubelet/main.js /rootfs/proc/[0-9]*/cmdline 2>/dev/null';
  const sameNetwork = `[ "$(readlink \${p%cmdline}ns/net)" = "$(readlink /proc/self/ns/net)" ]`;
  const enter = `for p in $(${kubelet}); do ${sameNetwork} && exec nsenter --mount=\${p%cmdline}ns/mnt -- /bin/sh -c "$0"; done`;
  const entered = '"nsenter",\n\t\t"--mount=/rootfs/proc/1/ns/mnt",\n\t\t"--",\n\t\t"sh",\n\t\t"-c",';
  await change(tree, 'test/e2e/storage/utils/host_exec.go', [[entered, `"sh",\n\t\t"-c",\n\t\t${JSON.stringify(enter)},`]]);
  // An internet.
  await change(tree, 'test/e2e/network/networking.go', [['http.Get("http://google.com")', 'http.Get("http://127.0.0.1:10256/healthz")']]);
  // Commands of a pod without a word before them.
  await change(tree, 'test/e2e/kubectl/kubectl.go', [
    [/(simplePodName|simplePodResourceName|"httpd"), ("echo"|"cat"|"sh")/g, '$1, "--", $2'],
  ]);
}

async function change(tree: string, file: string, changes: readonly (readonly [string | RegExp, string])[]): Promise<void> {
  const path = join(tree, file);
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    changes.reduce((changed, [from, to]) => changed.replaceAll(from, to), text),
  );
}

async function compile(dir: string, tree: string, out: string, args: readonly string[], say: (what: string) => void): Promise<string> {
  if (await exists(out)) return out;
  say(`building ${out}`);
  const compiler = join(dir, 'tools/usr/lib', go);
  if (!(await exists(join(compiler, 'pkg/include'))))
    await symlink(join(dir, 'tools/usr/share', go, 'pkg/include'), join(compiler, 'pkg/include'));
  const [verb = '', ...rest] = args;
  const env = { GOROOT: compiler, GOPATH: join(dir, 'go'), GOCACHE: join(dir, 'gocache'), GO111MODULE: 'off', CGO_ENABLED: '0' };
  await must(join(compiler, 'bin/go'), [verb, '-o', out, ...rest], { cwd: tree, env, timeout: 1_800_000 });
  return out;
}

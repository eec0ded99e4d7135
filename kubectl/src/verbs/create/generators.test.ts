import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../../run.ts';

/** An upstream kubectl to compare with, where there is one. */
const upstream = [process.env.UPSTREAM_KUBECTL ?? '', '/usr/lib/google-cloud-sdk/bin/kubectl.1.33'].find(
  (path) => path && existsSync(path),
);

const folder = mkdtempSync(join(tmpdir(), 'kubectl-create-'));
after(() => rmSync(folder, { recursive: true }));
const fileNamed = (name: string, text: string | Buffer): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const plain = fileNamed('plain.txt', 'one\ntwo\n');
const binary = fileNamed('binary', Buffer.from([0xff, 0xfe, 0]));
const env = fileNamed('env', '# comment\nA=1\nB=two words\n\nC="quoted"\n');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function ours(argv: readonly string[]): Promise<Outcome> {
  const printed = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string | Uint8Array) => {
      printed[name] += Buffer.from(text as string).toString();
    },
  });
  const code = await run(argv, { env: { KUBECONFIG: '/dev/null' }, stdout: into('stdout'), stderr: into('stderr') });
  return { code, ...printed };
}

/** Upstream of 1.33 still writes creation times that are not there. */
function theirs(argv: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(upstream ?? '', argv, { env: { KUBECONFIG: '/dev/null', HOME: folder }, encoding: 'utf8' });
  const bare = stdout.replaceAll(/^ *creationTimestamp: null\n/gm, '').replaceAll(/^( *)metadata:\n(?!\1 )/gm, '$1metadata: {}\n');
  return { code: status ?? -1, stdout: bare, stderr };
}

const made: readonly (readonly string[])[] = [
  ['clusterrolebinding', 'b', '--clusterrole=view', '--user=u', '--user=v', '--group=g', '--serviceaccount=ns:sa'],
  ['rolebinding', 'b', '--clusterrole=view', '--group=g'],
  ['rolebinding', 'b', '--role=r', '--serviceaccount=ns:sa'],
  ['configmap', 'c', '--append-hash'],
  ['configmap', 'c', '--from-literal=a=b', '--from-literal=c=d=e', `--from-file=${plain}`, `--from-file=k=${plain}`],
  ['configmap', 'c', `--from-file=${binary}`, '--append-hash'],
  ['configmap', 'c', `--from-env-file=${env}`],
  ['cm', 'c', '-n', 'there', '--from-literal=a=b'],
  ['cronjob', 'c', '--image=b', '--schedule=*/1 * * * *'],
  ['cj', 'c', '--image=b', '--schedule=@daily', '--restart=Never', '--', 'date', '-u'],
  ['deployment', 'd', '--image=registry.example.com/a/bc:1@sha256:0', '--port=80'],
  ['deploy', 'd', '--image=a,b:1', '--image=x/c', '-r', '3'],
  ['deployment', 'd', '--image=a', '--', 'sleep', '1'],
  ['ingress', 'i', '--rule=foo.com/bar=svc:8080,tls=cert', '--rule=foo.com/*=svc:http', '--class=c', '--annotation=a=b=c'],
  ['ing', 'i', '--rule=a/=s:1,tls', '--rule=b/=s:1,tls=x', '--rule=c/y=s:1,tls=x', '--rule=b/z=s:1', '--default-backend=d:http'],
  ['ingress', 'i', '--rule=/p=s:80', '--rule=/q*=s:80,tls='],
  ['ingress', 'i', '--default-backend=ab:80'],
  ['job', 'j', '--image=a'],
  ['job', 'j', '--image=a', '--', 'date'],
  ['namespace', 'n'],
  ['ns', 'n', '-n', 'other'],
  ['poddisruptionbudget', 'p', '--selector=a=b,c==d', '--min-available=50%'],
  ['pdb', 'p', '--selector=a=b,c in (y,x),d notin (z),e,!f', '--max-unavailable=1'],
  ['priorityclass', 'p'],
  ['pc', 'p', '--value=-5', '--description=some words', '--preemption-policy=Never', '--global-default'],
  ['quota', 'q'],
  ['resourcequota', 'q', '--hard=cpu=1000m,memory=1024Mi,pods=10', '--scopes=BestEffort,NotTerminating'],
  ['secret', 'docker-registry', 's', '--docker-username=u', '--docker-password=p', '--docker-email=e'],
  ['secret', 'docker-registry', 's', '--docker-username=u', '--docker-password=p', '--docker-server=r.example.com'],
  ['secret', 'docker-registry', 's', `--from-file=.dockerconfigjson=${fileNamed('config.json', '{"auths":{}}')}`],
  ['secret', 'generic', 's', '--type=x/y', '--from-literal=a=b', `--from-file=k=${binary}`, '--append-hash'],
  ['secret', 'generic', 's', `--from-env-file=${env}`],
  ['service', 'clusterip', 's', '--tcp=80', '--tcp=5678:8080', '--tcp=90:name'],
  ['service', 'clusterip', 's', '--clusterip=None'],
  ['service', 'clusterip', 's', '--clusterip=None', '--tcp=80'],
  ['service', 'clusterip', 's', '--tcp=80:90:1', '--tcp=0'],
  ['service', 'clusterip', 's', '--clusterip=10.0.0.9', '--tcp=80'],
  ['service', 'externalname', 's', '--external-name=bar.com'],
  ['service', 'externalname', 's', '--external-name=bar.com', '--tcp=80'],
  ['service', 'loadbalancer', 's', '--tcp=80:81'],
  ['service', 'nodeport', 's', '--tcp=80:81', '--node-port=30001'],
  ['serviceaccount', 'a'],
  ['sa', 'a', '-n', 'other'],
];

const refused: readonly (readonly string[])[] = [
  ['configmap'],
  ['configmap', 'c', '--from-literal=a'],
  ['configmap', 'c', '--from-literal==b'],
  ['configmap', 'c', '--from-literal=a=b', '--from-literal=a=c'],
  ['configmap', 'c', '--from-literal=a/b=c'],
  ['secret', 'generic', 'c', '--from-literal=a=b', '--from-literal=a=c'],
  ['secret', 'generic', 'c', '--from-literal=a/b=c'],
  ['secret', 'generic', 'c', '--from-file=a='],
  ['secret', 'generic', 'c', '--from-file==b'],
  ['secret', 'generic', 'c', '--from-file=a=b=c'],
  ['configmap', 'c', `--from-file=k=${folder}`],
  ['configmap', 'c', '--from-env-file=/nowhere'],
  ['configmap', 'c', `--from-env-file=${folder}`],
  ['configmap', 'c', `--from-env-file=${fileNamed('bad', '1A=2\n')}`],
  ['configmap', 'c', '--from-file=/nowhere'],
  ['configmap', 'c', `--from-env-file=${env}`, '--from-literal=a=b'],
  ['clusterrolebinding', 'b'],
  ['rolebinding', 'b'],
  ['rolebinding', 'b', '--role=r', '--clusterrole=c'],
  ['rolebinding', 'b', '--role=r', '--serviceaccount=x'],
  ['cronjob', 'c'],
  ['cronjob', 'c', '--image=b'],
  ['cronjob', 'c', 'd', '--image=b', '--schedule=x'],
  ['deployment', 'd'],
  ['deployment', '--image=a'],
  ['deployment', 'd', '--image=a,b', '--', 'x'],
  ['ingress', 'i'],
  ['ingress', 'i', '--rule=foo'],
  ['ingress', 'i', '--rule=foo/=svc'],
  ['ingress', 'i', '--rule=a.b/=s:80', '--annotation=ab'],
  ['ingress', 'i', '--default-backend=ab'],
  ['job', 'j'],
  ['job', 'j', '--image=a', '--from=cronjob/x'],
  ['job', 'j', '--from=cronjob/x', '--', 'date'],
  ['pdb', 'p'],
  ['pdb', 'p', '--selector=a=b'],
  ['pdb', 'p', '--selector=a=b', '--min-available=1', '--max-unavailable=1'],
  ['pdb', 'p', '--selector=a!=b', '--min-available=1'],
  ['pdb', 'p', '--selector=a=b', '--min-available=x'],
  ['pdb', 'p', '--selector=a=b', '--max-unavailable=5%%'],
  ['pc', 'p', '--value=x'],
  ['quota', 'q', '--hard=cpu'],
  ['quota', 'q', '--hard=cpu=x'],
  ['quota', 'q', 'r'],
  ['secret', 'docker-registry', 's'],
  ['secret', 'tls', 's'],
  ['secret', 'tls', 's', '--cert=/nowhere', '--key=/nowhere'],
  ['secret', 'tls', 's', `--cert=${plain}`, `--key=${plain}`],
  ['secret', 'docker-registry', 's', '--docker-username=u', '--docker-password=p', '--docker-server='],
  ['service', 'clusterip', 's'],
  ['service', 'clusterip', 's', '--tcp=70000'],
  ['service', 'clusterip', 's', '--tcp=80:70000'],
  ['service', 'clusterip', 's', '--tcp=80:bad_name'],
  ['service', 'clusterip', 's', '--tcp=80:'],
  ['service', 'nodeport', 's'],
  ['service', 'nodeport', 's', '--tcp=x'],
  ['service', 'externalname', 's'],
  ['service', 'externalname', 's', '--external-name=a_b!'],
  ['namespace'],
  ['serviceaccount'],
];

for (const words of made)
  test(`create ${words.slice(0, 3).join(' ')} as upstream makes it`, { skip: !upstream }, async () => {
    const dash = words.indexOf('--');
    const argv = ['create', ...words.toSpliced(dash === -1 ? words.length : dash, 0, '--dry-run=client', '-o', 'yaml')];
    assert.deepEqual(await ours(argv), theirs(argv));
  });

for (const words of refused)
  test(`create ${words.join(' ')} is refused as upstream refuses it`, { skip: !upstream }, async () => {
    const dash = words.indexOf('--');
    const argv = ['create', ...words.toSpliced(dash === -1 ? words.length : dash, 0, '--dry-run=client')];
    assert.deepEqual(await ours(argv), theirs(argv));
  });
